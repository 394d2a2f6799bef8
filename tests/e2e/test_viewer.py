"""Who may only look sees how things are, on every page, and nothing that could not be done anyway."""

import re

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from alertops import roles
from alerts.models import User
from tests.e2e.conftest import DESK
from tests.e2e.test_failed_build import _post, _told_by_demo

pytestmark = [pytest.mark.processes, pytest.mark.browser]

PASSWORD = "only to look around"


def hire():
    """Make an account with the role of a viewer."""
    viewer = User.objects.create_user("vera", "vera@example.com", PASSWORD, first_name="Vera", is_staff=True)
    viewer.groups.add(Group.objects.get(name=roles.VIEWER))


@pytest.fixture
def vera(installation, open_page):
    installation.call(hire)
    _login, curl = _told_by_demo(installation)
    assert _post(curl[5], curl[4]).status_code == 202
    page = open_page(DESK)
    page.goto(installation.url)
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


def test_a_viewer_sees_alerts_and_deliveries_and_can_change_neither(vera, installation):
    expect(vera.locator("#ao-answer h2")).to_contain_text("1 alert is open", timeout=20_000)
    expect(vera.get_by_role("button", name=re.compile("Acknowledge"))).to_have_count(0)
    menu = vera.locator("#nav-sidebar-apps")
    for entry, count in (("Not closed", 1), ("Deliveries", 1), ("Users", 0), ("Health", 0), ("Policies", 0)):
        expect(menu.get_by_role("link", name=entry)).to_have_count(count)

    vera.locator(".ao-ov-subject").click()
    expect(vera.locator("#ao-head")).to_contain_text("Nobody has taken it yet")
    expect(vera.locator("#main form")).to_have_count(0)
    alert = vera.url

    vera.goto(f"{installation.url}/integrations/inboundmessage/")
    expect(vera.locator("#result_list tbody tr")).to_have_count(1)
    expect(vera.locator("select[name=action]")).to_have_count(0)
    vera.locator("#result_list .ao-what a").click()
    expect(vera.get_by_text("What was sent")).to_be_visible()
    for act in ("Process again", "Open in the workbench"):
        expect(vera.get_by_role("link", name=act)).to_have_count(0)

    for method, path in (
        ("post", alert.replace("/change/", "/do/acknowledge/")),
        ("get", f"{installation.url}/integrations/integration/add/"),
        ("get", f"{installation.url}/alerts/alert/add/"),
        ("get", f"{installation.url}/system/health/"),
    ):
        assert _asks(vera, method, path) == 403, path
    vera.goto(alert)
    expect(vera.locator("#ao-head")).to_contain_text("Nobody has taken it yet")


def _asks(page, method, path):
    """Ask for an address with this person's cookies, as somebody would who knows it."""
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    headers = {"X-CSRFToken": token, "Referer": path, "Accept": "text/html"}
    return getattr(page.request, method)(path, headers=headers, max_redirects=0).status
