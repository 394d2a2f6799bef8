"""How a line is written on an alert's timeline."""

from datetime import datetime
from typing import Any

from alerts.logic.lifecycle import SYSTEM, Actor
from alerts.models import Alert, AlertEvent


def record(alert: Alert, kind: AlertEvent.Kind, *, now: datetime, **columns: Any) -> AlertEvent:
    """Add one line to an alert's timeline, in the caller's transaction. columns: as of `line`."""
    written = line(alert, kind, now=now, **columns)
    written.save(force_insert=True)
    return written


def line(  # noqa: PLR0913 (a line has this many columns)
    alert: Alert,
    kind: AlertEvent.Kind,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
    text: str = "",
    data: dict[str, Any] | None = None,
    message_id: int | None = None,
) -> AlertEvent:
    """Return one line of an alert's timeline, not yet saved.

    data: foreign keys and figures for pages, as JSON.  message_id: of the delivery that brought it.
    """
    return AlertEvent(
        alert=alert,
        at=now,
        kind=kind,
        actor_id=actor.user_id,
        actor_label=actor.label[:200],
        via=actor.via[:20],
        text=text,
        data=data or {},
        message_id=message_id,
    )
