"""What escalations will do by themselves: for pages and letters, which say who is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from alertops.lib.compiled import compiled
from alerts.logic import escalation as rules
from alerts.logic.escalation import Step
from alerts.models import Alert, Escalation, User
from alerts.operations import steps, targets
from alerts.operations.targets import Directory


@dataclass(frozen=True)
class Next:
    """What an escalation will do by itself.

    due_at: None while more reports are waited for.  people: empty when nobody can be told by then.
    """

    due_at: datetime | None
    people: tuple[User, ...]
    is_last_resort: bool


@dataclass(frozen=True)
class _Coming:
    """Where an escalation goes on, and when.  step: None at the end of its plan."""

    escalation: Escalation
    alert: Alert
    due_at: datetime | None
    step: Step | None
    member: int


def upcoming(alert: Alert, *, now: datetime) -> Next | None:
    """Return when the escalation goes on by itself and whom it would tell; None when it does not."""
    return upcoming_of([alert], now=now).get(alert.pk)


def upcoming_of(alerts: Sequence[Alert], *, now: datetime) -> dict[int, Next]:
    """Return the same of many alerts by their ids, in as many statements as of one.

    Who will be on call is said of one alert for its next time, of many as it is now.
    """
    by_id = {alert.pk: alert for alert in alerts}
    if not by_id:
        return {}
    coming = [
        _coming(row, by_id[row.alert_id])
        for row in _live(list(by_id))
        if _is_awake(row) and steps.goes_on(row, by_id[row.alert_id], now)
    ]
    with_step = [(one.alert, one.step) for one in coming if one.step]
    directory = Directory([alert for alert, _step in with_step], [step for _alert, step in with_step])
    is_one = len(coming) == 1
    return {one.alert.pk: _next(one, directory, (one.due_at if is_one else None) or now) for one in coming}


@compiled
def _live(alert_ids: Sequence[int]) -> QuerySet:
    return Escalation.objects.live().filter(alert__in=alert_ids).select_related("policy__last_resort")


def _is_awake(escalation: Escalation) -> bool:
    return escalation.due_at is not None or escalation.status == Escalation.Status.WAITING


def _coming(escalation: Escalation, alert: Alert) -> _Coming:
    plan = steps.plan_of(escalation)
    move = rules.position_to_run(plan, steps.position_of(escalation), **steps.state_of(alert))
    step = None if plan.is_end(move.position) else plan.step_at(move.position)
    due_at = escalation.due_at + move.wait if escalation.due_at else None
    return _Coming(escalation, alert, due_at, step, move.position.member)


def _next(coming: _Coming, directory: Directory, at: datetime) -> Next:
    if coming.step is None:
        reach = targets.last_resort(coming.escalation.policy, directory)
    else:
        reach = targets.targets_of(coming.step, coming.member, coming.alert, directory, at)
    return Next(coming.due_at, reach.people, is_last_resort=coming.step is None)
