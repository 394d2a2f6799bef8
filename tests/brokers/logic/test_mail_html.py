"""How a push reads in an HTML mail."""

from brokers.logic.mail_html import html_of
from tests.brokers.pushes import told


def test_a_commit_is_a_linked_heading_with_its_facts_below():
    html = html_of(told("github/one_commit"))

    assert "1 new commit in website</h2>" in html
    assert ">Mend the contact form, fixes #12</a></h3>" in html
    assert "ben on main · 2026-05-04 08:40:00 UTC · e3ba1124f19c · 1 file<" in html
    assert "forms/contact.py" in html


def test_a_message_of_one_line_is_not_said_twice():
    assert html_of(told("github/one_commit")).count("Mend the contact form") == 1


def test_a_longer_message_is_shown_whole():
    assert "Let visitors search\n\nThe index is built at night.</pre>" in html_of(told("github/push"))


def test_files_are_left_out_where_the_host_does_not_tell_them():
    assert "file" not in html_of(told("bitbucket/one_commit")).partition("<hr>")[0]


def test_a_diff_is_coloured_and_its_heading_linked():
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-<old>\n+new"

    html = html_of(told("github/one_commit"), [("Diff of 1: https://example.com/?a=1&b=2", diff)])

    assert "<a href='https://example.com/?a=1&amp;b=2'" in html
    assert "<b>--- a/x</b>" in html
    assert "<span style='color:#991b1b'>-&lt;old&gt;</span>" in html
    assert "<span style='color:#166534'>+new</span>" in html


def test_an_address_that_is_no_web_page_is_no_link():
    payload = told("github/one_commit")
    payload["repository"]["url"] = payload["commits"][0]["url"] = "javascript:alert(1)"

    assert "<a " not in html_of(payload)
