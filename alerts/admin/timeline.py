"""How an alert's timeline is told: newest first, each line with its mark, and what repeats itself once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from alertops.lib.display import Tone
from alertops.lib.wording import worded
from alerts.logic.lifecycle import SYSTEM
from alerts.models import Alert, AlertEvent

MOST_LINES = 200
Kind = AlertEvent.Kind

MARKS: dict[str, tuple[Tone, str]] = {
    Kind.OPENED: (Tone.RED, "notifications_active"),
    Kind.REOPENED: (Tone.RED, "restart_alt"),
    Kind.JOINED: (Tone.GREY, "add"),
    Kind.UPDATED: (Tone.GREY, "sync"),
    Kind.RAISED: (Tone.RED, "trending_up"),
    Kind.SEVERITY_CHANGED: (Tone.GREY, "swap_vert"),
    Kind.ACKNOWLEDGED: (Tone.IRIS, "person_check"),
    Kind.UNACKNOWLEDGED: (Tone.AMBER, "undo"),
    Kind.ACKNOWLEDGEMENT_TIMED_OUT: (Tone.AMBER, "timer_off"),
    Kind.ASSIGNED: (Tone.IRIS, "assignment_ind"),
    Kind.RESPONDER_ADDED: (Tone.IRIS, "group_add"),
    Kind.ESCALATED: (Tone.BLUE, "stairs"),
    Kind.SNOOZED: (Tone.GREY, "snooze"),
    Kind.MUTED: (Tone.GREY, "notifications_off"),
    Kind.WOKEN: (Tone.GREY, "alarm_on"),
    Kind.STEP: (Tone.BLUE, "campaign"),
    Kind.NOBODY_REACHED: (Tone.RED, "person_off"),
    Kind.EXHAUSTED: (Tone.RED, "crisis_alert"),
    Kind.TOLD: (Tone.GREEN, "done"),
    Kind.NOT_TOLD: (Tone.RED, "unsubscribe"),
    Kind.NOTE: (Tone.AMBER, "edit_note"),
    Kind.MERGED: (Tone.GREY, "merge"),
    Kind.CLOSED: (Tone.GREEN, "task_alt"),
    Kind.SLA_MISSED: (Tone.RED, "hourglass_disabled"),
}
# What a person can answer with when told; a second kind says the same of the same thing.
REPLIES = {
    Kind.ACKNOWLEDGED,
    Kind.UNACKNOWLEDGED,
    Kind.ASSIGNED,
    Kind.ESCALATED,
    Kind.SNOOZED,
    Kind.MUTED,
    Kind.NOTE,
    Kind.CLOSED,
}
VIA = {"mail": _("from a mail"), "api": _("through the API"), "admin": _("here")}


@dataclass(frozen=True)
class Line:
    """One line as it is shown.

    who: empty for what happens by itself.  count: how often the same came in a row.  since: the first of
    them.
    """

    event: AlertEvent
    tone: Tone
    icon: str
    who: str
    via: Any
    count: int = 1
    since: datetime | None = None

    @property
    def words(self) -> str:
        """Return its text in the reader's language; what a person or a source has written, as it is."""
        is_theirs = self.event.kind == Kind.NOTE or self.event.via == "source"
        return self.event.text if is_theirs else worded(self.event.text)


@dataclass(frozen=True)
class Reply:
    """What a person did to an alert."""

    at: datetime
    words: Any
    via: Any


def newest(alert: Alert) -> list[AlertEvent]:
    """Return the newest lines of a timeline, one more than are shown."""
    return list(alert.events.order_by("-id")[: MOST_LINES + 1])


def told(events: Iterable[AlertEvent]) -> list[Line]:
    """Return lines, with deliveries that joined one after the other as one of them."""
    lines: list[Line] = []
    for event in events:
        last = lines[-1] if lines else None
        tone, icon = MARKS[event.kind]
        who = "" if event.via == SYSTEM.via else event.actor_label
        via = VIA.get(event.via, "") if event.via != "admin" else ""
        if last and event.kind == Kind.JOINED == last.event.kind and event.text == last.event.text:
            lines[-1] = Line(last.event, tone, icon, who, via, last.count + 1, event.at)
        else:
            lines.append(Line(event, tone, icon, who, via))
    return lines


def replies(events: Iterable[AlertEvent]) -> dict[int | None, list[Reply]]:
    """Return by person what they did, the first first."""
    done: dict[int | None, list[Reply]] = defaultdict(list)
    for event in events:
        if event.actor_id and event.kind in REPLIES:
            done[event.actor_id].insert(0, Reply(event.at, event.get_kind_display(), VIA.get(event.via, "")))
    return done
