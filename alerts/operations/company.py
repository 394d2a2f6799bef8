"""Who else has to do with what a person is told: read for many letters at once."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from alertops.lib.compiled import compiled
from alerts.logic import notification as rules
from alerts.logic.lifecycle import Status
from alerts.logic.notification import Kind
from alerts.models import AlertEvent, Notification, User
from alerts.operations import forecast, telling
from alerts.operations.forecast import Next

# What a person did who told another of an alert.
_DEEDS = {Kind.ASSIGNED: AlertEvent.Kind.ASSIGNED, Kind.RESPONDER: AlertEvent.Kind.RESPONDER_ADDED}


@dataclass(frozen=True)
class Company:
    """Who else has to do with one notification.

    is_shared: several people read its address: then nobody can say who followed a link.
    others: who else was told since the alert opened, and when.
    actor: who gave the alert to the person, or asked for help; empty when nobody else did.
    coming: what the escalation will do by itself; None when nothing.
    """

    is_shared: bool
    others: tuple[tuple[str, datetime | None], ...]
    actor: str
    coming: Next | None


def company_of(notifications: Sequence[Notification], *, now: datetime) -> dict[int, Company]:
    """Return the company of each notification by its id, in as many statements for many as for one."""
    is_shared = _shared([notification.address for notification in notifications])
    others, actors = _others(notifications), _actors(notifications)
    untaken = {row.alert_id: row.alert for row in notifications if row.alert.status == Status.OPEN}
    coming = forecast.upcoming_of(list(untaken.values()), now=now)
    return {
        row.pk: Company(
            is_shared=row.address.lower() in is_shared,
            others=others[row.pk],
            actor=actors.get(row.pk, ""),
            coming=coming.get(row.alert_id),
        )
        for row in notifications
    }


def _shared(addresses: Sequence[str]) -> set[str]:
    """Return which addresses several active people have, in small letters."""
    counts = Counter(_addresses(sorted({address.lower() for address in addresses})))
    return {address for address, count in counts.items() if count > 1}


@compiled
def _addresses(wanted: Sequence[str]) -> QuerySet:
    """Return those of some addresses, in small letters, that active people have, once for each."""
    active = User.objects.filter(is_active=True).annotate(small=Lower("email"))
    return active.filter(small__in=wanted).order_by().values_list("small", flat=True)


def _others(notifications: Sequence[Notification]) -> dict[int, tuple[tuple[str, datetime | None], ...]]:
    """Return for each notification who else was reached, one for each person."""
    since = {row.alert_id: row.alert.opened_at - telling.SKEW for row in notifications}
    told: dict[int, list[Any]] = defaultdict(list)
    for row in _reached(list(since), min(since.values())):
        if row.created_at >= since[row.alert_id]:
            told[row.alert_id].append(row)
    return {row.pk: _except(row.user_id, told[row.alert_id]) for row in notifications}


@compiled
def _reached(alert_ids: Sequence[int], since: datetime) -> QuerySet:
    reached = Notification.objects.filter(
        alert__in=alert_ids,
        kind__in=rules.CALLS,
        status=Notification.Status.SENT,
        created_at__gte=since,
    ).order_by("sent_at")
    return reached.values_list("alert_id", "user_id", "user_label", "sent_at", "created_at", named=True)


def _except(user_id: int | None, told: list[Any]) -> tuple[tuple[str, datetime | None], ...]:
    others = {row.user_id: (row.user_label, row.sent_at) for row in told if row.user_id != user_id}
    return tuple(others.values())


def _actors(notifications: Sequence[Notification]) -> dict[int, str]:
    """Return for each notification who did last to the person what it is about, unless the person did."""
    asked = [row for row in notifications if row.kind in _DEEDS]
    if not asked:
        return {}
    deeds = AlertEvent.objects.filter(
        alert__in={row.alert_id for row in asked}, kind__in=set(_DEEDS.values())
    ).order_by("pk")
    last = {(deed.alert_id, deed.kind, deed.data.get("user")): deed for deed in deeds}
    done = {row.pk: last.get((row.alert_id, _DEEDS[Kind(row.kind)], row.user_id)) for row in asked}
    return {
        row.pk: deed.actor_label
        for row in asked
        if (deed := done[row.pk]) is not None and deed.actor_id != row.user_id
    }
