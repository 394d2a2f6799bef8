"""Under which conditions a step is run: each alone, all together, and what is empty never matters."""

from datetime import UTC, datetime

import pytest

from alerts.logic.condition import ALWAYS, Condition
from alerts.logic.event import Severity
from alerts.logic.hours import hours_of

MONDAY_NOON, MONDAY_NIGHT = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 22, tzinfo=UTC)
OFFICE = hours_of("UTC", ["09:00-17:00"] * 5 + ["", ""])
CRITICAL = (Severity.CRITICAL,)
TAGGED = {"environment": "Production"}


@pytest.mark.parametrize(
    ("condition", "severity", "tags", "at", "expected"),
    [
        (ALWAYS, Severity.INFO, {}, MONDAY_NIGHT, True),
        (Condition(severities=CRITICAL), Severity.CRITICAL, {}, MONDAY_NOON, True),
        (Condition(severities=CRITICAL), Severity.ERROR, {}, MONDAY_NOON, False),
        (Condition(tag="environment"), Severity.INFO, TAGGED, MONDAY_NOON, True),
        (Condition(tag="environment"), Severity.INFO, {}, MONDAY_NOON, False),
        (Condition(tag="environment", tag_values=("production",)), Severity.INFO, TAGGED, MONDAY_NOON, True),
        (Condition(tag="environment", tag_values=("test", "qa")), Severity.INFO, TAGGED, MONDAY_NOON, False),
        (Condition(tag="load", tag_values=("5",)), Severity.INFO, {"load": 5}, MONDAY_NOON, True),
        (Condition(hours=OFFICE), Severity.INFO, {}, MONDAY_NOON, True),
        (Condition(hours=OFFICE), Severity.INFO, {}, MONDAY_NIGHT, False),
        (Condition(hours=OFFICE, is_outside=True), Severity.INFO, {}, MONDAY_NOON, False),
        (Condition(hours=OFFICE, is_outside=True), Severity.INFO, {}, MONDAY_NIGHT, True),
        (Condition(CRITICAL, "environment", (), OFFICE), Severity.CRITICAL, TAGGED, MONDAY_NOON, True),
        (Condition(CRITICAL, "environment", (), OFFICE), Severity.CRITICAL, TAGGED, MONDAY_NIGHT, False),
        (Condition(CRITICAL, "environment", (), OFFICE), Severity.CRITICAL, {}, MONDAY_NOON, False),
        (Condition(CRITICAL, "environment", (), OFFICE), Severity.ERROR, TAGGED, MONDAY_NOON, False),
    ],
)
def test_all_that_is_said_must_be_so(condition, severity, tags, at, expected):
    assert condition.holds(severity, tags, at) is expected


@pytest.mark.parametrize(
    "condition", [ALWAYS, Condition(CRITICAL, "environment", ("a", "b"), OFFICE, is_outside=True)]
)
def test_a_condition_is_frozen_and_read_again(condition):
    assert Condition.from_json(condition.as_json()) == condition
