"""Policies that come ready: a newcomer's first, those to begin with, and copies."""

import itertools

from django.db import transaction
from django.utils.translation import gettext as _

from alerts.logic.escalation import Step
from alerts.models import EscalationPolicy, EscalationStep, User
from alerts.operations.starters import STARTERS, Starter

LONGEST_NAME = 90  # with room for a number


class UnknownStarter(LookupError):
    """There is no policy to begin with by this name."""


@transaction.atomic
def start_policy(person: User) -> EscalationPolicy:
    """Make a policy of one step that tells a person, and whom the integration names, at once."""
    policy = EscalationPolicy.objects.create(
        name=_free_name(_("On call")),
        description=_("Tells %(name)s at once. Add steps for who is next.") % {"name": person},
    )
    step = EscalationStep.objects.create(policy=policy, position=1, tells_recipients=True)
    step.users.add(person)
    return policy


def starter(slug: str) -> Starter:
    """Return a policy to begin with. Raises UnknownStarter."""
    found = next((each for each in STARTERS if each.slug == slug), None)
    if found is None:
        raise UnknownStarter(slug)
    return found


@transaction.atomic
def adopt(chosen: Starter) -> EscalationPolicy:
    """Make a policy of one to begin with, in the language of whoever asks."""
    policy = EscalationPolicy.objects.create(
        name=_free_name(str(chosen.name)),
        description=str(chosen.description),
        stop=chosen.stop.value,
        runs=chosen.runs,
    )
    for position, step in enumerate(chosen.steps, start=1):
        _create_step(policy, position, step)
    return policy


@transaction.atomic
def clone(policy: EscalationPolicy) -> EscalationPolicy:
    """Make a policy with the same settings and steps; nothing uses it yet."""
    copy = EscalationPolicy.objects.get(pk=policy.pk)
    copy.pk, copy.name = None, _free_name(_("Copy of %(name)s") % {"name": policy.name})
    copy.save(force_insert=True)
    for row in policy.steps.all():
        step = EscalationStep.objects.get(pk=row.pk)
        step.pk, step.policy = None, copy
        step.save(force_insert=True)
        for name in ("users", "teams", "schedules"):
            getattr(step, name).set(getattr(row, name).all())
    return copy


def _create_step(policy: EscalationPolicy, position: int, step: Step) -> EscalationStep:
    return EscalationStep.objects.create(
        policy=policy,
        position=position,
        wait=step.wait,
        team_role=step.team_role.value,
        tells_recipients=step.tells_recipients,
        urgency=step.urgency.value if step.urgency else "",
    )


def _free_name(name: str) -> str:
    name = name[:LONGEST_NAME]
    taken = set(EscalationPolicy.objects.filter(name__startswith=name).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in taken)
