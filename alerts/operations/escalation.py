"""How people go on being told until somebody takes an alert: started, paused, hastened, ended.

Every function works inside the caller's transaction, after the caller has locked the alert and saved
what has changed in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from alertops.lib import jobs
from alerts.logic import escalation as rules
from alerts.logic.escalation import Plan, Step, Stop, TeamOrder
from alerts.logic.event import Urgency
from alerts.logic.lifecycle import CLOSED_ALREADY, SYSTEM, Actor, InvalidTransition, Status
from alerts.logic.notification import Kind
from alerts.models import Alert, AlertEvent, Escalation, EscalationStep, Notification, User
from alerts.operations import steps, targets, telling, timeline
from alerts.operations.steps import ESCALATE
from alerts.operations.telling import mute, tell

__all__ = [
    "Next",
    "advance",
    "end",
    "hasten",
    "hold",
    "mute",
    "resume",
    "settle",
    "start",
    "tell",
    "upcoming",
    "use_current_policy",
]


@dataclass(frozen=True)
class Next:
    """What an escalation will do by itself.  people: empty when nobody can be told by then."""

    due_at: datetime
    people: tuple[User, ...]
    is_last_resort: bool


def start(alert: Alert, *, now: datetime, first: Iterable[User] = (), notifies: bool = True) -> None:
    """Begin the policy from its first step, as it is now, in place of whatever runs.

    first: users who are told at once and have some minutes before the policy begins: who had it last.
    An alert that was made by hand without a policy or recipients tells nobody.
    """
    _end(alert, now)
    if not notifies:
        return
    plan = _freeze(alert, [user.pk for user in first])
    if not plan.steps and not alert.policy_id and not alert.integration_id:
        return
    move = rules.first_position(plan, **steps.state_of(alert))
    Escalation.objects.create(
        alert=alert,
        policy_id=alert.policy_id,
        steps=[step.as_json() for step in plan.steps],
        runs=plan.runs,
        run=move.position.run,
        step=move.position.step,
        due_at=now + move.wait,
        started_at=now,
    )
    if not move.wait:
        jobs.nudge(ESCALATE)


def settle(alert: Alert, *, now: datetime) -> None:
    """Call off what is not wanted any more, and pause, go on with or keep the escalation.

    For after any change of the alert's status, owner or snooze.
    """
    telling.call_off(alert, now=now)
    escalation = _live(alert)
    if escalation is None:
        return
    is_paused = escalation.status == Escalation.Status.PAUSED
    goes_on = steps.goes_on(escalation, alert, now)
    if is_paused and goes_on:
        _go_on(escalation, now)
    elif not is_paused and not goes_on:
        steps.put(escalation, steps.position_of(escalation), None, Escalation.Status.PAUSED)


def end(alert: Alert, *, now: datetime, by: int | None = None) -> None:
    """Call off what is unsent, end the escalation, and tell of the closing who was called.

    by: the user who closed it, who knows.
    """
    telling.call_off(alert, now=now)
    _end(alert, now)
    telling.tell_of_closing(alert, now=now, by=by)


def resume(alert: Alert, *, now: datetime) -> None:
    """Go on where the escalation was when it was paused; at once if the next step's time has passed."""
    settle(alert, now=now)


def advance(alert: Alert, *, now: datetime) -> None:
    """Run the next step now, whatever its wait and its stop."""
    escalation = _live(alert)
    if escalation is None:
        start(alert, now=now)
        escalation = _live(alert)
    if escalation is None:
        text = _("There is no policy and no recipient: nobody is told.")
        timeline.record(alert, AlertEvent.Kind.NOBODY_REACHED, now=now, text=text)
        return
    escalation.due_at = now  # from which the wait of the one after it counts
    steps.run(escalation, alert, now=now, is_asked_for=True)


def hold(alert: Alert, *, until: datetime) -> None:
    """Let no step run before an instant."""
    Escalation.objects.live().filter(alert=alert, due_at__lt=until).update(due_at=until)


def use_current_policy(alert: Alert, *, now: datetime, actor: Actor = SYSTEM) -> None:
    """Begin anew with the steps the alert's policy has now, in a transaction of its own.

    Raises InvalidTransition for an alert that is closed.
    """
    with transaction.atomic():
        alert = Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        if alert.status == Status.CLOSED:
            raise InvalidTransition(_(CLOSED_ALREADY))
        _begin_anew(alert, now, actor)


def hasten(notification: Notification, *, now: datetime) -> bool:
    """Have the next step run at once when nobody of the last one could be told; tell whether it will.

    Nothing is hastened once a later step has been run, or while one person's message is on its way.
    """
    escalation, place = notification.escalation, _place(notification.dedup_key)
    if escalation is None or notification.kind != Kind.PAGE:
        return False
    pages = Notification.objects.filter(escalation=escalation, kind=Kind.PAGE)
    latest = pages.order_by("-id").values_list("dedup_key", flat=True)[:1]
    hopeful = (Notification.Status.PENDING, Notification.Status.SENT)
    if [_place(key) for key in latest] != [place] or pages.filter(
        dedup_key__startswith=f"{place}:", status__in=hopeful
    ):
        return False
    waiting = Escalation.objects.filter(pk=escalation.pk, status=Escalation.Status.RUNNING, due_at__gt=now)
    is_hastened = bool(waiting.update(due_at=now))
    if is_hastened:
        jobs.nudge(ESCALATE)
    return is_hastened


def upcoming(alert: Alert, *, now: datetime) -> Next | None:
    """Return when the escalation goes on by itself and whom it would tell; None when it does not."""
    escalation = _live(alert)
    if escalation is None or escalation.due_at is None or not steps.goes_on(escalation, alert, now):
        return None
    plan = steps.plan_of(escalation)
    move = rules.position_to_run(plan, steps.position_of(escalation), **steps.state_of(alert))
    due_at = escalation.due_at + move.wait
    if plan.is_end(move.position):
        return Next(due_at, targets.last_resort(escalation.policy).people, is_last_resort=True)
    reach = targets.targets_of(plan.step_at(move.position), move.position.member, alert)
    return Next(due_at, reach.people, is_last_resort=False)


def _begin_anew(alert: Alert, now: datetime, actor: Actor) -> None:
    text = _("The escalation begins anew with the policy as it is now.")
    timeline.record(alert, AlertEvent.Kind.ESCALATED, now=now, actor=actor, text=text)
    start(alert, now=now)
    settle(alert, now=now)


def _place(dedup_key: str) -> str:
    """Return which step of which escalation a page belongs to: its key without the person and channel."""
    return dedup_key.rsplit(":", 2)[0]


def _live(alert: Alert) -> Escalation | None:
    return Escalation.objects.live().filter(alert=alert).first()


def _end(alert: Alert, now: datetime) -> None:
    Escalation.objects.live().filter(alert=alert).update(
        status=Escalation.Status.ENDED, ended_at=now, due_at=None, claimed_by="", lease_until=None
    )


def _go_on(escalation: Escalation, now: datetime) -> None:
    """Take up a paused escalation: its next step keeps the time it had."""
    steps.put(escalation, steps.position_of(escalation), max(now, _planned_at(escalation, now)))
    jobs.nudge(ESCALATE)


def _planned_at(escalation: Escalation, now: datetime) -> datetime:
    """Return when the next step would have run: what the last one wrote on the timeline."""
    ran = AlertEvent.objects.filter(
        alert=escalation.alert_id,
        kind__in=(AlertEvent.Kind.STEP, AlertEvent.Kind.NOBODY_REACHED, AlertEvent.Kind.EXHAUSTED),
        at__gte=escalation.started_at,
    ).last()
    if ran is not None:
        planned = ran.data.get("next_at")
        return datetime.fromisoformat(planned) if planned else now
    plan = steps.plan_of(escalation)
    wait = plan.step_at(steps.position_of(escalation)).wait if plan.steps else timedelta(0)
    return escalation.started_at + wait


def _freeze(alert: Alert, first: list[int]) -> Plan:
    """Return the plan of the alert's policy as it is now."""
    policy = alert.policy
    stop = Stop(policy.stop) if policy else Stop.ACKNOWLEDGED
    rows = policy.steps.prefetch_related("users", "teams") if policy else ()
    frozen = [_freeze_step(row, number, stop) for number, row in enumerate(rows, start=1)]
    is_named = any(step.tells_recipients for step in frozen)
    return rules.plan_of(
        frozen,
        runs=max(policy.runs, 1) if policy else 1,
        stop=stop,
        has_recipients=not is_named and targets.has_recipients(alert),
        first=first,
    )


def _freeze_step(row: EscalationStep, number: int, stop: Stop) -> Step:
    return Step(
        number=number,
        wait=row.wait,
        users=tuple(user.pk for user in row.users.all()),
        teams=tuple(team.pk for team in row.teams.all()),
        team_order=TeamOrder(row.team_order),
        member_wait=row.member_wait,
        tells_recipients=row.tells_recipients,
        tells_owner=row.tells_owner,
        stop=Stop(row.stop or stop),
        urgency=Urgency(row.urgency) if row.urgency else None,
    )
