"""One event on its way in, and what follows from it alone."""

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from alerts.logic import event as logic
from alerts.logic.event import Event, Severity, shortened
from alerts.logic.lifecycle import Actor
from alerts.models import Alert
from alerts.operations.opening import Sender

_TEXTS = (
    *("short_text", "source", "source_name", "source_id", "source_status", "source_url", "runbook_url"),
    "assignee",
)

# A text column without a length takes everything.
_LENGTHS = {column.name: column.max_length or sys.maxsize for column in Alert._meta.concrete_fields}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One event with who sends it and how it is to be taken."""

    sender: Sender
    event: Event
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


def fitting(name: str, text: str) -> str:
    """Return a text cut to the length of a column of the alert."""
    return shortened(text, _LENGTHS[name])
