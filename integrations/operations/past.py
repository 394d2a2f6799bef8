"""What a range of past messages says when it is read to its end, with nothing done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Prefetch

from alertops.lib.sayings import saying
from alerts.logic.event import Kind, key_digest, told_at
from integrations.logic.again import PastEvent, overruled
from integrations.logic.outcome import WITH_EFFECT, Reason
from integrations.logic.pipeline import Config
from integrations.logic.trace import Trace
from integrations.models import InboundMessage, Integration, Outcome
from integrations.operations.effects import Manner, Unusable, evaluate, event_of, outcome_of

CHUNK = 25  # messages that are held in memory, or written, at once
_OVERRULED = saying("Overruled: message %(other)d has a later word on this problem")
_KIND_OF = {
    Reason.OPENED: Kind.OPEN,
    Reason.REOPENED: Kind.OPEN,
    Reason.DUPLICATE: Kind.OPEN,
    Reason.UPDATED: Kind.UPDATE,
    Reason.CLOSED: Kind.CLOSE,
}


@dataclass(frozen=True, kw_only=True)
class Past:
    """A range of messages, as the rules see it.

    overruled: events that do not count any more, by (message id, index), and what overrules each.
    keys: of the problems that the range is about.
    """

    sender: Integration
    config: Config
    manner: Manner
    message_ids: Sequence[int]
    overruled: dict[tuple[int, int], int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def chunks(self, *, begin: int = 0) -> Iterator[list[InboundMessage]]:
        """Yield the messages in order, some at a time, with their outcomes."""
        outcomes = Prefetch("outcomes", Outcome.objects.select_related("alert"))
        for start in range(begin, len(self.message_ids), CHUNK):
            ids = self.message_ids[start : start + CHUNK]
            yield list(InboundMessage.objects.filter(pk__in=ids).order_by("pk").prefetch_related(outcomes))

    def overruled_outcomes(self, message: InboundMessage, trace: Trace) -> list[Outcome]:
        """Return the outcomes of those events of a message that do not count any more."""
        return [
            outcome_of(
                message,
                Reason.STALE,
                self.manner,
                index=decision.index,
                detail=_OVERRULED % {"other": self.overruled[message.pk, decision.index]},
                trace=trace.outcome_json(decision),
            )
            for decision in trace.decisions
            if (message.pk, decision.index) in self.overruled
        ]


def read_past(sender: Integration, message_ids: Iterable[int], *, config: Config, manner: Manner) -> Past:
    """Read a range of messages to its end."""
    past = Past(sender=sender, config=config, manner=manner, message_ids=sorted(set(message_ids)))
    events = [
        event
        for messages in past.chunks()
        for message in messages
        for event in _events(past, message, evaluate(message, config))
    ]
    past.overruled.update(overruled(events))
    past.keys.update(event.key for event in events)
    return past


def effects(message: InboundMessage) -> dict[int, Outcome]:
    """Return the outcomes of a message that changed an alert, by event index."""
    return {row.event_index: row for row in message.outcomes.all() if row.reason in WITH_EFFECT}


def _events(past: Past, message: InboundMessage, read: Trace | Unusable) -> Iterator[PastEvent]:
    """Yield what a message says by the rules, and what it did before, whatever the rules say now."""
    said = {} if isinstance(read, Unusable) else {event.index: event for event in _said(past, message, read)}
    before = effects(message)
    yield from (event for index, event in said.items() if index not in before)
    for index, outcome in before.items():
        if Reason(outcome.reason) not in _KIND_OF:
            continue  # services ran: that is about no problem
        event = said.get(index) or PastEvent(
            message_id=message.pk,
            index=index,
            key=(outcome.alert.key_digest if outcome.alert else None) or "",
            kind=Kind.UPDATE,
            told_at=message.received_at,
        )
        yield replace(event, kind=_KIND_OF[Reason(outcome.reason)], had_effect=True)


def _said(past: Past, message: InboundMessage, trace: Trace) -> Iterator[PastEvent]:
    for decision in trace.decisions:
        event = event_of(message, decision, past.manner.now)
        if event is not None:
            yield PastEvent(
                message_id=message.pk,
                index=decision.index,
                key=key_digest(past.sender.pk, event),
                kind=event.kind,
                told_at=told_at(event, past.manner.now),
            )
