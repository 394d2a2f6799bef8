"""What a person leaves behind: alerts that somebody else must have, and places in which somebody is told.

A person is deactivated, not deleted: alerts and timelines go on naming them. Whatever reaches somebody
while they are here must reach somebody when they are gone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition
from alerts.models import (
    Alert,
    EscalationPolicy,
    EscalationStep,
    Rotation,
    RotationTurn,
    Team,
    TeamMembership,
    User,
)
from alerts.operations.act import act
from alerts.operations.invitations import revoke
from alerts.operations.on_call.editing import put_in_place

# Each alert is given away in a transaction of its own act: more would outlast a request.
MOST_ALERTS = 500


class StillNeeded(Exception):
    """The person cannot go yet; the text says why, and `field` which answer would help."""

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True)
class Holding:
    """What a person has, and where they are named.

    integrations: those that name the person themselves.
    silent: steps, integrations and rotations that would have nobody without the person.
    """

    alerts: list[Alert]
    teams: list[Team]
    steps: list[EscalationStep]
    last_resorts: list[EscalationPolicy]
    integrations: list[Any]
    rotations: list[Rotation]
    silent: list[Any]

    @property
    def has_places(self) -> bool:
        return any((self.teams, self.steps, self.last_resorts, self.integrations, self.rotations))

    @property
    def policies(self) -> list[EscalationPolicy]:
        """Return the policies that name the person, each once."""
        named = [*(step.policy for step in self.steps), *self.last_resorts]
        return list({policy.pk: policy for policy in named}.values())


def holding_of(person: User) -> Holding:
    """Return what a person has; a fixed number of queries."""
    others = _reachable().exclude(pk=person.pk)
    steps = _with_others(_steps_reaching(person), others)
    reached = [step.policy_id for step in steps]
    integrations = _integrations_with_others(person, reached, others)
    rotations = _rotations_with_others(person, others)
    return Holding(
        alerts=list(Alert.objects.not_closed().filter(owner=person).order_by("-id")[: MOST_ALERTS + 1]),
        teams=list(person.teams.order_by("name")),
        steps=[step for step in steps if step.names_person],
        last_resorts=list(EscalationPolicy.objects.filter(last_resort=person)),
        integrations=[row for row in integrations if row.names_person],
        rotations=rotations,
        silent=[row for row in (*steps, *integrations, *rotations) if not row.has_others],
    )


def is_named_anywhere(person: User) -> bool:
    """Tell whether alerts, teams, policies, integrations or rotations still count on a person."""
    holding = holding_of(person)
    return bool(holding.alerts) or holding.has_places


def is_told_anywhere(team: Team) -> bool:
    """Tell whether a policy or an integration tells a team: without it, it might tell nobody."""
    integration: Any = Alert._meta.get_field("integration").related_model
    return (
        EscalationStep.objects.filter(teams=team).exists()
        or integration.objects.filter(recipient_teams=team).exists()
    )


def silent_places_of(team: Team) -> list[Any]:
    """Return the steps and integrations that tell a team, and reach nobody as its members are now."""
    everybody = _reachable()
    steps = _with_others(EscalationStep.objects.filter(teams=team).select_related("policy"), everybody)
    tells_team = Q(recipient_teams=team) | Q(escalation_policy__in=[step.policy_id for step in steps])
    integrations = _integrations(everybody).filter(tells_team).distinct().order_by("name")
    return [place for place in (*steps, *integrations) if not place.has_others]


def deactivate(
    person: User, *, actor: Actor, alerts_to: User | None, place_to: User | None, now: datetime
) -> Holding:
    """Switch a person off, and put others where they were. Returns what the person had.

    alerts_to: gets the alerts that are not closed, and is told.
    place_to: takes the person's place in teams, policies, integrations and rotations; None: the person is
    taken out.
    Raises StillNeeded, and then nothing has happened.
    """
    with transaction.atomic():
        holding = holding_of(person)
        _refuse(person, holding, actor, alerts_to, place_to)
        if alerts_to:
            _give_away(holding.alerts, alerts_to, actor, now)
        _replace(person, holding, place_to)
        for rotation in holding.rotations:
            put_in_place(rotation, person, place_to, now=now)
        person.is_active = False
        person.save(update_fields=["is_active"])
        revoke(person)
    return holding


def activate(person: User) -> None:
    """Let a person in and be told again; the places they had stay with whoever took them."""
    person.is_active = True
    person.save(update_fields=["is_active"])


def name_of(place: Any) -> str:
    """Name a step, an integration or a rotation, as people speak of it."""
    if isinstance(place, Rotation):
        return _("the rotation %(name)s of %(schedule)s") % {"name": place, "schedule": place.schedule}
    if isinstance(place, EscalationStep):
        return _("a step of the policy %(policy)s") % {"policy": place.policy}
    return _("the integration %(name)s") % {"name": place}


# Who would be left


def _steps_reaching(person: User) -> QuerySet[EscalationStep]:
    """Return the steps that reach a person, by name or through a team."""
    named = EscalationStep.users.through.objects.filter(escalationstep=OuterRef("pk"), user=person)
    member = EscalationStep.teams.through.objects.filter(
        escalationstep=OuterRef("pk"), team__memberships__user=person
    )
    rows = EscalationStep.objects.annotate(names_person=Exists(named))
    return rows.filter(Q(names_person=True) | Exists(member)).select_related("policy")


def _with_others(steps: QuerySet[EscalationStep], others: QuerySet[User]) -> list[Any]:
    """Return steps, each with whether it tells somebody of the others."""
    users = EscalationStep.users.through.objects.filter(escalationstep=OuterRef("pk"), user__in=others)
    teams = EscalationStep.teams.through.objects.filter(
        escalationstep=OuterRef("pk"), team__memberships__user__in=others
    )
    elsewhere = Q(tells_recipients=True) | Q(tells_owner=True)
    return list(
        steps.annotate(has_others=Exists(users) | Exists(teams) | elsewhere).order_by("policy", "position")
    )


def _integrations_with_others(person: User, policies: Iterable[int], others: QuerySet[User]) -> list[Any]:
    """Return the integrations that count on a person, each with whether it tells somebody of the others."""
    rows = _integrations(others)
    mine = {"integration": OuterRef("pk")}
    rows = rows.annotate(
        names_person=Exists(rows.model.recipient_users.through.objects.filter(**mine, user=person))
    )
    by_team = rows.model.recipient_teams.through.objects
    counts_on = (
        Q(names_person=True)
        | Q(escalation_policy__in=set(policies))
        | Exists(by_team.filter(**mine, team__memberships__user=person))
    )
    return list(rows.filter(counts_on).order_by("name"))


def _rotations_with_others(person: User, others: QuerySet[User]) -> list[Any]:
    """Return the rotations in which a person has turns, each with whether somebody else has."""
    turns = RotationTurn.users.through.objects.filter(rotationturn__rotation=OuterRef("pk"))
    rows = Rotation.objects.current().annotate(has_others=Exists(turns.filter(user__in=others)))
    return list(rows.filter(Exists(turns.filter(user=person))).select_related("schedule").order_by("pk"))


def _integrations(others: QuerySet[User]) -> QuerySet[Any]:
    """Return all integrations, each with whether it tells somebody of the others."""
    # The class is not to be imported here: integrations stand above alerts.
    integration: Any = Alert._meta.get_field("integration").related_model
    by_user = integration.recipient_users.through.objects
    by_team = integration.recipient_teams.through.objects
    step_users = EscalationStep.users.through.objects.filter(
        escalationstep__policy=OuterRef("escalation_policy")
    )
    step_teams = EscalationStep.teams.through.objects.filter(
        escalationstep__policy=OuterRef("escalation_policy")
    )
    mine = {"integration": OuterRef("pk")}
    rows = integration.objects.annotate(
        has_others=Exists(by_user.filter(**mine, user__in=others))
        | Exists(by_team.filter(**mine, team__memberships__user__in=others))
        | Exists(step_users.filter(user__in=others))
        | Exists(step_teams.filter(team__memberships__user__in=others)),
    )
    return rows.defer("token", "signing_secret", "sample_body")


def _reachable() -> QuerySet[User]:
    """Return everybody who can be told."""
    return User.objects.filter(is_active=True).exclude(email="")


# Going


def _refuse(
    person: User, holding: Holding, actor: Actor, alerts_to: User | None, place_to: User | None
) -> None:
    """Raise what keeps the person here."""
    if person.pk == actor.user_id:
        raise StillNeeded(_("You cannot deactivate yourself: ask somebody else to."))
    remaining = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)
    if person.is_superuser and not remaining.exists():
        raise StillNeeded(_("This is the last superuser: make somebody else a superuser first."))
    if len(holding.alerts) > MOST_ALERTS:
        raise StillNeeded(
            _("More than %(most)d alerts: close or assign some in the list first.") % {"most": MOST_ALERTS}
        )
    if holding.alerts and alerts_to is None:
        raise StillNeeded(_("Choose who gets the alerts."), field="alerts_to")
    for successor, field in ((alerts_to, "alerts_to"), (place_to, "place_to")):
        others = _reachable().exclude(pk=person.pk)
        if successor and not others.filter(pk=successor.pk).exists():
            raise StillNeeded(
                _("%(who)s cannot be told of anything: choose somebody active with an e-mail address.")
                % {"who": successor},
                field=field,
            )
    if holding.silent and place_to is None:
        names = ", ".join(dict.fromkeys(map(name_of, holding.silent)))
        raise StillNeeded(
            _("Nobody would be told by %(names)s: choose who takes the place.") % {"names": names},
            field="place_to",
        )


def _give_away(alerts: Iterable[Alert], heir: User, actor: Actor, now: datetime) -> None:
    for alert in alerts:
        try:
            act(alert.pk, Act(action=Action.ASSIGN, actor=actor, user_id=heir.pk), now=now)
        except InvalidTransition:
            continue  # it was closed meanwhile


def _replace(person: User, holding: Holding, successor: User | None) -> None:
    """Put a successor wherever the person is named, or leave the place to the others there."""
    for membership in TeamMembership.objects.filter(user=person):
        is_member = TeamMembership.objects.filter(team=membership.team_id, user=successor).exists()
        if successor is None or is_member:
            membership.delete()
        else:
            membership.user = successor
            membership.save()
    for people in _people_of(holding):
        people.remove(person)
        if successor:
            people.add(successor)
    for policy in holding.last_resorts:
        policy.last_resort = successor
        policy.save(update_fields=["last_resort"])


def _people_of(holding: Holding) -> Iterator[Any]:
    for step in holding.steps:
        yield step.users
    for integration in holding.integrations:
        yield integration.recipient_users
