"""What a newcomer finds: two people who take turns on call, a policy, an integration whose `curl` line opens
an alert, and a repository with services that act on its pushes."""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from alertops import roles
from alertops.lib.display import clock
from alerts.models import (
    EscalationPolicy,
    EscalationStep,
    Rotation,
    Schedule,
    Team,
    TeamMembership,
    User,
)
from alerts.operations.on_call import editing
from brokers import operations as brokers
from brokers.models import Repository
from integrations import operations
from integrations.models import Integration

ADMIN = "admin"
INTEGRATION = "Bitbucket builds"

PEOPLE = (("anna", "Anna", "Berg"), ("ben", "Ben", "Okafor"))
BUILD = {
    "repository": {"full_name": "acme/website"},
    "commit_status": {
        "key": "build-1",
        "refname": "main",
        "name": "Build",
        "state": "FAILED",
        "description": "2 of 214 tests failed",
        "commit": {"hash": "9f1c2ab", "message": "New basket", "author": {"raw": "Ben Okafor"}},
        "url": "https://bitbucket.org/acme/website/pipelines/results/1",
    },
}

# Without what is taken for something else when it is read aloud or copied by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Demo:
    """What to tell the newcomer.

    password: None when the admin has chosen another.  url: where the integration listens; None without it.
    """

    username: str
    password: str | None
    url: str | None

    @property
    def curl(self) -> str | None:
        """A line for a shell that reports a failed build."""
        if self.url is None:
            return None
        return f"curl -H 'Content-Type: application/json' -d '{json.dumps(BUILD)}' {self.url}"


def is_empty() -> bool:
    """Tell whether nobody has ever used this database."""
    return not User.objects.exists()


@transaction.atomic
def create() -> None:
    """Make whatever of the demo data is missing; leave alone what is there."""
    if not User.objects.filter(username=ADMIN).exists():
        User.objects.create_superuser(ADMIN, f"{ADMIN}@example.com", _password())
    anna, ben = (_person(*names) for names in PEOPLE)
    team, _created = Team.objects.get_or_create(
        name="Website", defaults={"description": "Who looks after the website"}
    )
    for position, (user, role) in enumerate(
        ((anna, TeamMembership.Role.PRIMARY), (ben, TeamMembership.Role.SECONDARY))
    ):
        TeamMembership.objects.get_or_create(
            team=team, user=user, defaults={"position": position, "role": role}
        )
    _schedule(team, anna, ben)
    policy = _policy(ben)
    if not Integration.objects.filter(name=INTEGRATION).exists():
        operations.create_integration("bitbucket", name=INTEGRATION, policy=policy, users=[anna])
    _repository(anna)


def describe() -> Demo:
    """Return what to tell about the data as it is now."""
    admin = User.objects.filter(username=ADMIN).first()
    password = _kept_password()
    is_current = admin is not None and password is not None and admin.check_password(password)
    integration = Integration.objects.filter(name=INTEGRATION).first()
    return Demo(
        username=ADMIN,
        password=password if is_current else None,
        url=operations.url_of(integration) if integration else None,
    )


def _person(username: str, first_name: str, last_name: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_user(
            username, f"{username}@example.com", first_name=first_name, last_name=last_name, is_staff=True
        )
        user.groups.add(Group.objects.get(name=roles.RESPONDER))
    return user


def _policy(second: User) -> EscalationPolicy:
    """Tell the integration's recipients at once, and somebody else after five minutes."""
    policy, is_new = EscalationPolicy.objects.get_or_create(
        name="Website on call", defaults={"description": "Anna at once, Ben after five minutes"}
    )
    if is_new:
        EscalationStep.objects.create(policy=policy, position=1, tells_recipients=True)
        step = EscalationStep.objects.create(policy=policy, position=2, wait=timedelta(minutes=5))
        step.users.add(second)
    return policy


def _schedule(team: Team, one: User, other: User) -> None:
    """Have two people take turns week by week, each the other's second."""
    schedule, is_new = Schedule.objects.get_or_create(
        name="Website", defaults={"description": "A week each, from Monday morning", "team": team}
    )
    if not is_new:
        return
    now = clock()
    start = now.astimezone(schedule.zone).date() - timedelta(weeks=2)
    for position, (name, role, people) in enumerate(
        (("Weeks", "primary", (one, other)), ("Second", "secondary", (other, one))), start=1
    ):
        row = Rotation(schedule=schedule, name=name, role=role, position=position, starts_on=start)
        editing.write(row, [[person] for person in people], None, at=None, now=now)


def _repository(administrator: User) -> None:
    """Mail what is pushed, and open an alert on a forced push."""
    now = clock()
    repository, is_new = Repository.objects.get_or_create(
        host="bitbucket.org", full_name="acme/website", defaults={"kind": "bitbucket", "created_at": now}
    )
    if is_new:
        repository.administrator_users.add(administrator)
        brokers.add_service(repository, "email", settings={"to": [administrator.email]}, now=now)
        words = {"opens": "[incident]", "closes": "[solved]"}
        brokers.add_service(repository, "alert", branch_filter="main, release/*", settings=words, now=now)


def _password() -> str:
    """Return the generated password; it is kept, so that the next start can tell it again."""
    password = _kept_password()
    if password is None:
        password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        with os.fdopen(os.open(_file(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password + "\n")
    return password


def _kept_password() -> str | None:
    try:
        return _file().read_text().strip()
    except FileNotFoundError:
        return None


def _file() -> Path:
    return settings.DATA_DIR / "password"
