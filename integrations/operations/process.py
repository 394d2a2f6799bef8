"""What happens to the deliveries that wait: in order, one batch at a time, under a turn.

A batch is two transactions. The first takes the turn and notes which messages are in hand; the second
ends the turn and holds all that the messages did. Whoever dies between or within them has done nothing,
and the note is how a message that kills its worker is found out: what was in hand is then begun one by
one, each start counted first, and what did not end MOST_STARTS_ALONE times is set aside and the rest go on.
"""

import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_rows
from alertops.lib.sayings import saying
from integrations.logic.outcome import WITH_EFFECT, Reason, Status
from integrations.logic.pipeline import Config
from integrations.logic.trace import Trace
from integrations.models import InboundMessage, Integration, Outcome, Route
from integrations.operations import tallies, turns
from integrations.operations.config import config_of
from integrations.operations.effects import (
    DATABASE_AWAY,
    Manner,
    Unusable,
    Work,
    apply,
    conclude,
    evaluate,
    outcome_of,
    save_conclusions,
)
from integrations.operations.turns import Turn, TurnLost
from integrations.operations.waiting import HAS_DELIVERY_ID, IS_WAITING, waiting_of

logger = logging.getLogger(__name__)

# While one process writes, SQLite lets nobody else write, not even the door; PostgreSQL keeps only the
# alerts of the batch from being changed by others.
BATCH = 100 if settings.IS_SQLITE else 250  # messages, and also events
MOST_BYTES = 4_000_000  # of bodies that are in memory at once; one body in any case
LONGEST_READING = 0.2  # seconds; what is not read by then waits for the next batch
# A worker may be killed for other reasons: that it happens to one message alone so many times in a row
# is no accident.
MOST_STARTS_ALONE = 3
_SET_ASIDE = saying(
    "It was set aside: the process that worked on it died or failed, %(count)d times in a row."
)
_REDELIVERED = saying("Delivered before, as message %(original)d")


@dataclass(frozen=True)
class Batch:
    """Messages that this process has begun, and by which settings they are read."""

    turn: Turn
    messages: list[InboundMessage]
    sender: Integration
    config: Config

    @property
    def is_suspect(self) -> bool:
        """Whether it is one message that was begun before and did not end: its starts are counted."""
        return self.messages[0].start_count > 0

    @property
    def rows(self) -> QuerySet[InboundMessage]:
        return InboundMessage.objects.filter(pk__in=[message.pk for message in self.messages])


def process_waiting(integration_id: int, *, now: datetime) -> int:
    """Process all that waits of an integration; return how many messages that was."""
    return sum(iter(lambda: process_batch(integration_id, now=now), 0))


def process_batch(integration_id: int, *, now: datetime) -> int:
    """Process the next messages of an integration; return how many, 0 when nothing waits."""
    batch = begin_batch(integration_id, now=now)
    return finish_batch(batch, now=now) if batch else 0


def begin_batch(integration_id: int, *, now: datetime) -> Batch | None:
    """Take the turn and the next messages, and note that before anything else can happen.

    None when nothing waits, or another process has the turn.
    """
    if not _first_waiting(integration_id):
        return None
    [sender] = _sender(integration_id)
    config = config_of(sender, is_routed=sender.is_routed)
    with transaction.atomic():
        turn = turns.take(integration_id, now=now)
        if turn is None:
            return None
        messages = _next_messages(integration_id)
        if not messages:
            turns.end(turn)
            return None
        batch = Batch(turn, messages, sender, config)
        if batch.is_suspect:
            batch.rows.update(status=Status.PROCESSING, start_count=F("start_count") + 1)
        else:
            turns.hold(turn, until=messages[-1].pk)
        return batch


def finish_batch(batch: Batch, *, now: datetime, longest: float = LONGEST_READING) -> int:
    """Do what was begun; return how many messages got done, 0 when another process has the turn by now.

    What the database raises is raised again, with nothing done.
    now: the time after it was begun, so that what comes later is later by the clock too: who begins may
    have waited while another process had its turn.
    longest: seconds after which no further message of the batch is read.
    """
    try:
        return _finish(batch, now, longest)
    except TurnLost as lost:
        logger.warning("%s What it was about to write is left to the other process.", lost)
        return 0
    except Exception as error:
        _give_back(batch, error)
        raise


def _next_messages(integration_id: int) -> list[InboundMessage]:
    """Return the oldest that wait; one that was begun before comes alone, lest it drag others with it."""
    ids: list[int] = []
    size = 0
    for pk, starts, body_size in _sizes(integration_id):
        size += body_size
        if ids and (starts or size > MOST_BYTES):
            break
        ids.append(pk)
        if starts:
            break
    return _messages(ids)


@compiled
def _first_waiting(integration_id: int) -> QuerySet:
    return waiting_of(integration_id).values_list("pk")[:1]


@compiled
def _sender(integration_id: int) -> QuerySet:
    routes = Route.objects.filter(integration=OuterRef("pk"))
    senders = Integration.objects.select_related("escalation_policy", "delay_hours")
    return senders.annotate(is_routed=Exists(routes)).filter(pk=integration_id)


@compiled
def _sizes(integration_id: int) -> QuerySet:
    return waiting_of(integration_id).values_list("pk", "start_count", "body_size")[:BATCH]


@compiled
def _messages(ids: Sequence[int]) -> QuerySet:
    return InboundMessage.objects.filter(pk__in=ids).order_by("pk")


def _finish(batch: Batch, now: datetime, longest: float) -> int:
    """Read messages, then do all that they do in one transaction; raises TurnLost, with nothing done."""
    works = _read_in_time(batch, longest)
    done = [work.message for work in works]
    with transaction.atomic():
        turns.end(batch.turn)
        outcomes = _do(works, batch.sender, Manner(now=now))
        for message, of_message in zip(done, outcomes, strict=True):
            conclude(message, of_message, now=now)
        insert_rows(list(itertools.chain.from_iterable(outcomes)))
        save_conclusions(done)
        tallies.count(batch.turn.integration_id, done)
    return len(done)


def _read_in_time(batch: Batch, longest: float) -> list[Work]:
    """Evaluate messages as long as there is time, and room for their events; the first in any case."""
    until = time.monotonic() + longest
    works: list[Work] = []
    event_count = 0
    for message in batch.messages:
        if works and (time.monotonic() > until or event_count >= BATCH):
            break
        works.append(Work(message, _read(message, batch.config)))
        event_count += len(works[-1].decisions)
    return works


def _read(message: InboundMessage, config: Config) -> Trace | Unusable:
    if message.start_count <= MOST_STARTS_ALONE:
        return evaluate(message, config)
    logger.error("Message %s is set aside after %s starts.", message.pk, message.start_count)
    return Unusable(_SET_ASIDE % {"count": message.start_count})


def _do(works: Sequence[Work], sender: Integration, manner: Manner) -> list[list[Outcome]]:
    """Return the outcomes of each message; of what is delivered twice only one has an effect."""
    before = delivered_before(sender.pk, [work.message for work in works])
    done: list[list[Outcome]] = []
    for part in _without_repetition(works):
        fresh = [work for work in part if not redelivered(work.message, before, manner)]
        answers = iter(apply(fresh, sender=sender, manner=manner))
        for work in part:
            outcomes = redelivered(work.message, before, manner) or next(answers)
            if any(outcome.reason in WITH_EFFECT for outcome in outcomes) and work.message.delivery_id:
                before.setdefault(work.message.delivery_id, work.message.pk)
            done.append(outcomes)
    return done


def _without_repetition(works: Sequence[Work]) -> Iterator[list[Work]]:
    """Yield the messages in parts: what is delivered twice waits for what came of the first."""
    part: list[Work] = []
    names: set[str] = set()
    for work in works:
        name = work.message.delivery_id
        if name in names:
            yield part
            part, names = [], set()
        part.append(work)
        names |= {name} - {""}
    yield part


def delivered_before(integration_id: int, messages: Iterable[InboundMessage]) -> dict[str, int]:
    """Return the delivery ids among these that had an effect before, and as which message."""
    names = {message.delivery_id for message in messages if message.delivery_id}
    if not names:
        return {}
    done = dict(_done_before(integration_id, sorted(names)))
    return {done[pk]: pk for pk in _with_effect(list(done))} if done else {}


@compiled
def _done_before(integration_id: int, delivery_ids: Sequence[str]) -> QuerySet:
    """Return processed messages with some delivery ids; hardly ever there are any."""
    rows = InboundMessage.objects.filter(
        HAS_DELIVERY_ID, ~IS_WAITING, integration_id=integration_id, delivery_id__in=delivery_ids
    )
    return rows.order_by().values_list("id", "delivery_id")


@compiled
def _with_effect(message_ids: Sequence[int]) -> QuerySet:
    """Return those of some messages that had an effect, the first last."""
    rows = Outcome.objects.filter(message__in=message_ids, reason__in=sorted(WITH_EFFECT))
    return rows.order_by("-message").values_list("message", flat=True)


def redelivered(message: InboundMessage, before: dict[str, int], manner: Manner) -> list[Outcome]:
    """Return the outcome of a delivery that had its effect before, as another message; else nothing."""
    original = before.get(message.delivery_id, message.pk)
    if original == message.pk:
        return []
    detail = _REDELIVERED % {"original": original}
    return [outcome_of(message, Reason.REDELIVERED, manner, detail=detail)]


def _give_back(batch: Batch, error: Exception) -> None:
    """Let the next turn begin at once; a start that failed because the database was away does not count."""
    counts = int(not isinstance(error, DATABASE_AWAY)) - int(batch.is_suspect)
    try:
        with transaction.atomic():
            turns.end(batch.turn)
            if counts or batch.is_suspect:
                batch.rows.update(status=Status.PENDING, start_count=F("start_count") + counts)
    except (DatabaseError, TurnLost) as second:
        logger.warning("The turn on integration %s will end by itself: %s", batch.turn.integration_id, second)
