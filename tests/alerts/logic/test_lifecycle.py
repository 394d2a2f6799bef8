"""The whole table of what may happen to an alert, and the rules beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.logic import lifecycle
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Action, InvalidTransition, Status

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)

# Every action in every state: the status it leads to, or a dash where it is refused.
TABLE = """
action           open          acknowledged  closed
open_event       open          acknowledged  open
raise_event      open          open          open
update_event     open          acknowledged  closed
close_event      closed        closed        closed
acknowledge      acknowledged  acknowledged  closed
unacknowledge    -             open          -
assign           open          acknowledged  -
add_responder    open          acknowledged  -
escalate         open          open          -
snooze           open          acknowledged  -
mute             acknowledged  acknowledged  -
time_out         open          open          closed
wake             open          open          closed
close            closed        closed        closed
auto_close       closed        closed        closed
reopen           -             -             open
change_severity  open          acknowledged  -
note             open          acknowledged  closed
merge            closed        closed        -
"""


def _cells():
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    for action, *cells in rows:
        for status, expected in zip(head[1:], cells, strict=True):
            yield pytest.param(status, action, expected, id=f"{action}-{status}")


@pytest.mark.parametrize(("status", "action", "expected"), list(_cells()))
def test_an_action_leads_where_the_table_says(status, action, expected):
    if expected == "-":
        with pytest.raises(InvalidTransition):
            lifecycle.next_status(Status(status), Action(action))
    else:
        assert lifecycle.next_status(Status(status), Action(action)) is Status(expected)


def test_the_table_names_every_state_and_every_action():
    head, *rows = (line.split() for line in TABLE.strip().splitlines())

    assert head[1:] == [status.value for status in Status]
    assert {row[0] for row in rows} == {action.value for action in Action}


@pytest.mark.parametrize(
    ("status", "action", "sentence"),
    [
        (Status.OPEN, Action.UNACKNOWLEDGE, "Nobody has acknowledged this alert."),
        (Status.OPEN, Action.REOPEN, "This alert is open already."),
        (Status.ACKNOWLEDGED, Action.REOPEN, "This alert is not closed."),
        (Status.CLOSED, Action.SNOOZE, "This alert is closed; reopen it first."),
        (Status.CLOSED, Action.UNACKNOWLEDGE, "This alert is closed; reopen it first."),
    ],
    ids=lambda value: str(value) if isinstance(value, Action) else "",
)
def test_a_refusal_says_why_in_a_persons_words(status, action, sentence):
    with pytest.raises(InvalidTransition, match=f"^{sentence}$"):
        lifecycle.next_status(status, action)


def test_severities_are_worse_in_this_order():
    worst_first = [Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO]

    assert [(first, than) for first in Severity for than in Severity if lifecycle.is_worse(first, than)] == [
        (first, than) for place, first in enumerate(worst_first) for than in worst_first[place + 1 :]
    ]


@pytest.mark.parametrize(
    ("severity", "reminder_after", "expires_after"),
    [
        (Severity.CRITICAL, 55 * MINUTE, 60 * MINUTE),
        (Severity.ERROR, 235 * MINUTE, 240 * MINUTE),
        (Severity.WARNING, None, None),
        (Severity.INFO, None, None),
    ],
)
def test_an_acknowledgement_lasts_by_severity(severity, reminder_after, expires_after):
    times = lifecycle.acknowledgement(severity, NOW)

    assert times.reminder_at == (reminder_after and NOW + reminder_after)
    assert times.expires_at == (expires_after and NOW + expires_after)


@pytest.mark.parametrize(
    ("lasts", "reminder_after", "expires_after"),
    [
        (None, None, None),
        (4 * MINUTE, None, 4 * MINUTE),
        (5 * MINUTE, None, 5 * MINUTE),
        (6 * MINUTE, MINUTE, 6 * MINUTE),
    ],
    ids=["for ever", "shorter than the lead", "as long as the lead", "longer than the lead"],
)
def test_a_policy_says_how_long_an_acknowledgement_lasts(lasts, reminder_after, expires_after):
    times = lifecycle.acknowledgement(Severity.CRITICAL, NOW, {Severity.CRITICAL: lasts})

    assert times.reminder_at == (reminder_after and NOW + reminder_after)
    assert times.expires_at == (expires_after and NOW + expires_after)


@pytest.mark.parametrize(
    ("expires_at", "is_running_out"),
    [
        (None, False),
        (NOW + 5 * MINUTE + MOMENT, False),
        (NOW + 5 * MINUTE, True),
        (NOW, True),
    ],
    ids=["never", "not yet", "when the reminder comes", "at its end"],
)
def test_an_acknowledgement_is_running_out_from_its_reminder_on(expires_at, is_running_out):
    assert lifecycle.is_running_out(expires_at, NOW) is is_running_out


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (None, "Choose a time in the future until which it is quiet."),
        (NOW - MINUTE, "Choose a time in the future until which it is quiet."),
        (NOW, "Choose a time in the future until which it is quiet."),
        (NOW + MOMENT, None),
        (NOW + timedelta(hours=24), None),
        (NOW + timedelta(hours=24) + MOMENT, "An alert can be snoozed for 24 hours at most."),
    ],
    ids=["none", "past", "now", "a moment", "24 hours", "longer"],
)
def test_a_snooze_ends_in_the_future_and_within_a_day(until, sentence):
    if sentence:
        with pytest.raises(InvalidTransition, match=f"^{sentence}$"):
            lifecycle.check_snooze(until, NOW)
    else:
        assert lifecycle.check_snooze(until, NOW) == until


@pytest.mark.parametrize(
    ("after", "window", "is_reopening"),
    [
        (timedelta(0), 5 * MINUTE, True),
        (5 * MINUTE - MOMENT, 5 * MINUTE, True),
        (5 * MINUTE, 5 * MINUTE, False),
        (timedelta(0), timedelta(0), False),
        (-MOMENT, 5 * MINUTE, True),
    ],
    ids=["at once", "just within", "at the end", "never", "a clock that is a little behind"],
)
def test_the_reopen_window_is_half_open(after, window, is_reopening):
    assert lifecycle.is_reopening(NOW, NOW + after, window) is is_reopening
