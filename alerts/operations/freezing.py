"""The steps of a policy as they are now, which an escalation then keeps."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import BigIntegerField, F, QuerySet, Value
from django.db.models.functions import Cast

from alertops.lib.compiled import compiled
from alerts.logic.condition import ALWAYS, Condition
from alerts.logic.escalation import Role, Step, Stop, TeamOrder
from alerts.logic.event import Severity, Urgency
from alerts.models import EscalationPolicy, EscalationStep

# With its type said: of three that are united PostgreSQL looks at the first two alone, and takes it for text.
_NOBODY = Cast(Value(None), BigIntegerField())


def frozen_steps(policy: EscalationPolicy | None) -> list[Step]:
    """Return the steps of a policy as they are now; two statements."""
    if policy is None:
        return []
    named: dict[int, tuple[list[int], ...]] = defaultdict(lambda: ([], [], []))
    for step_id, _name, *ids in _named(policy.pk):
        for pk, of_kind in zip(ids, named[step_id], strict=True):
            if pk is not None:
                of_kind.append(pk)
    stop = stop_of(policy)
    return [_freeze(row, number, named[row.pk], stop) for number, row in enumerate(_steps(policy.pk), 1)]


def stop_of(policy: EscalationPolicy | None) -> Stop:
    """Return what ends the telling of a policy's people; without a policy, an acknowledgement."""
    return Stop(policy.stop) if policy else Stop.ACKNOWLEDGED


@compiled
def _steps(policy_id: int) -> QuerySet:
    return EscalationStep.objects.filter(policy=policy_id).select_related("hours")


@compiled
def _named(policy_id: int) -> QuerySet:
    """Return step, name, user, team and schedule, one of the three, in the order of their names."""
    of_policy = {"escalationstep__policy": policy_id}
    users = EscalationStep.users.through.objects.filter(**of_policy)
    teams = EscalationStep.teams.through.objects.filter(**of_policy)
    schedules = EscalationStep.schedules.through.objects.filter(**of_policy)
    step, name = "escalationstep_id", "target_name"
    of_users = users.annotate(target_name=F("user__username"), team=_NOBODY, schedule=_NOBODY)
    of_teams = teams.annotate(target_name=F("team__name"), user=_NOBODY, schedule=_NOBODY)
    of_schedules = schedules.annotate(target_name=F("schedule__name"), user=_NOBODY, team=_NOBODY)
    return (
        of_users.values_list(step, name, "user_id", "team", "schedule")
        .union(
            of_teams.values_list(step, name, "user", "team_id", "schedule"),
            of_schedules.values_list(step, name, "user", "team", "schedule_id"),
            all=True,
        )
        .order_by(name)
    )


def _freeze(row: EscalationStep, number: int, named: Sequence[Sequence[int]], stop: Stop) -> Step:
    users, teams, schedules = named
    return Step(
        number=number,
        wait=row.wait,
        users=tuple(users),
        teams=tuple(teams),
        team_order=TeamOrder(row.team_order),
        member_wait=row.member_wait,
        team_role=Role(row.team_role),
        schedules=tuple(schedules),
        schedule_role=Role(row.schedule_role),
        tells_recipients=row.tells_recipients,
        tells_owner=row.tells_owner,
        stop=Stop(row.stop or stop),
        urgency=Urgency(row.urgency) if row.urgency else None,
        condition=_condition_of(row),
    )


def _condition_of(row: EscalationStep) -> Condition:
    if not (row.severities or row.tag or row.hours):
        return ALWAYS
    return Condition(
        severities=tuple(map(Severity, row.severities)),
        tag=row.tag,
        tag_values=tuple(filter(None, map(str.strip, row.tag_values.split(",")))) if row.tag else (),
        hours=row.hours.hours if row.hours else None,
        is_outside=row.is_outside_hours and row.hours is not None,
    )
