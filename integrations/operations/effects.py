"""What the events of one message do to alerts, and how that is written down."""

import logging
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from alerts import operations as alerts
from alerts.logic.event import Event
from integrations.logic import payload, pipeline
from integrations.logic.outcome import STATUS, Reason, most_telling
from integrations.logic.pipeline import Config
from integrations.logic.trace import Decision, Trace
from integrations.models import InboundMessage, Integration, Outcome
from integrations.operations import sentences

logger = logging.getLogger(__name__)

# Not the fault of the message that was being worked on.
DATABASE_AWAY = (OperationalError, InterfaceError)
LONGEST_DETAIL = 1000

_SAVE = """
    UPDATE integrations_inboundmessage SET
        status = %s, reason = %s, detail = %s, alert_id = %s, event_count = %s, processed_at = %s
    WHERE id = %s
"""


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
    """Return what the rules say to a message, whatever it holds."""
    try:
        decoded = payload.decode(
            bytes(message.body),
            content_type=message.content_type,
            method=message.method,
            query_string=message.query_string,
            headers=message.headers,
        )
        return pipeline.evaluate(decoded, config)
    except payload.UnreadableBody as error:
        return Unusable(str(error))
    except Exception as error:
        logger.exception("Message %s could not be evaluated.", message.pk)
        return Unusable(_explain(error))


def event_of(message: InboundMessage, decision: Decision) -> Event | None:
    """Return a decision's event as one of this message; None when it has none."""
    if decision.event is None:
        return None
    return replace(
        decision.event,
        received_at=message.received_at,
        message_id=message.pk,
        is_test=message.is_test,
    )


def apply(
    message: InboundMessage,
    read: Trace | Unusable,
    *,
    sender: Integration,
    manner: Manner,
    leaves: Collection[int] = (),
) -> list[Outcome]:
    """Do what the events of a message do, all or nothing, and return their outcomes, not yet saved.

    leaves: indexes of events that are not to be done. What goes wrong is an outcome too, except that the
    database is away: that is raised.
    """
    if isinstance(read, Unusable):
        return [outcome_of(message, Reason.ERROR, manner, detail=read.why)]
    undoable = transaction.atomic() if read.events else nullcontext()
    try:
        with undoable:
            return [
                _apply(message, read, decision, sender, manner)
                for decision in read.decisions
                if decision.index not in leaves
            ]
    except DATABASE_AWAY:
        raise
    except Exception as error:
        logger.exception("Message %s could not be processed.", message.pk)
        return [outcome_of(message, Reason.ERROR, manner, detail=_explain(error))]


def _apply(
    message: InboundMessage, read: Trace, decision: Decision, sender: Integration, manner: Manner
) -> Outcome:
    event, trace = event_of(message, decision), read.outcome_json(decision)
    if event is None:
        reason = decision.reason or Reason.ERROR
        why = decision.sentence
        return outcome_of(message, reason, manner, index=decision.index, detail=why, trace=trace)
    ingested = alerts.ingest(
        sender, event, now=manner.now, notifies=manner.notifies, is_replay=manner.is_replay
    )
    reason, alert = Reason(ingested.reason), ingested.alert
    outcome = outcome_of(message, reason, manner, index=decision.index, trace=trace)
    outcome.alert = alert
    if alert is not None:
        outcome.detail = sentences.of_event(reason, alert_id=alert.pk, count=alert.event_count)
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


def save_conclusions(messages: Sequence[InboundMessage], *, now: datetime) -> None:
    """Save what `conclude` wrote on messages, in one go; bulk_update would take far longer."""
    at = connection.ops.adapt_datetimefield_value(now)
    rows = [
        (str(row.status), str(row.reason), row.detail, row.alert_id, row.event_count, at, row.pk)
        for row in messages
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_SAVE, rows)


def _explain(error: Exception) -> str:
    text = _("It could not be processed: %(kind)s: %(error)s")
    return (text % {"kind": type(error).__name__, "error": error}).replace("\0", "")[:LONGEST_DETAIL]
