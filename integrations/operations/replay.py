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

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from alertops.lib import jobs
from alerts.models import User
from integrations.logic.outcome import WITH_EFFECT, Reason, Status
from integrations.models import WAITING, InboundMessage, Integration, Outcome, Replay
from integrations.operations import turns
from integrations.operations.config import config_of
from integrations.operations.effects import (
    DATABASE_AWAY,
    Manner,
    Unusable,
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
# How long a run that shows no progress is taken for a live one.
_SIGN_OF_LIFE = 60  # seconds
_TRIES, _BETWEEN_TRIES = 50, 0.1  # seconds


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
    """Return the messages of a range of time, half-open, in order."""
    messages = InboundMessage.objects.filter(
        integration=integration, received_at__gte=since, received_at__lt=until
    )
    return list(messages.order_by("pk").values_list("pk", flat=True))


def run_replay(replay_id: int, *, now: datetime) -> None:
    """Do what is left of a run; another process that is at it already is left alone."""
    replay = Replay.objects.filter(UNFINISHED, pk=replay_id).first()
    if replay is None or not _show_life(replay_id, begins=True):
        return
    try:
        _run(replay, now)
    except DATABASE_AWAY:
        raise
    except Exception as error:
        logger.exception("Process-again run %s failed.", replay_id)
        _end(replay, Replay.Status.FAILED, now, error=f"{type(error).__name__}: {error}")
    finally:
        cache.delete(_sign(replay_id))


def give_up_old_replays(now: datetime) -> int:
    """End runs that did not come to their end in a long time; return how many."""
    return Replay.objects.filter(UNFINISHED, requested_at__lt=now - LONGEST_RUN).update(
        status=Replay.Status.FAILED, ended_at=now, error=_("It did not end in time; what is done is done.")
    )


def _run(replay: Replay, now: datetime) -> None:
    sender = Integration.objects.select_related("escalation_policy").get(pk=replay.integration_id)
    Replay.objects.filter(UNFINISHED, pk=replay.pk).update(status=Replay.Status.RUNNING)
    manner = Manner(now=now, notifies=replay.notifies, is_replay=True)
    past = read_past(sender, replay.message_ids, config=config_of(sender), manner=manner)
    try:
        for messages in past.chunks(begin=replay.done_count):
            _do_in_turn(replay, past, messages)
            _show_life(replay.pk)
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
    as_read = Replay.objects.filter(pk=replay.pk, status=Replay.Status.RUNNING, done_count=replay.done_count)
    if not as_read.update(done_count=done_count, report=report):
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
        save_conclusions([message], now=past.manner.now)
    return {**row, "after": message.reason, "alert": message.alert_id}


def _outcomes(past: Past, message: InboundMessage, before: dict[str, int]) -> list[Outcome] | None:
    """Do what of a message was not done and still counts; None leaves the message as it is."""
    read = evaluate(message, past.config)
    if isinstance(read, Unusable):
        still_refused = message.status == Status.REFUSED
        return None if still_refused else apply(message, read, sender=past.sender, manner=past.manner)
    again = redelivered(message, before, past.manner)
    if again:
        return again
    overruled = past.overruled_outcomes(message, read)
    leaves = {*effects(message), *(outcome.event_index for outcome in overruled)}
    done = apply(message, read, sender=past.sender, manner=past.manner, leaves=leaves)
    if message.delivery_id and any(outcome.reason in WITH_EFFECT for outcome in done):
        before.setdefault(message.delivery_id, message.pk)
    return [*overruled, *done]


def _end(replay: Replay, status: Replay.Status, now: datetime, *, error: str = "") -> None:
    Replay.objects.filter(UNFINISHED, pk=replay.pk).update(status=status, ended_at=now, error=error)


def _show_life(replay_id: int, *, begins: bool = False) -> bool:
    """Tell others that the run is being done; False when another process said so first.

    Only to spare work: that nothing is done twice is seen to by the progress.
    """
    try:
        if begins:
            return cache.add(_sign(replay_id), 1, timeout=_SIGN_OF_LIFE)
        cache.touch(_sign(replay_id), timeout=_SIGN_OF_LIFE)
    except Exception:
        logger.exception("The cache does not hold the sign of life of run %s.", replay_id)
    return True


def _sign(replay_id: int) -> str:
    return f"replay:{replay_id}"
