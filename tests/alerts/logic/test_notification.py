"""What is still wanted, in every state an alert can be in, and how often it is tried."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from alerts import models
from alerts.logic.escalation import Stop
from alerts.logic.lifecycle import Status
from alerts.logic.notification import MOST_STARTS, Kind, is_wanted, retry_at

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# (status, has owner, is snoozed) in which a waiting notification is still sent.
OPEN = {(Status.OPEN, False, False)}
OWNED = {(Status.OPEN, True, False)}
TAKEN = {(Status.ACKNOWLEDGED, owner, False) for owner in (False, True)}
CLOSED = {(Status.CLOSED, owner, False) for owner in (False, True)}


def snoozed_too(states):
    return states | {(status, owner, True) for status, owner, _snoozed in states}


WANTED = {
    (Kind.PAGE, Stop.ACKNOWLEDGED): OPEN | OWNED,
    (Kind.PAGE, Stop.ASSIGNED): OPEN,
    (Kind.PAGE, Stop.CLOSED): OPEN | OWNED | TAKEN,
    (Kind.LAST_RESORT, Stop.ACKNOWLEDGED): OPEN | OWNED,
    (Kind.RAISED, Stop.ACKNOWLEDGED): OPEN | OWNED,
    (Kind.ASSIGNED, Stop.CLOSED): snoozed_too(OPEN | OWNED | TAKEN),
    (Kind.RESPONDER, Stop.CLOSED): snoozed_too(OPEN | OWNED | TAKEN),
    (Kind.REMINDER, Stop.CLOSED): TAKEN,
    (Kind.CLOSED, None): snoozed_too(CLOSED),
}


@pytest.mark.parametrize(
    ("what", "states"), WANTED.items(), ids=[f"{kind} until {stop}" for kind, stop in WANTED]
)
def test_a_notification_is_wanted_in_these_states_and_no_others(what, states):
    kind, stop = what
    wanted = {
        (status, owner, snoozed)
        for status, owner, snoozed in itertools.product(Status, (False, True), (False, True))
        if is_wanted(kind, stop, status=status, has_owner=owner, is_snoozed=snoozed)
    }

    assert wanted == states


def test_the_log_knows_exactly_the_kinds_that_the_rules_know():
    assert set(models.Notification.Kind.values) == set(Kind)


def test_what_fails_for_a_time_is_tried_eight_times_in_39_minutes():
    at, waits = NOW, []
    for start_count in range(1, MOST_STARTS):
        again = retry_at(start_count, at)
        waits.append((again - at).total_seconds())
        at = again

    assert waits == [15, 30, 60, 120, 300, 600, 1200]
    assert retry_at(MOST_STARTS, at) is None
    assert at - NOW < timedelta(minutes=39)
