"""The overview in a real browser: it turns up what happens, and takes nothing away from whoever reads it."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.processes, pytest.mark.browser]


def log_in(page, installation):
    """Show the overview, as the administrator of the demo sees it."""
    name, password = re.search(r"Log-in: (\S+) / (\S+)", installation.manage("demo")).groups()
    page.goto(installation.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#ao-ov")).to_be_visible()
    return page


@pytest.fixture
def overview(installation, open_page):
    return log_in(open_page(DESK), installation)


@pytest.fixture
def complaining(installation, browser):
    """Return the overview on a phone whose console may complain: the network fails on purpose."""
    context = browser.new_context(viewport=PHONE)
    yield log_in(context.new_page(), installation)
    context.close()


def fail_a_build(installation, key):
    curl = installation.manage("demo").splitlines()[-1]
    body, url = re.search(r"-d '(.*)' (\S+)$", curl).groups()
    answer = requests.post(url, body.replace("build-1", key), headers={"Content-Type": "application/json"})
    assert answer.status_code == 202


def test_an_alert_turns_up_and_is_taken_by_keyboard_without_a_reload(overview, installation):
    overview.evaluate("window.wasNeverReloaded = true")

    fail_a_build(installation, "by-keyboard")

    answer = overview.locator("#ao-answer h2")
    expect(answer).to_have_text("1 alert is open and nobody has taken it.", timeout=15_000)
    button = overview.get_by_role("button", name=re.compile("Acknowledge #"))
    button.focus()
    overview.keyboard.press("Enter")
    expect(answer).to_have_text("Nothing is left lying: somebody has taken each alert.")
    link = overview.locator(".ao-ov-subject")
    expect(link).to_be_focused()
    expect(overview.get_by_role("heading", name="Somebody has these")).to_be_visible(timeout=15_000)
    expect(overview.locator(".ao-ov-subject")).to_be_focused()
    assert overview.evaluate("window.wasNeverReloaded")


def test_a_page_that_cannot_refresh_says_so_until_it_can(complaining, installation):
    fail_a_build(installation, "by-phone")
    expect(complaining.locator(".ao-ov-subject").first).to_be_visible(timeout=15_000)
    note = complaining.locator("#ao-stale")
    expect(note).to_be_hidden()

    complaining.route("**/overview/**", lambda route: route.fulfill(status=503))
    expect(note).to_contain_text("could not be refreshed", timeout=15_000)
    complaining.unroute("**/overview/**")
    expect(note).to_be_hidden(timeout=15_000)

    complaining.context.clear_cookies()
    expect(note).to_contain_text("no longer logged in", timeout=15_000)
    expect(complaining.locator(".ao-ov-subject").first).to_be_visible()
