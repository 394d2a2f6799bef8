"""Deliveries that no rule could read are processed again from the list: with a preview, and with a report."""

import re

import pytest
import requests
from playwright.sync_api import expect

from integrations.models import Integration, MappingRule
from integrations.operations import create_integration
from tests.e2e.conftest import DESK
from tests.e2e.test_alert_at_night import log_in

pytestmark = [pytest.mark.processes, pytest.mark.browser]

SOON = 20_000  # milliseconds; as a rule it is one or two seconds


def add_a_sender():
    """Return the token of a new integration whose rule does not know the shape of what is sent below."""
    sender = Integration.objects.get(name="Bitbucket builds")
    return create_integration("custom", name="Payments", policy=sender.escalation_policy).token


def mend_its_rule():
    rule = MappingRule.objects.get(integration__name="Payments")
    rule.fields |= {"source_name": {"kind": "path", "value": "service"}}
    rule.save()


def test_a_selection_is_foretold_processed_again_and_reported(installation, open_page):
    token = installation.call(add_a_sender)
    for service in ("card-gateway", "bank-gateway"):
        answer = requests.post(
            f"{installation.url}/in/{token}", json={"service": service, "status": "failed"}, timeout=10
        )
        assert answer.status_code == 202
    desk = log_in(open_page(DESK), installation)
    failed = desk.locator("#result_list tbody tr", has_text="Mapping Failed")
    for _look in range(40):
        desk.goto(f"{installation.url}/integrations/inboundmessage/?status=problems")
        if failed.count() == 2:
            break
        desk.wait_for_timeout(500)
    installation.call(mend_its_rule)

    for box in failed.locator(".action-select").all():
        box.check()
    desk.locator("select[name=action]").select_option(label="Process again …")
    desk.get_by_role("button", name=re.compile("^(Run|Go)")).click()
    expect(desk.locator("#ao-forecast")).to_contain_text("2 of 2 would come to something else", timeout=SOON)
    expect(desk.locator("#ao-forecast")).to_contain_text("would open an alert")
    desk.get_by_role("button", name="Process again").click()

    report = desk.locator("#ao-live")
    expect(report).to_contain_text("What came to something else", timeout=SOON)
    expect(report.locator("a[href*='/alerts/alert/']")).to_have_count(2)
    report.locator("a[href*='/alerts/alert/']").first.click()
    expect(desk.locator("#ao-told")).to_contain_text("Nobody yet")
