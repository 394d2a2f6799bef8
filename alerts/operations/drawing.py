"""The steps of a policy as a time line: what it would do to an alert that nobody takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import sqrt

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from alerts.logic import escalation as rules
from alerts.logic.escalation import Position, Role, Step, TeamOrder
from alerts.logic.lifecycle import Status
from alerts.models import Alert, EscalationPolicy, EscalationStep, SupportHours, User
from alerts.models.alert import SEVERITY_CHOICES
from alerts.models.escalation import STOP_CHOICES
from alerts.operations import targets
from alerts.operations.freezing import frozen_steps
from alerts.operations.targets import Directory

# Of an alert that nobody has.
_UNTAKEN = {"status": Status.OPEN, "has_owner": False}


@dataclass(frozen=True)
class Mark:
    """One moment of the first round.

    after: since the alert.  place: from 0 to 100, from the first to the last; early ones have more room.
    who: whom the step names.  now: who that is at this moment, as far as it can be said without an alert.
    only: under which conditions.  stops: a stop of its own.  number: 0 is the last resort.
    """

    number: int
    who: str
    only: str = ""
    stops: str = ""
    after: timedelta = timedelta(0)
    place: float = 0.0
    now: str = ""


@dataclass(frozen=True)
class Drawing:
    """The first round of a policy. runs: how often it is gone through."""

    marks: tuple[Mark, ...]
    runs: int


def drawing_of(policy: EscalationPolicy, *, now: datetime) -> Drawing:
    """Return a policy's steps on a time line, with who is told as things are now."""
    steps = frozen_steps(policy)
    if not steps:
        return Drawing((), policy.runs)
    plan, directory, rows = rules.Plan(tuple(steps), 1), Directory([], steps), _rows(policy)
    *stages, (last, _position) = _stages(plan, directory)
    marks = [
        replace(_mark(rows[position.step], plan.step_at(position), position.member), after=after)
        for after, position in stages
    ]
    reached = [
        targets.targets_of(plan.step_at(position), position.member, Alert(pk=0), directory, now).people
        for _after, position in stages
    ]
    marks = [replace(mark, now=_names(people)) for mark, people in zip(marks, reached, strict=True)]
    resort = _names(targets.last_resort(policy, directory).people)
    end = Mark(0, _("last resort, then again every hour"), after=last, now=resort)
    return Drawing(tuple(_placed([*marks, end])), policy.runs)


def _placed(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Yield marks with their places; by the root of the time, so that the first minutes have room."""
    last = marks[-1].after
    return (replace(mark, place=100 * sqrt(mark.after / last) if last else 0.0) for mark in marks)


def _rows(policy: EscalationPolicy) -> Sequence[EscalationStep]:
    return list(policy.steps.select_related("hours").prefetch_related("users", "teams", "schedules"))


def _stages(plan: rules.Plan, directory: Directory) -> Iterator[tuple[timedelta, Position]]:
    """Yield when which step of the first round runs, and when it is over."""
    move, after = rules.first_position(plan, **_UNTAKEN), timedelta(0)  # type: ignore[arg-type]
    while True:
        after += move.wait
        yield after, move.position
        if plan.is_end(move.position):
            return
        size = targets.team_size(plan.step_at(move.position), directory)
        move = rules.next_position(plan, move.position, team_size=size, **_UNTAKEN)  # type: ignore[arg-type]


def _mark(row: EscalationStep, step: Step, member: int) -> Mark:
    return Mark(
        step.number,
        _("the next member of each team") if member else _who(row, step),
        only=", ".join(_conditions(row)),
        stops=str(dict(STOP_CHOICES)[row.stop]) if row.stop else "",
    )


def _who(row: EscalationStep, step: Step) -> str:
    """Say whom a step names, in the order in which they are told."""
    named = [str(user) for user in row.users.all()]
    if row.tells_recipients:
        named.append(_("the integration's recipients") + _role(step.team_role))
    if row.tells_owner:
        named.append(_("the alert's owner"))
    named += [
        _("schedule %(name)s") % {"name": schedule} + _role(step.schedule_role)
        for schedule in row.schedules.all()
    ]
    order = _(", one by one") if step.team_order is TeamOrder.ONE_BY_ONE else ""
    named += [_("team %(name)s") % {"name": team} + _role(step.team_role) + order for team in row.teams.all()]
    return get_text_list(named, _("and"))


def _role(role: Role) -> str:
    if role is Role.EVERYBODY:
        return ""
    return f" ({dict(EscalationStep.Role.choices)[role.value]})"


def _conditions(row: EscalationStep) -> Iterator[str]:
    """Say under which conditions a step runs."""
    if row.severities:
        words = dict(SEVERITY_CHOICES)
        names = [str(words[severity]) for severity in row.severities]
        yield _("only when it is %(severities)s") % {"severities": get_text_list(names, _("or"))}
    if row.tag:
        yield _("only with the tag %(tag)s") % {"tag": f"{row.tag} {row.tag_values}".strip()}
    if row.hours:
        yield _hours(row.hours, is_outside=row.is_outside_hours)


def _hours(hours: SupportHours, *, is_outside: bool) -> str:
    words = _("only outside of %(hours)s") if is_outside else _("only in %(hours)s")
    return words % {"hours": hours}


def _names(people: Sequence[User]) -> str:
    return ", ".join(map(str, people))
