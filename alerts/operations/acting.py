"""What every action has in common: how it takes the alert, and what it answers."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.db.models.expressions import Combinable

from alerts.logic.lifecycle import Action, Status, next_status
from alerts.models import Alert

# Back to open, nobody has it: a policy that stops at an owner would never run again otherwise.
NOBODY_HAS_IT: dict[str, Any] = {
    "owner_id": None,
    "acknowledged_at": None,
    "acknowledgement_reminder_at": None,
    "acknowledgement_expires_at": None,
    "snoozed_until": None,
}


class Overtaken(Exception):
    """Somebody else changed the alert between our reading and our writing: look again."""


@dataclass(frozen=True)
class Acted:
    """What an action did, in a sentence for whoever acted."""

    alert: Alert
    changed: bool
    sentence: str


def unchanged(alert: Alert, sentence: str) -> Acted:
    """Answer that an action had nothing to do."""
    return Acted(alert, changed=False, sentence=sentence)


def claim(alert: Alert, action: Action, *, guard: Q | None = None, **columns: Any) -> None:
    """Move an alert to where an action leads, if it still is in the state that was read.

    One conditional UPDATE, and the first write of its action: who comes second has written nothing yet.
    guard: what else must still be so.  columns: what else is written; the instance is brought in step.
    Raises InvalidTransition, Overtaken.
    """
    status = next_status(Status(alert.status), action)
    as_read = Q(pk=alert.pk, status=alert.status, snoozed_until=alert.snoozed_until)
    if not Alert.objects.filter(as_read, guard or Q()).update(status=status, **columns):
        raise Overtaken
    for name, value in columns.items():
        if not isinstance(value, Combinable):
            setattr(alert, name, value)
    alert.status = status


def count_event(alert: Alert) -> dict[str, Any]:
    """Return the column that counts one more event, whoever else counts at the same time."""
    alert.event_count += 1  # for whoever reads this instance; the database counts for itself
    return {"event_count": F("event_count") + 1}
