"""How a line is written on an alert's timeline."""

from datetime import datetime
from typing import Any

from alertops.lib.sayings import saying
from alerts.logic.lifecycle import SYSTEM, Actor
from alerts.models import Alert, AlertEvent

# What a step leaves on the timeline
STEP, STEP_OF_ROUND = saying("Step %(number)d"), saying("Step %(number)d, round %(round)d")
RECIPIENTS, LAST_OWNER = saying("Recipients"), saying("Who had it last")
SAYS = {
    STEP: saying("Step %(number)d: %(what)s", within=["what"]),
    STEP_OF_ROUND: saying("Step %(number)d, round %(round)d: %(what)s", within=["what"]),
    RECIPIENTS: saying("Recipients: %(what)s", within=["what"]),
    LAST_OWNER: saying("Who had it last: %(what)s", within=["what"]),
}
TELLING = saying("telling %(people)s.")
NO_NEED = saying("no need to tell %(people)s again.")
NOBODY = saying("nobody can be told.")
NOT_NOW = saying("passed over, because its conditions are not met.")
HELD = saying("held, because by plan nobody is on call now.")
MISSED = saying("%(what)s Not reached: %(people)s.", within=["what", "people"])
USED_UP = saying(
    "Nobody has taken this alert and all steps are used up. Last resort: %(what)s", within=["what"]
)
PASSED_OVER = saying("A step could not be run; the worker's log says why. The next step runs at once.")


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
