"""How calls of a provider are put on record: claimed and written before, completed after, or given back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from alertops.lib import claims
from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_numbered, update_rows
from alertops.lib.sayings import saying
from alerts import channels
from alerts.channels import Channel, DeliveryError, Receipt
from alerts.logic import notification as rules
from alerts.models import AlertEvent, Attempt, Notification
from alerts.models.notification import NotificationQuerySet
from alerts.operations import escalation, telling, timeline

# What a claim lasts longer than one call.
GRACE = timedelta(seconds=5)
_OTHERS = Attempt.objects.filter(notification=OuterRef("pk")).order_by("-number")
_NOT_TOLD = saying("%(person)s could not be told by %(channel)s: %(answer)s", within=["channel", "answer"])
_TOLD_LATE = saying("%(person)s was told by %(channel)s at attempt %(number)d.", within=["channel"])
_LAST_NUMBER = Coalesce(Subquery(_OTHERS.values("number")[:1]), 0)


@dataclass(frozen=True)
class Result:
    """What became of an attempt, and when."""

    attempt: Attempt
    outcome: Receipt | DeliveryError
    at: datetime

    @property
    def notification(self) -> Notification:
        return self.attempt.notification

    @property
    def answer(self) -> str:
        """What the provider said."""
        said = self.outcome.answer if isinstance(self.outcome, Receipt) else str(self.outcome)
        return _storable(said)

    @property
    def provider_id(self) -> str:
        return _storable(self.outcome.provider_id)[:200] if isinstance(self.outcome, Receipt) else ""


def begin(ids: Sequence[int], channel: Channel, *, now: datetime) -> list[Attempt]:
    """Claim notifications that are due if their alerts still want them, and put the attempts on record.

    Whether they are wanted is asked by the very statement that locks the rows to claim them: what an
    action called off before this moment is not sent, and what it calls off later is being sent already.
    What another worker has, or is just claiming, is left to it.
    """
    with transaction.atomic():
        numbers = dict(_wanted(ids, now))
        if not numbers:
            return []
        _take(list(numbers), now, claims.holder(), now + channel.timeout + GRACE)
        attempts = [
            Attempt(notification_id=pk, number=numbers[pk] + 1, started_at=now, provider=channel.provider)
            for pk in ids
            if pk in numbers
        ]
        insert_numbered(attempts)
        return attempts


@compiled
def _wanted(ids: Sequence[int], now: datetime) -> QuerySet:
    """Lock notifications that are due and wanted; return each with the number of its last attempt."""
    due = Notification.objects.due_for_delivery(now).order_by().filter(pk__in=ids)
    wanted = due.filter(telling.wanted(now), start_count__lt=rules.MOST_STARTS)
    locked = wanted.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return locked.values_list("pk", _LAST_NUMBER)


@compiled
def _take(ids: Sequence[int], now: datetime, by: str, until: datetime) -> int:
    return Notification.objects.filter(pk__in=ids).take(now=now, by=by, until=until)


def end(results: Sequence[Result]) -> None:
    """Write what became of attempts whose notifications have been read; a row only if it is still ours."""
    sent = [result for result in results if isinstance(result.outcome, Receipt)]
    if sent:
        _sent(sent)
    for result in results:
        if isinstance(result.outcome, DeliveryError):
            _failed(result, result.outcome)


def give_back(attempts: Iterable[Attempt]) -> None:
    """Undo what `begin` did to attempts that were not made after all."""
    unmade = list(attempts)
    if unmade:
        with transaction.atomic():
            held = _held(attempt.notification_id for attempt in unmade)
            held.update(claimed_by="", lease_until=None, start_count=F("start_count") - 1)
            Attempt.objects.filter(pk__in=[attempt.pk for attempt in unmade]).delete()


def not_told(notification: Notification, answer: str, now: datetime) -> None:
    """Say on the timeline that somebody could not be told, and have the next step run if nobody was."""
    text = _NOT_TOLD % {
        "person": notification.user_label,
        "channel": channels.CHANNELS[notification.channel].label,
        "answer": answer,
    }
    data = {"notification": notification.pk}
    timeline.record(notification.alert, AlertEvent.Kind.NOT_TOLD, now=now, text=text, data=data)
    escalation.hasten(notification, now=now)


def _sent(results: Sequence[Result]) -> None:
    """Note what was taken, in one transaction; on the timeline only what was not taken at once."""
    with transaction.atomic():
        _complete(results, Attempt.Result.SENT)
        _note_sent([result.notification.pk for result in results], claims.holder(), results[-1].at)
        for result in results:
            if result.attempt.number > 1:
                _told_late(result)


@compiled
def _note_sent(ids: Sequence[int], by: str, at: datetime) -> int:
    held = Notification.objects.pending().filter(pk__in=ids, claimed_by=by)
    return held.update(claimed_by="", lease_until=None, status=Notification.Status.SENT, sent_at=at, error="")


def _told_late(result: Result) -> None:
    notification = result.notification
    text = _TOLD_LATE % {
        "person": notification.user_label,
        "channel": channels.CHANNELS[notification.channel].label,
        "number": result.attempt.number,
    }
    timeline.record(notification.alert, AlertEvent.Kind.TOLD, now=result.at, text=text)


def _failed(result: Result, error: DeliveryError) -> None:
    """Note a failure: tried again after a while, or given up."""
    notification, answer = result.notification, result.answer
    again_at = None if error.permanent else rules.retry_at(notification.start_count, result.at)
    held = _held([notification.pk])
    with transaction.atomic():
        if again_at is not None:
            held.update(claimed_by="", lease_until=None, due_at=again_at, error=answer)
            _complete([result], Attempt.Result.RETRY)
            return
        _complete([result], Attempt.Result.FAILED)
        if held.update(claimed_by="", lease_until=None, status=Notification.Status.FAILED, error=answer):
            not_told(notification, answer, result.at)


def _complete(results: Sequence[Result], verdict: Attempt.Result) -> None:
    for result in results:
        attempt = result.attempt
        attempt.result, attempt.ended_at = verdict, result.at
        attempt.answer, attempt.provider_id = result.answer, result.provider_id
    update_rows([result.attempt for result in results], ("result", "ended_at", "answer", "provider_id"))


def _held(notification_ids: Iterable[int]) -> NotificationQuerySet:
    return Notification.objects.pending().filter(pk__in=list(notification_ids)).mine()


def _storable(text: str) -> str:
    """Return a stranger's text without what a database does not take."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
