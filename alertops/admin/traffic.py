"""What came in and what went out within the last 24 hours, as far as somebody may see it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops import nodes
from alertops.lib import durations
from alertops.lib.display import Tone, list_of
from alerts.models import AlertEvent, Notification
from integrations import badges, operations
from integrations.logic import outcome
from integrations.logic.outcome import Reason
from integrations.models import InboundMessage, UnmatchedDelivery
from integrations.operations.hours import HOUR, Hour, hour_of
from integrations.operations.waiting import waiting

DAY = timedelta(days=1)
# Looked at among the newest of their status, by its index: the page costs the same on the worst day.
MOST_LOOKED_AT = 1_000
MOST_WAITING = 10_000
MOST_TROUBLED = 5
MOST_PAGES = 200  # of which the time from received to sent is told
TICK_EVERY = 6  # hours between two words below the chart

# From the ground up: status and class of its part of a bar.
STACK = [
    (outcome.Status.MAPPED, "mapped"),
    (outcome.Status.MAPPED_APPENDED, "appended"),
    (outcome.Status.MAPPED_IGNORED, "ignored"),
    (outcome.Status.MAPPING_FAILED, "failed"),
    (outcome.Status.REFUSED, "refused"),
]
_Bad = tuple[int, str, datetime, str]  # number and name of the integration, when received, reason


@dataclass(frozen=True)
class Part:
    """A part of a bar: its share of the chart's height in per cent."""

    look: str
    height: str


@dataclass(frozen=True)
class Bar:
    """One hour of the chart. label: the whole of it in words.  tick: what stands below it."""

    label: str
    url: str
    parts: list[Part]
    tick: str


@dataclass(frozen=True)
class Key:
    """One status in the legend, with how many came to it, and the list behind the number."""

    word: Any
    look: str
    count: str
    url: str


@dataclass(frozen=True)
class Trouble:
    """An integration whose deliveries failed or were refused."""

    name: str
    url: str
    sentence: str
    last_at: datetime
    count: int


@dataclass(frozen=True)
class Tile:
    """One figure: its name, its value, what it means, and the list behind it."""

    name: Any
    value: str
    text: str
    url: str
    tone: Tone
    icon: str


def traffic(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the last day brought; a bounded look at each log, whatever is stored."""
    may = request.user.has_perm
    tiles: list[Tile] = []
    told: dict[str, Any] = {"now": now}
    if may("integrations.view_inboundmessage"):
        told |= _deliveries(now)
        tiles.append(_waiting())
    if may("alerts.view_notification"):
        tiles += [_speed(now), _unsent(now)]
    if may("integrations.view_unmatcheddelivery"):
        tiles.append(_unmatched(now))
    if may("integrations.change_integration"):
        tiles.append(_workers(now))
    return {**told, "tiles": tiles}


# Deliveries


def _deliveries(now: datetime) -> dict[str, Any]:
    refused = list(_newest_bad(outcome.Status.REFUSED, now))
    failed = list(_newest_bad(outcome.Status.MAPPING_FAILED, now))
    hours = operations.last_day(now)
    refused_by_hour = Counter(hour_of(received_at) for _i, _name, received_at, _reason in refused)
    stacks = [_stack(hour, refused_by_hour[hour.began_at]) for hour in hours]
    total = sum((Counter(stack) for stack in stacks), Counter[outcome.Status]())
    most = max((stack.total() for stack in stacks), default=0)
    return {
        "bars": [_bar(hour, stack, most) for hour, stack in zip(hours, stacks, strict=True)],
        "most": number_format(most, force_grouping=True),
        "delivery_count": total.total(),
        "keys": list(_keys(total, is_refused_capped=len(refused) >= MOST_LOOKED_AT)),
        "troubles": _troubles(failed, refused),
        "log_url": list_of(InboundMessage),
    }


def _newest_bad(status: outcome.Status, now: datetime) -> Iterator[_Bad]:
    rows = InboundMessage.objects.filter(status=status).order_by("-id")
    columns = rows.values_list("integration_id", "integration__name", "received_at", "reason")
    for row in columns[:MOST_LOOKED_AT]:
        if row[2] > now - DAY:
            yield row


def _stack(hour: Hour, refused: int) -> Counter[outcome.Status]:
    stack = Counter({outcome.Status.REFUSED: refused})
    for reason, count in hour.counts.items():
        stack[outcome.STATUS[Reason(reason)]] += count
    return stack


def _bar(hour: Hour, stack: Counter[outcome.Status], most: int) -> Bar:
    local = timezone.localtime(hour.began_at)
    times = f"{date_format(local, 'H:i')}–{date_format(local + HOUR, 'H:i')}"
    total = stack.total()
    said = ngettext("%s delivery", "%s deliveries", total) % number_format(total, force_grouping=True)
    words = [f"{number_format(stack[status])} {_words()[status]}" for status, _look in STACK if stack[status]]
    narrowed = {}
    if hour.first_id is not None and hour.last_id is not None:
        narrowed = {"id__gt": hour.first_id, "id__lte": hour.last_id}
    return Bar(
        label=f"{times}: {said}" + (f" ({', '.join(words)})" if words else ""),
        url=list_of(InboundMessage, **narrowed) if total and narrowed else "",
        parts=[Part(look, f"{100 * stack[status] / most:.2f}") for status, look in STACK if stack[status]],
        tick=date_format(local, "H:i") if local.hour % TICK_EVERY == 0 else "",
    )


def _keys(total: Counter[outcome.Status], *, is_refused_capped: bool) -> Iterator[Key]:
    for status, look in STACK:
        if total[status]:
            is_more = is_refused_capped and status == outcome.Status.REFUSED
            count = number_format(total[status], force_grouping=True) + ("+" if is_more else "")
            yield Key(_words()[status], look, count, list_of(InboundMessage, status=status.value))


def _words() -> dict[str, Any]:
    return dict(InboundMessage._meta.get_field("status").flatchoices)


def _troubles(failed: Iterable[_Bad], refused: Iterable[_Bad]) -> list[Trouble]:
    """Return the integrations whose deliveries failed or were refused, the most of them first."""
    by_integration = defaultdict(list)
    for integration_id, name, received_at, reason in (*failed, *refused):
        by_integration[integration_id, name].append((received_at, reason))
    found = [_trouble(*key, bad) for key, bad in by_integration.items()]
    return sorted(found, key=lambda trouble: (-trouble.count, trouble.name))[:MOST_TROUBLED]


def _trouble(integration_id: int, name: str, bad: list[tuple[datetime, str]]) -> Trouble:
    reasons = Counter(reason for _at, reason in bad)
    reason, _count = reasons.most_common(1)[0]
    count = len(bad)
    is_refusal = outcome.STATUS.get(Reason(reason)) == outcome.Status.REFUSED
    status = outcome.Status.REFUSED if is_refusal else outcome.Status.MAPPING_FAILED
    said = ngettext("%(count)s delivery, %(why)s", "%(count)s deliveries, mostly: %(why)s", count)
    return Trouble(
        name=name,
        url=list_of(InboundMessage, status=status.value, integration__id__exact=integration_id),
        sentence=said % {"count": number_format(count, force_grouping=True), "why": badges.reason(reason)},
        last_at=max(at for at, _reason in bad),
        count=count,
    )


# Figures


def _waiting() -> Tile:
    count = waiting().values("pk")[:MOST_WAITING].count()
    return Tile(
        name=_("Waiting"),
        value=_at_most(count, MOST_WAITING),
        text=ngettext("delivery to be processed", "deliveries to be processed", count),
        url=list_of(InboundMessage, status=outcome.Status.PENDING.value),
        tone=Tone.GREY if count < MOST_LOOKED_AT else Tone.AMBER,
        icon="hourglass_top",
    )


def _speed(now: datetime) -> Tile:
    """Tell how long it takes from a delivery to its first notification, without what the policy waits."""
    seconds = [length.total_seconds() for length in first_words(now)]
    if seconds:
        slowest = spelled(max(seconds))
        said = ngettext(
            "in the middle; the slowest of the last %(count)d took %(time)s",
            "in the middle; the slowest of the last %(count)d took %(time)s",
            len(seconds),
        ) % {"count": len(seconds), "time": slowest}
    return Tile(
        name=_("From received to sent"),
        value=spelled(median(seconds)) if seconds else "–",
        text=said if seconds else _("nobody had to be told in the last 24 hours"),
        url=list_of(Notification, status=Notification.Status.SENT),
        tone=Tone.GREY,
        icon="bolt",
    )


def first_words(now: datetime) -> list[timedelta]:
    """Return for the alerts last told how long it took from the delivery to the first notification.

    Of an alert that a delivery opened, and of the first step of its escalation: what that step waits on
    purpose is left out.  Only of the last day.
    """
    opened = AlertEvent.objects.filter(alert=OuterRef("alert"), kind=AlertEvent.Kind.OPENED).order_by("id")
    rows: QuerySet[Any] = (
        Notification.objects.filter(status=Notification.Status.SENT)
        .order_by("-id")
        .annotate(received_at=Subquery(opened.values("message__received_at")[:1]))
        .values_list(
            *("escalation_id", "dedup_key", "received_at", "sent_at", "alert__created_at"),
            *("escalation__started_at", "escalation__steps__0__wait"),
        )
    )
    found: dict[int, timedelta] = {}
    for escalation_id, key, received_at, sent_at, created_at, started_at, wait in rows[:MOST_PAGES]:
        is_first = key.startswith(f"step:{escalation_id}:0:0:0:") and started_at == created_at
        if is_first and received_at and sent_at and sent_at > now - DAY:
            # Backwards: the last one written is the first one sent.
            found[escalation_id] = max(timedelta(0), sent_at - received_at - timedelta(seconds=wait or 0))
    return list(found.values())


def spelled(seconds: float) -> str:
    """Write a length of time as short as it is telling: "0.4 s", "12 s", "3 minutes"."""
    if seconds < 60:
        return _("%s s") % number_format(round(seconds, 1 if seconds < 10 else 0))
    return durations.spell(timedelta(seconds=round(seconds)))


def _unsent(now: datetime) -> Tile:
    failed = Notification.objects.filter(status=Notification.Status.FAILED).order_by("-id")
    moments = failed.values_list("due_at", flat=True)[:MOST_LOOKED_AT]
    count = sum(moment > now - DAY for moment in moments)
    return Tile(
        name=_("Not delivered"),
        value=_at_most(count, MOST_LOOKED_AT),
        text=ngettext("notification that could not be sent", "notifications that could not be sent", count),
        url=list_of(Notification, status=Notification.Status.FAILED),
        tone=Tone.RED if count else Tone.GREY,
        icon="unsubscribe",
    )


def _unmatched(now: datetime) -> Tile:
    count = UnmatchedDelivery.objects.filter(received_at__gt=now - DAY).count()  # of a hundred at most
    return Tile(
        name=_("Unmatched"),
        value=_at_most(count, 100),
        text=ngettext(
            "delivery to a URL that no integration has", "deliveries to a URL that no integration has", count
        ),
        url=list_of(UnmatchedDelivery),
        tone=Tone.AMBER if count else Tone.GREY,
        icon="help_center",
    )


def _workers(now: datetime) -> Tile:
    found = nodes.known(now)
    crews = [crew for node in found if node.is_alive for crew in node.crews]
    count = sum(crew.alive for crew in crews)
    machines = sum(node.is_alive for node in found)
    is_whole = bool(count) and all(node.is_whole for node in found if node.is_alive)
    return Tile(
        name=_("Workers"),
        value=number_format(count),
        text=ngettext("alive on %d machine", "alive on %d machines", machines) % machines
        if machines
        else _("none has been heard of"),
        url=reverse("admin:health"),
        tone=Tone.GREY if is_whole else Tone.RED,
        icon="engineering",
    )


def _at_most(count: int, most: int) -> str:
    """Write a number that was not counted further than to a bound."""
    return number_format(count, force_grouping=True) + ("+" if count >= most else "")
