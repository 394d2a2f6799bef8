"""Processing again: what had no effect goes through the rules anew, and what had one is left alone.

The whole range is read to its end first, so that only what is still true is done. Events keep their own
times, and nobody is told unless that was asked for. A run is done in chunks, each with its progress in
one transaction: who dies in between has done nothing twice, and the run goes on where it was.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from alertops.lib import jobs, moments
from alertops.lib.sayings import saying
from alerts.models import User
from integrations.logic.outcome import WITH_EFFECT, Reason, Status
from integrations.models import WAITING, InboundMessage, Integration, Outcome, Replay
from integrations.operations import turns
from integrations.operations.config import config_of
from integrations.operations.effects import (
    DATABASE_AWAY,
    Manner,
    Unusable,
    Work,
    apply,
    conclude,
    evaluate,
    save_conclusions,
)
from integrations.operations.past import CHUNK, Past, effects, read_past
from integrations.operations.process import delivered_before, redelivered

logger = logging.getLogger(__name__)

REPLAY = "integrations.tasks.replay"
MOST_MESSAGES = 5000
LONGEST_RUN = timedelta(hours=1)
UNFINISHED = Q(status__in=[Replay.Status.WAITING, Replay.Status.RUNNING])
# Longer than the task queue lets a task of its slow lane run.
LEASE = timedelta(seconds=settings.Q_CLUSTER["ALT_CLUSTERS"]["slow"]["timeout"] + 5)
# How often a run may begin and get nowhere before it is given up: it breaks whoever does it.
MOST_STARTS = 3
_TRIES, _BETWEEN_TRIES = 50, 0.1  # seconds

_DIED = saying("Each process that worked on it died or failed.")
_TOO_LATE = saying("It did not end in time; what is done is done.")


class NothingToReplay(Exception):
    """No message of the selection can be processed again, or too many can; the text says so."""


class _Overtaken(Exception):
    """Another process goes on with the run."""


def request_replay(
    integration: Integration,
    message_ids: Iterable[int],
    *,
    requested_by: User | None,
    now: datetime,
    notifies: bool = False,
    with_unsigned: bool = False,
) -> Replay:
    """Have messages processed again, soon. Raises NothingToReplay.

    with_unsigned: also those that were refused for their signature; nobody knows who sent them.
    """
    ids = replayable(integration, message_ids, with_unsigned=with_unsigned)
    if not ids:
        raise NothingToReplay(_("None of these messages can be processed again."))
    if len(ids) > MOST_MESSAGES:
        too_many = _("%(count)d messages are too many at once: choose at most %(most)d.")
        raise NothingToReplay(too_many % {"count": len(ids), "most": MOST_MESSAGES})
    replay = Replay.objects.create(
        integration=integration,
        message_ids=ids,
        notifies=notifies,
        requested_by=requested_by,
        requested_at=now,
    )
    jobs.nudge(REPLAY, replay.pk, cluster=jobs.SLOW)
    return replay


def replayable(
    integration: Integration, message_ids: Iterable[int], *, with_unsigned: bool = False
) -> list[int]:
    """Return which of these messages can be processed again, in order.

    Not those that wait anyway, nor those whose body was not kept.
    """
    messages = InboundMessage.objects.filter(integration=integration, pk__in=set(message_ids))
    messages = messages.exclude(WAITING).exclude(body=b"", body_size__gt=0)
    if not with_unsigned:
        messages = messages.exclude(status=Status.REFUSED, reason=Reason.BAD_SIGNATURE)
    return list(messages.order_by("pk").values_list("pk", flat=True))


def received_between(integration: Integration, since: datetime, until: datetime) -> list[int]:
    """Return the messages of a range of time, half-open, in order; at most one more than a run can take."""
    messages = moments.within(
        InboundMessage.objects.filter(integration=integration), "received_at", since=since, until=until
    )
    return list(messages.order_by("pk").values_list("pk", flat=True)[: MOST_MESSAGES + 1])


def run_replay(replay_id: int, *, now: datetime) -> None:
    """Do what is left of a run; one that another process has in hand is left alone."""
    unfinished = Replay.objects.filter(UNFINISHED, pk=replay_id)
    if not unfinished.claim(now=now, lease=LEASE):
        return
    replay = unfinished.get()
    try:
        if replay.start_count > MOST_STARTS:
            _end(replay, Replay.Status.FAILED, now, error=_DIED)
        else:
            _run(replay, now)
    except DATABASE_AWAY:
        raise
    except Exception as error:
        logger.exception("Process-again run %s failed.", replay_id)
        _end(replay, Replay.Status.FAILED, now, error=f"{type(error).__name__}: {error}")
    finally:
        Replay.objects.mine().filter(pk=replay_id).update(lease_until=None, claimed_by="")


def give_up_old_replays(now: datetime) -> int:
    """End runs that did not come to their end in a long time; return how many."""
    return Replay.objects.filter(UNFINISHED, requested_at__lt=now - LONGEST_RUN).update(
        status=Replay.Status.FAILED, ended_at=now, error=_TOO_LATE
    )


def _run(replay: Replay, now: datetime) -> None:
    sender = Integration.objects.select_related("escalation_policy").get(pk=replay.integration_id)
    Replay.objects.filter(UNFINISHED, pk=replay.pk).update(status=Replay.Status.RUNNING)
    manner = Manner(now=now, notifies=replay.notifies, is_replay=True)
    past = read_past(sender, replay.message_ids, config=config_of(sender), manner=manner)
    try:
        for messages in past.chunks(begin=replay.done_count):
            _do_in_turn(replay, past, messages)
    except _Overtaken:
        return
    _end(replay, Replay.Status.DONE, now)


def _do_in_turn(replay: Replay, past: Past, messages: list[InboundMessage]) -> None:
    """Do one chunk between two batches of what comes in. Raises _Overtaken when there is no room for long."""
    for _try in range(_TRIES):
        with transaction.atomic():
            turn = turns.take(past.sender.pk, now=past.manner.now)
            if turn is not None:
                turns.end(turn)
                return _do(replay, past, messages)
        time.sleep(_BETWEEN_TRIES)
    raise _Overtaken


def _do(replay: Replay, past: Past, messages: list[InboundMessage]) -> None:
    """Process some messages again and note the progress, in the caller's transaction."""
    before = delivered_before(past.sender.pk, messages)
    report = [*replay.report, *(_do_message(past, message, before) for message in messages)]
    done_count = min(replay.done_count + CHUNK, len(past.message_ids))
    as_read = Replay.objects.mine().filter(
        pk=replay.pk, status=Replay.Status.RUNNING, done_count=replay.done_count
    )
    if not as_read.update(done_count=done_count, report=report, start_count=0):
        raise _Overtaken
    replay.done_count, replay.report = done_count, report


def _do_message(past: Past, message: InboundMessage, before: dict[str, int]) -> dict[str, Any]:
    """Process one message again; return its row of the report."""
    row = {"message": message.pk, "before": message.reason}
    kept = effects(message)
    found = _outcomes(past, message, before)
    if found is not None:
        fresh = [outcome for outcome in found if outcome.event_index not in kept]
        message.outcomes.exclude(event_index__in=kept).delete()
        Outcome.objects.bulk_create(fresh)
        conclude(message, [*kept.values(), *fresh], now=past.manner.now)
        save_conclusions([message])
    return {**row, "after": message.reason, "alert": message.alert_id}


def _outcomes(past: Past, message: InboundMessage, before: dict[str, int]) -> list[Outcome] | None:
    """Do what of a message was not done and still counts; None leaves the message as it is."""
    read = evaluate(message, past.config)
    if isinstance(read, Unusable):
        still_refused = message.status == Status.REFUSED
        return None if still_refused else _apply(past, Work(message, read))
    again = redelivered(message, before, past.manner)
    if again:
        return again
    overruled = past.overruled_outcomes(message, read)
    leaves = {*effects(message), *(outcome.event_index for outcome in overruled)}
    done = _apply(past, Work(message, read, leaves))
    if message.delivery_id and any(outcome.reason in WITH_EFFECT for outcome in done):
        before.setdefault(message.delivery_id, message.pk)
    return [*overruled, *done]


def _apply(past: Past, work: Work) -> list[Outcome]:
    return apply([work], sender=past.sender, manner=past.manner)[0]


def _end(replay: Replay, status: Replay.Status, now: datetime, *, error: str = "") -> None:
    Replay.objects.filter(UNFINISHED, pk=replay.pk).update(status=status, ended_at=now, error=error)
