"""The first hour of a newcomer, from an empty installation to the closed alert and the first colleague."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, mails
from tests.processes import Server

pytestmark = [pytest.mark.processes, pytest.mark.browser]

SOON = 20_000  # milliseconds: what happens by itself within a second or two, on a busy machine too
PASSWORD = "correct horse battery"
BUILD = {
    "repository": {"full_name": "acme/website"},
    "commit_status": {"key": "tests", "refname": "main", "name": "Unit tests", "state": "SUCCESSFUL"},
}
STRANGE = {"event": {"service": "card-gateway", "type": "payment.failed"}}


@pytest.fixture
def server():
    """An installation in which nobody has done anything but make an account."""
    with Server(web_workers=0, DJANGO_SUPERUSER_PASSWORD=PASSWORD) as server:
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        server.manage("createsuperuser", "--noinput", "--username", "sam", "--email", "sam@example.com")
        server.web_workers = 1
        server.start_web()
        server.start_command("runworker")
        yield server


@pytest.fixture
def desk(server, open_page):
    page = open_page(DESK)
    page.goto(server.url)
    page.get_by_label("Username").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


def test_from_the_first_log_in_to_the_closed_alert_and_the_first_colleague(server, desk, open_page):
    expect(desk.locator("#main")).to_contain_text("Three steps to the first alert")
    expect(desk.locator("#main")).to_contain_text(f"{server.folder}/mail")

    url = _add_bitbucket(desk, server)
    _post(url, BUILD)  # a green build: nothing to be told, and it says so
    expect(desk.locator("#ao-arrival")).to_contain_text("Nothing to close", timeout=SOON)

    _post(url, _build("FAILED"))
    alert = _see_it_on_the_overview(desk, server)
    mail = server.wait_until(lambda: mails(server), "no mail was written")[0]
    assert mail["To"] == "sam@example.com"
    desk.goto(alert)
    expect(desk.locator("#ao-head")).to_contain_text("sam was told", timeout=SOON)

    _take_it(open_page(PHONE), mail)
    expect(desk.locator("#ao-head")).to_contain_text("You have it", timeout=SOON)
    _post(url, BUILD)
    expect(desk.locator("#ao-head")).to_contain_text("Closed", timeout=SOON)
    expect(desk.locator("#ao-timeline")).to_contain_text("the delivery")

    _mend_a_mapping(desk, server)
    _invite_ben(desk, server)


def _add_bitbucket(desk, server):
    """Go the way of the first step that is offered; return the secret URL."""
    desk.goto(server.url)
    desk.get_by_role("link", name="Add API integration").click()
    desk.get_by_role("link", name=re.compile("^Bitbucket")).click()
    form = desk.locator("#main form")
    assert form.locator("input:not([type=hidden]):not([type=search]), select").count() <= 4
    expect(desk.get_by_label("Escalation policy")).to_have_value("new")
    expect(form.get_by_role("listitem", name="sam")).to_be_visible()
    desk.get_by_role("button", name="Save and get the URL").click()

    expect(desk.locator("#ao-arrival")).to_contain_text("Waiting for the first delivery")
    expect(desk.locator("#main")).to_contain_text("is this machine and nothing else")
    return _shown_url(desk)


def _shown_url(desk):
    desk.get_by_role("button", name="Show").click()
    expect(desk.locator("#ao-url")).not_to_contain_text("•")
    return desk.locator("#ao-url").text_content()


def _see_it_on_the_overview(desk, server):
    """Return the address of the alert that nobody has taken."""
    desk.goto(server.url)
    expect(desk.locator("#ao-answer h2")).to_have_text(
        "1 alert is open and nobody has taken it.", timeout=SOON
    )
    return server.url + desk.locator(".ao-ov-subject").get_attribute("href")


def _take_it(phone, mail):
    text = mail.get_body(preferencelist=("plain",)).get_content()
    phone.goto(re.search(r"Acknowledge.*?(http\S+)", text, flags=re.DOTALL).group(1))
    phone.get_by_role("button", name=re.compile("Acknowledge")).click()
    expect(phone.locator("body")).to_contain_text("You have it")
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def _mend_a_mapping(desk, server):
    """A sender words it in its own way: its row in the log is where that is mended, value by value."""
    desk.goto(f"{server.url}/integrations/integration/add/?preset=custom")
    desk.get_by_label("Name").fill("Payments")
    desk.get_by_role("button", name="Save and get the URL").click()
    _post(_shown_url(desk), STRANGE)
    expect(desk.locator("#ao-arrival")).to_contain_text("See why, and mend it", timeout=SOON)
    desk.get_by_role("link", name="See why, and mend it").click()
    row = desk.url

    desk.get_by_role("link", name="Open in the workbench").click()
    _use(desk, "service", "Source Name")
    _use(desk, "type", "Source Status", "opens")
    expect(desk.locator(".ao-wb-bar")).to_contain_text("opens an alert")
    desk.get_by_role("button", name="Save all rules").click()
    expect(desk.get_by_text("From now on deliveries are read by these rules")).to_be_visible()

    desk.goto(row)
    desk.get_by_role("link", name="Process again").click()
    expect(desk.locator("#ao-forecast")).to_contain_text("would open an alert", timeout=SOON)
    desk.get_by_role("button", name="Process again").click()
    expect(desk.locator("#ao-live")).to_contain_text("What came to something else", timeout=SOON)
    desk.locator("#ao-live a[href*='/alerts/alert/']").first.click()
    expect(desk.locator("#ao-head")).to_contain_text("card-gateway")


def _use(desk, key, *purposes):
    """Choose a value of the delivery, and what it is to be used for."""
    tree_row = desk.get_by_role("treeitem").filter(
        has=desk.locator(".ao-wb-keyname", has_text=re.compile(f"^{key}$"))
    )
    for purpose in purposes:
        tree_row.locator(".ao-wb-value").click()
        offer = desk.get_by_role("group", name="Use this")
        offer.get_by_role("button", name=purpose, exact=True).click()


def _invite_ben(desk, server):
    desk.goto(f"{server.url}/alerts/user/add/")
    desk.get_by_label("First name").fill("Ben")
    desk.get_by_label("E-mail address").fill("ben@example.com")
    desk.get_by_role("button", name="Invite").click()
    # No mail server yet: the link is handed over, and the page says so.
    expect(desk.locator("#main")).to_contain_text("By this link Ben chooses a password")
    expect(desk.locator("#main code")).to_contain_text("/welcome/")


def _post(url, body):
    assert requests.post(url, json=body, timeout=10).status_code == 202


def _build(state):
    return {**BUILD, "commit_status": {**BUILD["commit_status"], "state": state}}
