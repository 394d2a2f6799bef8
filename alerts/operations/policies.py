"""The policy that a newcomer begins with."""

import itertools

from django.db import transaction
from django.utils.translation import gettext as _

from alerts.models import EscalationPolicy, EscalationStep, User


@transaction.atomic
def start_policy(person: User) -> EscalationPolicy:
    """Make a policy of one step that tells a person, and whom the integration names, at once."""
    policy = EscalationPolicy.objects.create(
        name=_free_name(),
        description=_("Tells %(name)s at once. Add steps for who is next.") % {"name": person},
    )
    step = EscalationStep.objects.create(policy=policy, position=1, tells_recipients=True)
    step.users.add(person)
    return policy


def _free_name() -> str:
    name = _("On call")
    taken = set(EscalationPolicy.objects.filter(name__startswith=name).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in taken)
