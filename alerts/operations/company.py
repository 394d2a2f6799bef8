"""Who else has to do with what a person is told: read for many letters at once."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

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
    of_one_of_them = reduce(or_, (Q(email__iexact=address) for address in set(addresses)), Q())
    found = User.objects.filter(of_one_of_them, is_active=True).order_by().values_list("email", flat=True)
    counts = Counter(address.lower() for address in found)
    return {address for address, count in counts.items() if count > 1}


def _others(notifications: Sequence[Notification]) -> dict[int, tuple[tuple[str, datetime | None], ...]]:
    """Return for each notification who else was reached, one for each person."""
    since = {row.alert_id: row.alert.opened_at - telling.SKEW for row in notifications}
    reached = Notification.objects.filter(
        alert__in=since,
        kind__in=rules.CALLS,
        status=Notification.Status.SENT,
        created_at__gte=min(since.values()),
    ).order_by("sent_at")
    told: dict[int, list[Any]] = defaultdict(list)
    for row in reached.values_list("alert_id", "user_id", "user_label", "sent_at", "created_at", named=True):
        if row.created_at >= since[row.alert_id]:
            told[row.alert_id].append(row)
    return {row.pk: _except(row.user_id, told[row.alert_id]) for row in notifications}


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
