"""A build fails; Anna takes it on her phone, and the admin sees it closed by the next build."""

import re
import shlex

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, mails

pytestmark = [pytest.mark.processes, pytest.mark.browser]


def test_from_the_curl_line_to_a_closed_alert(installation, open_page):
    login, curl = _told_by_demo(installation)
    body, url = curl[4], curl[5]
    assert _post(url, body).status_code == 202
    mail = installation.wait_until(lambda: mails(installation), "no mail was written")[0]
    assert (mail["To"], mail["Subject"]) == ("anna@example.com", "[ERROR] acme/website: Build FAILED (#1)")

    phone = open_page(PHONE)
    phone.goto(_link(mail))
    expect(phone.locator("body")).to_contain_text("Anna Berg")
    phone.get_by_role("button", name=re.compile("Acknowledge")).click()
    expect(phone.locator("body")).to_contain_text("You have it")

    desk = open_page(DESK)
    desk.goto(installation.url)
    desk.get_by_label("Username").fill(login[0])
    desk.get_by_label("Password").fill(login[1])
    desk.get_by_role("button", name="Log in").click()
    expect(desk.locator("body")).to_contain_text("somebody has taken each alert")
    desk.goto(f"{installation.url}/alerts/alert/1/change/")
    expect(desk.locator(".ao-alert")).to_contain_text("Anna Berg has it")

    _post(url, body.replace("FAILED", "SUCCESSFUL"))
    expect(desk.locator(".ao-alert")).to_contain_text("losed", timeout=20_000)


def _told_by_demo(installation):
    """Return (name, password) and the words of the curl line, as `manage.py demo` tells them."""
    told = installation.manage("demo")
    name, password = re.search(r"Log-in: (\S+) / (\S+)", told).groups()
    return (name, password), shlex.split(next(line for line in told.splitlines() if line.startswith("curl")))


def _post(url, body):
    return requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=10)


def _link(mail):
    text = mail.get_body(preferencelist=("plain",)).get_content()
    return re.search(r"Acknowledge.*?(http\S+)", text, flags=re.DOTALL).group(1)
