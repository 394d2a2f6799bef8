"""What people, sources and the clock do to an alert: every action in every state, and each one's effects."""

import pytest

from alerts.logic.event import Severity
from alerts.logic.lifecycle import Action, InvalidTransition
from alerts.models import Alert
from tests.alerts.operations.reports import (
    HOUR,
    LATER,
    act,
    by,
    failed,
    ingest,
    lines,
    mended,
    noted,
)
from tests.factories import NOW, AlertFactory

# Every action in every state: the status after it and the one line it writes. A dash: refused.
# Nothing after the colon: no line, for nothing changed.
TABLE = """
action           open                        acknowledged                     closed
open_event       open:joined                 acknowledged:joined              open:reopened
raise_event      open:raised                 open:raised                      open:reopened
update_event     open:updated                acknowledged:updated             closed:
close_event      closed:closed               closed:closed                    closed:
acknowledge      acknowledged:acknowledged   acknowledged:acknowledged        closed:
unacknowledge    -                           open:unacknowledged              -
assign           open:assigned               acknowledged:assigned            -
assign_oneself   acknowledged:acknowledged   acknowledged:acknowledged        -
add_responder    open:responder_added        acknowledged:responder_added     -
escalate         open:escalated              open:escalated                   -
snooze           open:snoozed                acknowledged:snoozed             -
mute             acknowledged:muted          acknowledged:muted               -
time_out         open:                       open:acknowledgement_timed_out   closed:
wake             open:woken                  open:woken                       closed:
close            closed:closed               closed:closed                    closed:
auto_close       closed:closed               closed:closed                    closed:
reopen           -                           -                                open:reopened
change_severity  open:severity_changed       acknowledged:severity_changed    -
note             open:note                   acknowledged:note                closed:note
merge            closed:merged               closed:merged                    -
"""
EVENTS = {
    "open_event": failed(),
    "raise_event": failed(severity=Severity.CRITICAL),
    "update_event": noted(),
    "close_event": mended(),
}


def _cells():
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    return [
        pytest.param(status, action, expected, id=f"{action}-{status}")
        for action, *cells in rows
        for status, expected in zip(head[1:], cells, strict=True)
    ]


def _details(action, world):
    """What an action of the table is given; Ben acts."""
    return {
        "assign": {"user_id": world.carol.pk},
        "assign_oneself": {"action": "assign", "user_id": world.ben.pk},
        "add_responder": {"user_id": world.carol.pk},
        "snooze": {"until": LATER + HOUR},
        "change_severity": {"severity": Severity.WARNING},
        "note": {"text": "Looking at it."},
        "merge": {"other_id": AlertFactory().pk},
    }.get(action, {})


@pytest.mark.parametrize(("status", "action", "expected"), _cells())
def test_every_action_in_every_state(world, alert_in, status, action, expected):
    is_snoozed = action == "wake" and status != "closed"
    alert = alert_in(status, **({"snoozed_until": LATER} if is_snoozed else {}))
    before = len(lines(alert))
    refusal = None

    if action in EVENTS:
        ingest(world.integration, EVENTS[action], at=LATER)
    else:
        try:
            act(alert, **{"action": action, "by": by(world.ben), "at": LATER, **_details(action, world)})
        except InvalidTransition as error:
            refusal = error

    after, line = (status, "") if expected == "-" else expected.split(":")
    assert (refusal is not None) == (expected == "-")
    assert Alert.objects.get(pk=alert.pk).status == after
    assert lines(alert, before) == ([line] if line else [])


def test_the_table_names_every_action():
    named = {line.split()[0] for line in TABLE.strip().splitlines()[1:]}

    assert named == {action.value for action in Action} | {"assign_oneself"}


def test_a_refusal_changes_nothing_and_says_why(world, alert_in):
    alert = alert_in("closed")
    before = (Alert.objects.values().get(pk=alert.pk), lines(alert))

    with pytest.raises(InvalidTransition, match=r"^This alert is closed; reopen it first\.$"):
        act(alert, "snooze", by=by(world.ben), until=LATER + HOUR, at=LATER)
    assert (Alert.objects.values().get(pk=alert.pk), lines(alert)) == before


def test_an_alert_that_is_not_there_cannot_be_acted_on(world):
    with pytest.raises(Alert.DoesNotExist):
        act(AlertFactory.build(pk=404), "close", by=by(world.ben))


def test_a_line_tells_who_acted_by_way_of_what(world, alert_in):
    alert = alert_in("open")

    act(alert, "note", by=by(world.ben, via="api"), text="Looking at it.", at=LATER)

    line = alert.events.last()
    assert (line.actor, line.actor_label, line.via) == (world.ben, "Ben", "api")
    assert (line.text, line.at) == ("Looking at it.", LATER)


@pytest.mark.parametrize(
    ("action", "details"),
    [("note", {"text": " \n"}), ("change_severity", {})],
    ids=["a note without text", "no severity"],
)
def test_an_action_without_what_it_needs_is_refused(world, alert_in, action, details):
    with pytest.raises(InvalidTransition):
        act(alert_in("open"), action, by=by(world.ben), at=NOW, **details)
