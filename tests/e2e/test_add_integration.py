"""From the gallery to the first delivery, which turns up on the page by itself."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE

pytestmark = [pytest.mark.processes, pytest.mark.browser]

SOON = 5_000  # milliseconds; as a rule it is one second
OPENS = {"status": "open", "name": "Nightly backup", "subject": "The backup failed"}


@pytest.fixture
def admin(request, installation, open_page):
    """Return a page on which the administrator of the demo is logged in."""
    name, password = re.search(r"Log-in: (\S+) / (\S+)", installation.manage("demo")).groups()
    page = open_page(request.param)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(installation.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("body")).to_contain_text("Overview")
    return page


@pytest.mark.parametrize("admin", [DESK], ids=["desk"], indirect=True)
def test_from_the_gallery_to_the_first_delivery(admin, installation):
    admin.goto(f"{installation.url}/integrations/integration/add/")
    search = admin.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.press_sequentially("kube")
    expect(admin.locator(".ao-groups .ao-pick:visible")).to_have_count(1)
    search.fill("no such thing")
    expect(admin.locator(".ao-groups .ao-pick:visible")).to_have_count(0)
    expect(admin.locator("[data-nothing]")).to_be_visible()
    search.press("Enter")  # Custom is what is left

    expect(admin.get_by_label("Name")).to_have_value("Custom")
    admin.get_by_label("Name").fill("Backups")
    admin.get_by_role("button", name="Save and get the URL").click()
    expect(admin.locator("#ao-arrival")).to_contain_text("Waiting for the first delivery")
    expect(admin.locator("#ao-url")).to_contain_text("/in/••••")
    assert _looks(admin) > 0

    admin.get_by_role("button", name="Copy the URL").click()
    expect(admin.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    url = admin.evaluate("navigator.clipboard.readText()")
    expect(admin.locator("#ao-url")).to_contain_text("/in/••••")
    admin.locator("#ao-try .ao-line button").first.click()
    expect(admin.locator("#ao-try .ao-line button").first).to_contain_text("Copied")
    assert url in admin.evaluate("navigator.clipboard.readText()")

    admin.get_by_role("button", name="Show").click()
    expect(admin.locator("#ao-url")).to_have_text(url)
    expect(admin.locator("#ao-steps")).to_contain_text(url)
    expect(admin.locator("#ao-reveal")).to_be_focused()

    assert requests.post(url, json=OPENS, timeout=10).status_code == 202
    expect(admin.locator("#ao-arrival")).to_contain_text(re.compile(r"Opened #\d+"), timeout=SOON)
    assert _looks(admin) == 0
    admin.get_by_role("link", name=re.compile("Open alert #")).click()
    expect(admin.locator(".ao-subject")).to_have_text("The backup failed")


@pytest.mark.parametrize("admin", [PHONE], ids=["phone"], indirect=True)
def test_what_is_refused_or_goes_astray_is_told_while_the_page_waits_on(admin, installation):
    admin.goto(f"{installation.url}/integrations/integration/1/change/")
    admin.locator("#id_signing_secret").evaluate("field => (field.value = 'a shared secret')")
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.locator("body")).to_contain_text("is saved")
    admin.goto(f"{installation.url}/integrations/integration/1/setup/")
    waiting = admin.locator("#ao-arrival")
    expect(waiting).to_contain_text("Waiting for")
    admin.get_by_role("button", name="Show").click()
    expect(admin.locator("#ao-url")).not_to_contain_text("•")
    url = admin.locator("#ao-url").text_content()

    assert requests.post(url[:-3], json={}, timeout=10).status_code == 404
    expect(waiting).to_contain_text("begins like this one, and ends otherwise", timeout=SOON)
    assert requests.post(url, json={}, timeout=10).status_code == 403
    expect(waiting).to_contain_text("X-Hub-Signature-256", timeout=SOON)
    expect(waiting).to_contain_text("Still waiting")

    admin.get_by_role("button", name="Send the sample").click()
    expect(waiting).to_contain_text(re.compile(r"Opened #\d+"), timeout=SOON)
    expect(admin.locator("#ao-sent")).to_contain_text("Sent.")
    assert admin.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def _looks(page):
    """Count how often the page asks within two and a half seconds."""
    asked = []
    page.on("request", lambda request: asked.append(1) if "/arrival/" in request.url else None)
    page.wait_for_timeout(2500)
    return len(asked)
