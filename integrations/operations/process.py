"""What happens to the deliveries that wait: in order, one batch at a time, under a turn.

A batch is two transactions. The first takes the turn and counts the start of each message; the second
ends the turn and holds all that the messages did. Whoever dies between or within them has done nothing,
and the count is how a message that kills its worker is found out: after a start that did not end it is
tried alone, after MOST_STARTS_ALONE it is set aside and the rest go on.
"""

import itertools
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from integrations.logic.outcome import WITH_EFFECT, Reason, Status
from integrations.logic.pipeline import Config
from integrations.logic.trace import Trace
from integrations.models import InboundMessage, InboundMessageQuerySet, Integration, Outcome
from integrations.operations import turns
from integrations.operations.config import config_of
from integrations.operations.effects import (
    DATABASE_AWAY,
    Manner,
    Unusable,
    apply,
    conclude,
    evaluate,
    outcome_of,
    save_conclusions,
)
from integrations.operations.turns import Turn, TurnLost
from integrations.operations.waiting import HAS_DELIVERY_ID, waiting

logger = logging.getLogger(__name__)

BATCH = 50
# A worker may be killed for other reasons: that it happens to one message alone so many times in a row
# is no accident.
MOST_STARTS_ALONE = 3
# What is not done in this time waits for the next batch: while one process writes, SQLite lets nobody else
# write, not even the door; PostgreSQL keeps only the alerts of the batch from being changed by others.
LONGEST_WRITING = 0.05 if settings.IS_SQLITE else 0.3  # seconds
READING = 0.2  # of that time, for what is done before; more would be read than can be written


@dataclass(frozen=True)
class Batch:
    """Messages that this process has begun."""

    turn: Turn
    messages: list[InboundMessage]

    def rows(self, *, begin: int = 0) -> InboundMessageQuerySet:
        return InboundMessage.objects.filter(pk__in=[message.pk for message in self.messages[begin:]])


def process_waiting(integration_id: int, *, now: datetime) -> int:
    """Process all that waits of an integration; return how many messages that was."""
    return sum(iter(lambda: process_batch(integration_id, now=now), 0))


def process_batch(integration_id: int, *, now: datetime, longest: float = LONGEST_WRITING) -> int:
    """Process the next messages of an integration; return how many, 0 when nothing waits.

    Also 0 when another process has the turn. What the database raises is raised again, with nothing done.
    longest: seconds after which no further message of the batch is begun.
    """
    if not waiting().filter(integration_id=integration_id).exists():
        return 0
    sender = Integration.objects.select_related("escalation_policy").get(pk=integration_id)
    config = config_of(sender)
    batch = begin_batch(integration_id, now=now)
    if batch is None:
        return 0
    try:
        return finish_batch(batch, sender, config, now=now, longest=longest)
    except TurnLost as lost:
        logger.warning("%s What it was about to write is left to the other process.", lost)
        return 0
    except Exception as error:
        _give_back(batch, error)
        raise


def begin_batch(integration_id: int, *, now: datetime) -> Batch | None:
    """Take the turn and the next messages, and count their start before anything else can happen."""
    with transaction.atomic():
        turn = turns.take(integration_id, now=now)
        if turn is None:
            return None
        batch = Batch(turn, _next_messages(integration_id))
        if not batch.messages:
            turns.end(turn)
            return None
        batch.rows().update(status=Status.PROCESSING, start_count=F("start_count") + 1)
        return batch


def _next_messages(integration_id: int) -> list[InboundMessage]:
    """Return the oldest that wait; one that was begun before comes alone, lest it drag others with it."""
    oldest = list(waiting().filter(integration_id=integration_id)[:BATCH])
    fresh = list(itertools.takewhile(lambda message: not message.start_count, oldest))
    return fresh or oldest[:1]


def finish_batch(
    batch: Batch, sender: Integration, config: Config, *, now: datetime, longest: float = LONGEST_WRITING
) -> int:
    """Read all messages, then do all that they do in one transaction; return how many got done.

    Raises TurnLost, with nothing done.
    """
    read = _read_in_time(batch, config, longest * READING)
    with transaction.atomic():
        turns.end(batch.turn)
        outcomes = _apply_in_order(batch, read, sender, Manner(now=now), longest)
        done = batch.messages[: len(outcomes)]
        for message, of_message in zip(done, outcomes, strict=True):
            conclude(message, of_message, now=now)
        Outcome.objects.bulk_create(itertools.chain.from_iterable(outcomes))
        save_conclusions(done, now=now)
        batch.rows(begin=len(done)).update(status=Status.PENDING, start_count=F("start_count") - 1)
    return len(done)


def _read_in_time(batch: Batch, config: Config, longest: float) -> list[Trace | Unusable]:
    """Evaluate messages as long as there is time; the first in any case."""
    until = time.monotonic() + longest
    read: list[Trace | Unusable] = []
    for message in batch.messages:
        if read and time.monotonic() > until:
            break
        read.append(_read(message, config))
    return read


def _read(message: InboundMessage, config: Config) -> Trace | Unusable:
    if message.start_count <= MOST_STARTS_ALONE:
        return evaluate(message, config)
    why = _("It was set aside: the process that worked on it died or failed, %(count)d times in a row.")
    logger.error("Message %s is set aside after %s starts.", message.pk, message.start_count)
    return Unusable(why % {"count": message.start_count})


def _apply_in_order(
    batch: Batch, read: list[Trace | Unusable], sender: Integration, manner: Manner, longest: float
) -> list[list[Outcome]]:
    """Return the outcomes of each message that got done in time; of the first in any case."""
    before = delivered_before(sender.pk, batch.messages)
    until = time.monotonic() + longest
    done: list[list[Outcome]] = []
    for message, trace in zip(batch.messages, read, strict=False):  # what is not read waits
        if done and time.monotonic() > until:
            break
        outcomes = redelivered(message, before, manner) or apply(message, trace, sender=sender, manner=manner)
        if message.delivery_id and any(outcome.reason in WITH_EFFECT for outcome in outcomes):
            before.setdefault(message.delivery_id, message.pk)
        done.append(outcomes)
    return done


def delivered_before(integration_id: int, messages: Iterable[InboundMessage]) -> dict[str, int]:
    """Return the delivery ids among these that had an effect before, and as which message."""
    names = {message.delivery_id for message in messages if message.delivery_id}
    if not names:
        return {}
    rows = InboundMessage.objects.filter(
        HAS_DELIVERY_ID,
        integration_id=integration_id,
        delivery_id__in=names,
        outcomes__reason__in=WITH_EFFECT,
    )
    return dict(rows.order_by("-id").values_list("delivery_id", "id"))


def redelivered(message: InboundMessage, before: dict[str, int], manner: Manner) -> list[Outcome]:
    """Return the outcome of a delivery that had its effect before, as another message; else nothing."""
    original = before.get(message.delivery_id, message.pk)
    if original == message.pk:
        return []
    detail = _("Delivered before, as message %(original)d") % {"original": original}
    return [outcome_of(message, Reason.REDELIVERED, manner, detail=detail)]


def _give_back(batch: Batch, error: Exception) -> None:
    """Let the next turn begin at once; a start that failed because the database was away does not count."""
    uncounted = 1 if isinstance(error, DATABASE_AWAY) else 0
    try:
        with transaction.atomic():
            turns.end(batch.turn)
            batch.rows().update(status=Status.PENDING, start_count=F("start_count") - uncounted)
    except (DatabaseError, TurnLost) as second:
        logger.warning("The turn on integration %s will end by itself: %s", batch.turn.integration_id, second)
