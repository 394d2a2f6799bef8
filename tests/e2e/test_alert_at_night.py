"""Ben opens an alert on his phone at night: one tap takes it, and it closes by itself when it is mended."""

import re
from itertools import count
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, mails
from tests.e2e.test_failed_build import _post, _told_by_demo

NIGHTS = count(1)
pytestmark = [pytest.mark.processes, pytest.mark.browser]


@pytest.fixture
def failing(installation):
    """A build that fails: the address of its source, the body that says so, and its own name."""
    _login, curl = _told_by_demo(installation)
    name = f"Build at night {next(NIGHTS)}"
    body, url = curl[4].replace('"name": "Build"', f'"name": "{name}"').replace("build-1", name), curl[5]
    assert _post(url, body).status_code == 202
    return SimpleNamespace(url=url, body=body, name=name)


@pytest.fixture
def logged_in(installation, open_page):
    """Return a page of a size, logged in as the administrator of the demo."""
    return lambda size: log_in(open_page(size), installation)


def log_in(page, installation):
    (name, password), _curl = _told_by_demo(installation)
    page.goto(installation.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("body")).to_contain_text("Overview")
    return page


def from_the_list(page, installation, failing):
    """Open the page of the alert of a build, from the list."""
    row = page.locator("#result_list tbody tr", has_text=failing.name)
    for _look in range(40):
        page.goto(f"{installation.url}/alerts/alert/?status=not_closed")
        if row.count():
            break
        page.wait_for_timeout(500)
    row.locator(".ao-what a").click()
    page.wait_for_url(re.compile(r"/alerts/alert/\d+/change/"))  # and until its scripts listen
    return page


def test_one_tap_takes_it_and_it_closes_by_itself(installation, failing, logged_in):
    phone = from_the_list(logged_in(PHONE), installation, failing)
    countdown = phone.locator("#ao-head .ao-countdown")
    expect(countdown).to_contain_text(re.compile(r"in \d:\d\d"))
    earlier = countdown.inner_text()
    expect(countdown).not_to_have_text(earlier)  # it counts
    button = phone.get_by_role("button", name="Acknowledge (I’ve got it)")
    expect(button).to_be_in_viewport(ratio=1)
    assert button.bounding_box()["y"] > PHONE["height"] / 2, "not within the thumb's reach"
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    button.click()

    expect(phone.locator("#ao-head")).to_contain_text("You have it; acknowledged")
    expect(phone.locator("#ao-head")).not_to_contain_text("Next: Ben")
    phone.locator("#ao-do-note").focus()
    phone.evaluate("scrollTo(0, 200)")
    _post(failing.url, failing.body.replace("FAILED", "SUCCESSFUL"))
    expect(phone.locator("#ao-head")).to_contain_text("Closed", timeout=20_000)
    expect(phone.locator("#ao-timeline")).to_contain_text("Closed")
    assert phone.evaluate("scrollY") == 200, "the page jumped"
    assert phone.evaluate("document.activeElement.id") == "ao-do-note", "the focus was lost"


def test_a_page_that_cannot_look_again_says_so_until_it_can(installation, failing, browser):
    context = browser.new_context(viewport=DESK)  # of its own: the browser complains of the lost network
    page = from_the_list(log_in(context.new_page(), installation), installation, failing)
    stale = page.locator("#ao-stale")
    expect(stale).to_be_hidden()

    context.set_offline(True)
    page.evaluate("htmx.trigger('#ao-live', 'look')")
    expect(stale).to_contain_text(re.compile(r"Could not look again since .*\d\d:\d\d:\d\d"))
    context.set_offline(False)
    expect(stale).to_be_hidden(timeout=20_000)

    cookies = context.cookies()
    context.clear_cookies()
    page.evaluate("htmx.trigger('#ao-live', 'look')")
    expect(stale).to_contain_text("You have been logged out")
    context.add_cookies(cookies)
    expect(stale).to_be_hidden(timeout=20_000)
    context.close()


def test_a_letter_on_the_keyboard_acts_but_not_while_somebody_writes(installation, failing, logged_in):
    desk = from_the_list(logged_in(DESK), installation, failing)

    desk.keyboard.press("n")
    expect(desk.get_by_label("Text")).to_be_focused()
    desk.keyboard.type("a case for Ben")
    desk.get_by_role("button", name="Write a note").click()
    expect(desk.locator("#ao-timeline")).to_contain_text("a case for Ben")
    desk.keyboard.press("a")

    expect(desk.locator("#ao-head")).to_contain_text("You have it; acknowledged")


def test_who_will_be_told_is_shown_while_the_form_is_filled_in(installation, logged_in):
    desk = logged_in(DESK)
    desk.goto(f"{installation.url}/alerts/alert/add/")
    preview = desk.locator("#ao-preview")

    desk.get_by_label("Escalation policy").select_option(label="Website on call")
    expect(preview).to_contain_text("after 5 minutes")
    expect(preview).to_contain_text("Ben Okafor")
    expect(preview).not_to_contain_text("Anna Berg")
    desk.locator(".select2-selection").click()
    desk.keyboard.type("anna")
    desk.get_by_role("option", name="Anna Berg").click()

    expect(preview).to_contain_text("Anna Berg")


def test_the_list_says_what_has_become_of_a_row_and_leaves_the_reader_in_peace(
    installation, failing, logged_in
):
    desk = logged_in(DESK)
    from_the_list(desk, installation, failing)
    desk.goto(f"{installation.url}/alerts/alert/?status=open")
    row = desk.locator("#result_list tbody tr", has_text=failing.name)
    row.locator(".action-select").check()
    row.get_by_role("button", name="Acknowledge").focus()
    taken = desk.evaluate("document.activeElement.id")
    assert taken.startswith("ao-take-")
    desk.evaluate("htmx.trigger('#ao-poll', 'look')")

    _post(failing.url, failing.body.replace("FAILED", "SUCCESSFUL"))
    assert desk.evaluate("document.activeElement.id") == taken, "the focus was lost"
    with desk.expect_response(re.compile("/news/")):
        desk.evaluate("htmx.trigger('#ao-poll', 'look')")

    expect(row).to_contain_text("closed", timeout=30_000)  # it looks again every ten seconds
    expect(row.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(row.locator(".action-select")).to_be_checked()
    _post(failing.url, failing.body.replace(failing.name, f"{failing.name}, another"))
    expect(desk.locator("#ao-news")).to_contain_text("new alert", timeout=30_000)


def test_what_still_fails_is_muted_in_place_of_closed(installation, failing, logged_in):
    phone = from_the_list(logged_in(PHONE), installation, failing)
    phone.get_by_role("button", name="Acknowledge (I’ve got it)").click()
    expect(phone.locator("#ao-head")).to_contain_text("You have it; acknowledged")
    phone.goto(phone.url.replace("/change/", "/do/close/"))
    phone.get_by_role("link", name="Mute until recovered").click()
    phone.get_by_label("Why").fill("The lab is being moved.")
    phone.get_by_role("button", name="Mute until recovered").click()
    expect(phone.locator("#ao-head")).to_contain_text("muted until Bitbucket says that it is over")

    _post(failing.url, failing.body.replace("FAILED", "SUCCESSFUL"))

    expect(phone.locator("#ao-head")).to_contain_text("Closed", timeout=20_000)


def test_an_alert_opened_by_hand_reaches_whom_the_preview_named(installation, logged_in):
    desk = logged_in(DESK)
    desk.goto(f"{installation.url}/alerts/alert/add/")
    desk.get_by_label("What is wrong").fill("The till does not open")
    desk.get_by_label("Escalation policy").select_option("")
    desk.locator(".select2-selection").click()
    desk.keyboard.type("anna")
    desk.get_by_role("option", name="Anna Berg").click()
    expect(desk.locator("#ao-preview")).to_contain_text("Anna Berg")

    desk.get_by_role("button", name="Open the alert").click()

    expect(desk.locator("#ao-head")).to_contain_text("The till does not open")
    expect(desk.locator("#ao-head")).to_contain_text("Anna Berg was told", timeout=20_000)
    told = [mail for mail in mails(installation) if "The till does not open" in mail["Subject"]]
    assert [mail["To"] for mail in told] == ["anna@example.com"]
