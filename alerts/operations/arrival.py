"""One event on its way in, and what follows from it alone."""

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from alerts.logic import delay as delays
from alerts.logic import event as logic
from alerts.logic.delay import Reports
from alerts.logic.event import Event, Severity, shortened
from alerts.logic.lifecycle import Actor
from alerts.models import Alert, EscalationPolicy
from alerts.operations.escalation import Begins
from alerts.operations.opening import Sender

_TEXTS = (
    *("short_text", "source", "source_name", "source_id", "source_status", "source_url", "runbook_url"),
    "assignee",
)

# A text column without a length takes everything.
_LENGTHS = {column.name: column.max_length or sys.maxsize for column in Alert._meta.concrete_fields}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One event with who sends it and how it is to be taken. policy: of what it opens."""

    sender: Sender
    event: Event
    policy: EscalationPolicy | None
    now: datetime
    notifies: bool
    is_replay: bool

    @cached_property
    def digest(self) -> str:
        return logic.key_digest(self.sender.pk, self.event)

    @cached_property
    def told_at(self) -> datetime:
        """The event's own time, by which it is stale or not."""
        return logic.told_at(self.event, self.now)

    @property
    def can_be_stale(self) -> bool:
        """Without a time of its own an event is as new as its arrival, unless it arrived long ago."""
        return self.is_replay or self.event.occurred_at is not None

    @property
    def at(self) -> datetime:
        """When it happened, for the alert's columns: now, unless it is from the past."""
        return self.told_at if self.is_replay else self.now

    def begins(self, alert: Alert) -> Begins:
        """When the policy of an alert that it opens begins, as far as the sender delays that."""
        at = delays.begins_at(self.sender.delay, _reports_of(alert), Severity(alert.severity), self.now)
        return Begins(at, waits=at is None)

    def lets_go(self, alert: Alert) -> bool:
        """Whether it is the report of an alert for which telling has waited."""
        delay = self.sender.delay
        return delay is not None and delay.counts and delays.is_let_go(delay, _reports_of(alert))

    @property
    def actor(self) -> Actor:
        return Actor(self.sender.name, "source")

    @property
    def line(self) -> dict[str, Any]:
        """What every line that the event leaves on a timeline has in common."""
        return {
            "now": self.now,
            "actor": self.actor,
            "text": shortened(logic.headline(self.event), 500),
            "message_id": self.event.message_id,
        }

    @property
    def origin(self) -> dict[str, Any]:
        """Where a new alert comes from, as its columns."""
        return {
            "integration": self.sender,
            "key_digest": self.digest,
            "created_by": self.sender.name,
            "is_test": self.event.is_test,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """The event as the columns of its alert, cut to their lengths."""
        texts = {name: fitting(name, getattr(self.event, name)) for name in _TEXTS}
        return {
            **texts,
            "subject": fitting("subject", logic.headline(self.event)),
            "long_text": self.event.long_text,
            "severity": Severity(self.event.severity).value,
            "tags": self.event.tags,
        }


def _reports_of(alert: Alert) -> Reports:
    return Reports(alert.event_count, alert.recent_reports or ())


def fitting(name: str, text: str) -> str:
    """Return a text cut to the length of a column of the alert."""
    return shortened(text, _LENGTHS[name])
