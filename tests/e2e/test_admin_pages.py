"""Every page of the menu in a real browser: nothing is refused, scrolls sideways, or cannot be heard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.processes, pytest.mark.browser]

FIRST_ROW = "#result_list tbody a[href]:not([href^='?'])"


@pytest.fixture(params=[(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone in the dark"])
def admin(request, installation, open_page):
    """Return a page on which the administrator of the demo is logged in."""
    name, password = re.search(r"Log-in: (\S+) / (\S+)", installation.manage("demo")).groups()
    size, theme = request.param
    page = open_page(size)
    page.emulate_media(color_scheme=theme)
    page.goto(installation.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("body")).to_contain_text("Overview")
    return page


def test_every_page_of_the_menu_is_without_complaint(admin):
    addresses = _hrefs(admin, "#nav-sidebar-apps a[href]")
    assert len(addresses) > 10
    for address in addresses:
        admin.goto(address)
        for place in [address, *_hrefs(admin, FIRST_ROW)[:1], *_hrefs(admin, "a.addlink")]:
            answer = admin.goto(place)
            assert answer.status == 200, place
            assert admin.evaluate("typeof Alpine") == "object", place
            overflow = admin.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{place} scrolls sideways by {overflow} pixels"
            assert _serious(admin) == [], place


@pytest.mark.parametrize("admin", [(PHONE, "light")], ids=["phone"], indirect=True)
def test_the_menu_opens_by_alpine_on_a_phone(admin):
    menu = admin.get_by_role("link", name="Inbound integrations")
    expect(menu).not_to_be_in_viewport()

    admin.get_by_text("dock_to_right").nth(1).click()

    expect(menu).to_be_in_viewport()


def _hrefs(page, selector):
    return page.eval_on_selector_all(selector, "links => links.map(link => link.href)")


def _serious(page):
    """Return what axe finds that would keep somebody from using the page: rule, element and why."""
    page.wait_for_function("document.readyState === 'complete'")
    return [
        (found["id"], node["html"], node["failureSummary"])
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]
