"""What the events of messages do to alerts, and how that is written down."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from alertops.lib.rows import update_rows
from alertops.lib.sayings import saying
from alerts import operations as alerts
from alerts.logic.event import Event
from integrations.logic import payload, pipeline, routing
from integrations.logic.outcome import STATUS, Reason, most_telling
from integrations.logic.pipeline import Config
from integrations.logic.trace import Decision, Trace
from integrations.models import InboundMessage, Integration, Outcome
from integrations.operations import pushes, sentences
from integrations.operations.pushes import Pushed

logger = logging.getLogger(__name__)

# Not the fault of the message that was being worked on.
DATABASE_AWAY = (OperationalError, InterfaceError)
LONGEST_DETAIL = 1000
_FAILED = saying("It could not be processed: %(kind)s: %(error)s")

_CONCLUSION = ("status", "reason", "detail", "alert", "event_count", "processed_at")


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How events are taken in. notifies: whether people are told.  is_replay: they are from the past."""

    now: datetime
    notifies: bool = True
    is_replay: bool = False


@dataclass(frozen=True)
class Unusable:
    """Why nothing can be read from a message, in a sentence."""

    why: str


def evaluate(message: InboundMessage, config: Config) -> Trace | Unusable:
    """Return what the rules say to a message, whatever it holds; a push is known by its shape before."""
    try:
        decoded = payload.decode(
            bytes(message.body),
            content_type=message.content_type,
            method=message.method,
            query_string=message.query_string,
            headers=message.headers,
        )
        return pushes.read(decoded) or pipeline.evaluate(decoded, config)
    except (payload.UnreadableBody, pushes.PushUnreadable) as error:
        return Unusable(str(error))
    except Exception as error:
        logger.exception("Message %s could not be evaluated.", message.pk)
        return Unusable(_explain(error))


def event_of(message: InboundMessage, decision: Decision, now: datetime) -> Event | None:
    """Return a decision's event as one of this message, with its routes as they are now; None without one."""
    if decision.event is None:
        return None
    return replace(
        routing.follow(decision.event, decision.routes, now),
        received_at=message.received_at,
        message_id=message.pk,
        is_test=message.is_test,
    )


@dataclass(frozen=True)
class Work:
    """A message and what the rules say to it. leaves: indexes of events that are not to be done."""

    message: InboundMessage
    read: Trace | Unusable
    leaves: Collection[int] = ()

    @property
    def decisions(self) -> list[Decision]:
        if isinstance(self.read, Unusable):
            return []
        return [decision for decision in self.read.decisions if decision.index not in self.leaves]

    @property
    def push(self) -> Pushed | None:
        """The push that it is and that is to be done."""
        return self.read if isinstance(self.read, Pushed) and self.decisions else None

    def events(self, now: datetime) -> list[Event]:
        found = (event_of(self.message, each, now) for each in self.decisions)
        return [event for event in found if event is not None]


def apply(works: Sequence[Work], *, sender: Integration, manner: Manner) -> list[list[Outcome]]:
    """Do what the events of messages do, in order, and return their outcomes, not yet saved.

    All together; if that fails, each half for itself, until what is to blame stands alone: of a message
    all is done or nothing. What goes wrong is an outcome too, except that the database is away: that is
    raised.
    """
    try:
        return _apply(works, sender, manner)
    except DATABASE_AWAY:
        raise
    except Exception as error:
        if len(works) == 1:
            logger.exception("Message %s could not be processed.", works[0].message.pk)
            return [[outcome_of(works[0].message, Reason.ERROR, manner, detail=_explain(error))]]
    half = len(works) // 2
    return [
        *apply(works[:half], sender=sender, manner=manner),
        *apply(works[half:], sender=sender, manner=manner),
    ]


def _apply(works: Sequence[Work], sender: Integration, manner: Manner) -> list[list[Outcome]]:
    pushed = [(work.message, work.push) for work in works if work.push is not None]
    if not pushed:
        return _ingest(works, sender, manner)
    with transaction.atomic():  # of what comes together all is done, or nothing
        # Who processes the past again has to ask for what others will notice.
        ran = iter(pushes.run_services(sender, pushed, now=manner.now, runs=manner.notifies))
        done = [work if work.push is None else replace(work, read=next(ran)) for work in works]
        return _ingest(done, sender, manner)


def _ingest(works: Sequence[Work], sender: Integration, manner: Manner) -> list[list[Outcome]]:
    events = [event for work in works for event in work.events(manner.now)]
    ingested = alerts.ingest_all(
        sender, events, now=manner.now, notifies=manner.notifies, is_replay=manner.is_replay
    )
    answers = iter(ingested)
    return [_outcomes(work, answers, manner) for work in works]


def _outcomes(work: Work, answers: Iterator[alerts.Ingested], manner: Manner) -> list[Outcome]:
    if isinstance(work.read, Unusable):
        return [outcome_of(work.message, Reason.ERROR, manner, detail=work.read.why)]
    return [_outcome(work.message, work.read, decision, answers, manner) for decision in work.decisions]


def _outcome(
    message: InboundMessage,
    read: Trace,
    decision: Decision,
    answers: Iterator[alerts.Ingested],
    manner: Manner,
) -> Outcome:
    index, trace = decision.index, read.outcome_json(decision)
    if decision.event is None:
        reason = decision.reason or Reason.ERROR
        return outcome_of(message, reason, manner, index=index, detail=decision.sentence, trace=trace)
    ingested = next(answers)
    reason, alert = Reason(ingested.reason), ingested.alert
    detail = sentences.of_event(reason, alert_id=alert.pk, count=ingested.count) if alert else ""
    outcome = outcome_of(message, reason, manner, index=index, detail=detail, trace=trace)
    outcome.alert = alert
    return outcome


def outcome_of(
    message: InboundMessage,
    reason: Reason,
    manner: Manner,
    *,
    index: int = 0,
    detail: str = "",
    trace: dict[str, Any] | None = None,
) -> Outcome:
    """Return an outcome without effect, not yet saved."""
    return Outcome(
        message=message,
        event_index=index,
        status=STATUS[reason],
        reason=reason,
        detail=detail or sentences.of_event(reason),
        trace=trace or {},
        at=manner.now,
        is_replay=manner.is_replay,
    )


def conclude(message: InboundMessage, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write on a message, not yet saved, what its events came to."""
    reason = most_telling(Reason(outcome.reason) for outcome in outcomes)
    telling = next(outcome for outcome in outcomes if outcome.reason == reason)
    message.status, message.reason = STATUS[reason], reason
    message.detail = sentences.of_events(telling.detail, len(outcomes))
    message.alert_id = next((row.alert_id for row in (telling, *outcomes) if row.alert_id), None)
    message.event_count = sum(1 for outcome in outcomes if outcome.trace.get("action"))
    message.processed_at = now


def save_conclusions(messages: Sequence[InboundMessage]) -> None:
    """Save what `conclude` wrote on messages, in one go."""
    update_rows(messages, _CONCLUSION)


def _explain(error: Exception) -> str:
    return (_FAILED % {"kind": type(error).__name__, "error": error}).replace("\0", "")[:LONGEST_DETAIL]
