"""Whom an event names, among the people and teams there are."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, Lower

from alertops.lib.sayings import saying
from alerts.logic.event import Event, shortened
from alerts.logic.lifecycle import Actor
from alerts.models import Alert, AlertEvent, Team, User
from alerts.operations.timeline import record

_NOBODY = saying("Nobody here is called “%(name)s”.")
_NO_TEAM = saying("No team here is called “%(name)s”.")


def add_named(alert: Alert, event: Event, actor: Actor, *, now: datetime) -> None:
    """Add whom an event names to an alert's people; who is not known goes on the timeline.

    People by username, e-mail or full name, teams by name, in whatever case; all who fit.
    """
    unknown: list[str] = []
    if event.users:
        people = people_called(event.users)
        alert.named_users.add(*people)
        spellings = [name for user in people for name in (user.username, user.email, user.get_full_name())]
        unknown += [_NOBODY % {"name": name} for name in _missing(event.users, spellings)]
    if event.teams:
        teams = teams_called(event.teams)
        alert.named_teams.add(*teams)
        spellings = [team.name for team in teams]
        unknown += [_NO_TEAM % {"name": name} for name in _missing(event.teams, spellings)]
    if unknown:
        text = shortened(" ".join(unknown), 1000)
        record(alert, AlertEvent.Kind.NOT_TOLD, now=now, actor=actor, text=text, message_id=event.message_id)


def people_called(names: Sequence[str]) -> QuerySet[User]:
    """Return the people who go by any of some names: username, e-mail or full name, in whatever case."""
    called = User.objects.filter(is_active=True).annotate(
        full_name=Concat("first_name", Value(" "), "last_name"),
        lower_username=Lower("username"),
        lower_email=Lower("email"),
        lower_full_name=Lower("full_name"),
    )
    # As written too: SQLite lowers only the letters of ASCII.
    exact, lower = _as_written(names), _lowered(names)
    return called.filter(
        Q(username__in=exact)
        | Q(email__in=exact)
        | Q(full_name__in=exact)
        | Q(lower_username__in=lower)
        | Q(lower_email__in=lower)
        | Q(lower_full_name__in=lower)
    )


def teams_called(names: Sequence[str]) -> QuerySet[Team]:
    """Return the teams of some names."""
    return Team.objects.annotate(lower_name=Lower("name")).filter(
        Q(name__in=_as_written(names)) | Q(lower_name__in=_lowered(names))
    )


def _as_written(names: Iterable[str]) -> set[str]:
    return {name.strip() for name in names} - {""}


def _lowered(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in _as_written(names)}


def _missing(names: Iterable[str], spellings: Iterable[str]) -> list[str]:
    """Return the names that are no spelling of anybody, in the order they came, each once."""
    known = _lowered(spellings)
    return [name for name in dict.fromkeys(map(str.strip, names)) if name and name.lower() not in known]
