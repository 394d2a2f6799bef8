"""How people go on being told until somebody takes an alert: started, paused, hastened, ended.

Every function works inside the caller's transaction, after the caller has locked the alert and saved
what has changed in it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_rows, update_rows
from alertops.lib.sayings import saying
from alerts.logic import escalation as rules
from alerts.logic.escalation import Plan
from alerts.logic.lifecycle import CLOSED_ALREADY, SYSTEM, Actor, InvalidTransition, Status
from alerts.logic.notification import Kind
from alerts.models import (
    Alert,
    AlertEvent,
    Escalation,
    Notification,
    User,
)
from alerts.operations import steps, targets, telling, timeline
from alerts.operations.freezing import frozen_steps, stop_of
from alerts.operations.steps import ESCALATE
from alerts.operations.telling import mute, tell

__all__ = [
    "Start",
    "advance",
    "end",
    "end_all",
    "hasten",
    "hold",
    "hold_no_more",
    "let_go",
    "mute",
    "plan_of_new",
    "resume",
    "settle",
    "start",
    "start_all",
    "tell",
    "use_current_policy",
]

_NO_POLICY = saying("There is no policy and no recipient: nobody is told.")
_ANEW = saying("The escalation begins anew with the policy as it is now.")


@dataclass(frozen=True)
class Begins:
    """When the waits of a policy begin. at: None is at once; never by the clock while `waits`."""

    at: datetime | None = None
    waits: bool = False


@dataclass(frozen=True)
class Start:
    """Which alert's policy begins.

    first: users who are told before everybody else, if they are on duty: who had it last.
    is_plain: whether the alert is new, so that nothing runs for it, and its event named nobody.
    begins: when its waits begin.
    """

    alert: Alert
    first: tuple[int, ...] = ()
    is_plain: bool = False
    begins: Begins = Begins()


def start(alert: Alert, *, now: datetime, first: Iterable[User] = (), notifies: bool = True) -> None:
    """Begin the policy from its first step, as it is now, in place of whatever runs.

    first: users who are told at once and have some minutes before the policy begins: who had it last.
    An alert that was made by hand without a policy or recipients tells nobody.
    """
    start_all([Start(alert, tuple(user.pk for user in first))], now=now, notifies=notifies)


def start_all(starts: Sequence[Start], *, now: datetime, notifies: bool = True) -> None:
    """Do for many alerts what `start` does for one, with no more statements."""
    _end([each.alert for each in starts if not each.is_plain], now)
    if not (starts and notifies):
        return
    plans = _freeze(starts, now)
    rows = [
        _begin(each, plan, now)
        for each, plan in zip(starts, plans, strict=True)
        if plan.steps or each.alert.policy_id or each.alert.integration_id
    ]
    insert_rows(rows)
    if any(row.due_at == now for row in rows):
        jobs.nudge(ESCALATE)


def plan_of_new(alert: Alert, *, now: datetime, first: Iterable[User] = (), is_named: bool = False) -> Plan:
    """Return the plan that an alert would get if it opened now; it need not be saved.

    first: as in `start`.  is_named: whether its event names people or teams that there are.
    """
    begin = Start(alert, tuple(user.pk for user in first), is_plain=True)
    return _freeze([begin], now, named={alert.pk} if is_named else ())[0]


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
    end_all([telling.Closing(alert, alert.opened_at)], now=now, by=by)


def end_all(closings: Sequence[telling.Closing], *, now: datetime, by: int | None = None) -> None:
    """Do for many closings what `end` does for one, with no more statements."""
    if not closings:
        return
    alerts = [closing.alert for closing in closings]
    telling.call_off_closed(alerts, now=now)
    _end(alerts, now)
    telling.tell_of_closings(closings, now=now, by=by)


def resume(alert: Alert, *, now: datetime) -> None:
    """Go on where the escalation was when it was paused; at once if the next step's time has passed."""
    settle(alert, now=now)


def advance(alert: Alert, *, now: datetime) -> tuple[User, ...]:
    """Run the next step now, whatever its wait and its stop; return who is told by it."""
    escalation = _live(alert)
    if escalation is None:
        start(alert, now=now)
        escalation = _live(alert)
    if escalation is None:
        timeline.record(alert, AlertEvent.Kind.NOBODY_REACHED, now=now, text=_NO_POLICY)
        return ()
    escalation.due_at = now  # from which the wait of the one after it counts
    return steps.run(escalation, alert, now=now, is_asked_for=True)


def let_go(alerts: Iterable[Alert], *, now: datetime) -> None:
    """Begin the policies of those alerts that were waiting for more reports, with their first waits."""
    rows = list(Escalation.objects.filter(alert__in=alerts, status=Escalation.Status.WAITING))
    for row in rows:
        row.started_at, row.status = now, Escalation.Status.RUNNING
        row.due_at = now + _first_wait(row)
    if rows:
        update_rows(rows, ("started_at", "due_at", "status"))
        jobs.nudge(ESCALATE)


def hold_no_more(alert: Alert, *, now: datetime) -> None:
    """Run at once the step that is held because by plan nobody is on call."""
    held = Escalation.objects.filter(alert=alert, status=Escalation.Status.HELD)
    if held.update(status=Escalation.Status.RUNNING, due_at=now):
        jobs.nudge(ESCALATE)


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


def _begin_anew(alert: Alert, now: datetime, actor: Actor) -> None:
    timeline.record(alert, AlertEvent.Kind.ESCALATED, now=now, actor=actor, text=_ANEW)
    start(alert, now=now)
    settle(alert, now=now)


def _place(dedup_key: str) -> str:
    """Return which step of which escalation a page belongs to: its key without the person and channel."""
    return dedup_key.rsplit(":", 2)[0]


def _live(alert: Alert) -> Escalation | None:
    return Escalation.objects.live().filter(alert=alert).first()


def _end(alerts: Iterable[Alert], now: datetime) -> None:
    ids = [alert.pk for alert in alerts]
    if ids:
        _end_those_of(ids, now)


@compiled
def _end_those_of(alert_ids: Sequence[int], now: datetime) -> int:
    return (
        Escalation.objects.live()
        .filter(alert__in=alert_ids)
        .update(status=Escalation.Status.ENDED, ended_at=now, due_at=None, claimed_by="", lease_until=None)
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
    return escalation.started_at + _first_wait(escalation)


def _first_wait(escalation: Escalation) -> timedelta:
    """Return the wait of the step that an escalation of which nothing was run yet has come to."""
    plan = steps.plan_of(escalation)
    return plan.step_at(steps.position_of(escalation)).wait if plan.steps else timedelta(0)


def _begin(start: Start, plan: Plan, now: datetime) -> Escalation:
    """Return an escalation at its first position, not yet saved."""
    alert, begins = start.alert, start.begins
    began_at = begins.at or now
    move = rules.first_position(plan, **steps.state_of(alert))
    return Escalation(
        alert=alert,
        integration_id=alert.integration_id,
        urgency=telling.urgency_of(alert),
        policy_id=alert.policy_id,
        steps=[step.as_json() for step in plan.steps],
        runs=plan.runs,
        run=move.position.run,
        step=move.position.step,
        status=Escalation.Status.WAITING if begins.waits else Escalation.Status.RUNNING,
        due_at=None if begins.waits else began_at + move.wait,
        started_at=began_at,
    )


def _freeze(starts: Sequence[Start], now: datetime, named: Collection[int] = ()) -> list[Plan]:
    """Return the plans of the alerts' policies as they are now. named: of alerts known to name people."""
    policies = {each.alert.policy_id: each.alert.policy for each in starts}
    frozen = {pk: frozen_steps(policy) for pk, policy in policies.items()}
    unnamed = {pk for pk, rows in frozen.items() if not any(step.tells_recipients for step in rows)}
    asked = [each for each in starts if each.alert.policy_id in unnamed]
    having = targets.with_recipients(
        [each.alert for each in asked], plain={each.alert.pk for each in asked if each.is_plain}
    )
    return [
        rules.plan_of(
            frozen[each.alert.policy_id],
            runs=max(policy.runs, 1) if (policy := each.alert.policy) else 1,
            stop=stop_of(policy),
            has_recipients=each.alert.pk in having or each.alert.pk in named,
            first=targets.on_duty(each.first, frozen[each.alert.policy_id], now),
        )
        for each in starts
    ]
