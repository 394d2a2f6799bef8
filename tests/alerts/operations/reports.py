"""What a source says and what people answer, as the tests of operations put it."""

from datetime import timedelta

from alerts import operations
from alerts.logic.event import Event, Kind
from alerts.logic.lifecycle import SYSTEM, Act, Action, Actor
from alerts.models import AlertEvent, Escalation, Notification
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
LATER = NOW + 5 * HOUR

_BUILD = {
    "source": "Bitbucket",
    "source_name": "acme/website",
    "source_id": "build main",
    "source_status": "FAILED",
    "subject": "Build 12 of main failed",
}
# What the engine writes by itself while it tells people.
_BY_THE_ENGINE = (AlertEvent.Kind.STEP, AlertEvent.Kind.NOBODY_REACHED, AlertEvent.Kind.EXHAUSTED)


def failed(**fields):
    return Event(**{**_BUILD, "kind": Kind.OPEN, **fields})


def mended(**fields):
    return Event(**{**_BUILD, "kind": Kind.CLOSE, "source_status": "SUCCESSFUL", "subject": "", **fields})


def noted(**fields):
    return Event(**{**_BUILD, "kind": Kind.UPDATE, "source_status": "STILL FAILING", **fields})


def ingest(integration, event, *, at=NOW, **how):
    return operations.ingest(integration, event, now=at, **how)


def by(user, via="admin"):
    return Actor(str(user), via, user.pk)


def act(alert, action, *, by=SYSTEM, at=NOW, **details):
    return operations.act(alert.pk, Act(action=Action(action), actor=by, **details), now=at)


def lines(alert, after=0):
    """The kinds of an alert's lines that somebody caused, beyond the first so many."""
    caused = alert.events.exclude(kind__in=_BY_THE_ENGINE)
    return list(caused.values_list("kind", flat=True))[after:]


def running(alert):
    """The escalation that is not ended, or None."""
    return Escalation.objects.live().filter(alert=alert).first()


def waiting(alert):
    """What waits to be sent: who is told what."""
    rows = Notification.objects.pending().filter(alert=alert).order_by("id")
    return [(row.user.username, row.kind) for row in rows]
