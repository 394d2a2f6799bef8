"""Who works at Acme, and what is set up there: the well-filled installation that is photographed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from alertops import demo, roles
from alerts.models import EscalationPolicy, EscalationStep, Team, TeamMembership, User
from alerts.operations import invitations, leaving
from integrations import operations
from integrations.models import Integration

# What strangers write into names, and what is longer than anybody thought.
HOSTILE = "<script>alert('x')</script> & \"Söhne\" \u202egnp.exe 🔥"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
NO_MAILBOXES = ("emeka@example.com", "lena@example.com")

# Log-in name: first and last name, role ("" is none), time zone.
PEOPLE = {
    "anna": ("Anna", "Berg", roles.RESPONDER, "Europe/Berlin"),
    "ben": ("Ben", "Okafor", roles.RESPONDER, "Europe/London"),
    "clara": ("Clara", "Winter", roles.INTEGRATIONS_ADMIN, "Europe/Berlin"),
    "dmitri": ("Dmitri", "Volkov", roles.VIEWER, "America/New_York"),
    "emeka": ("Emeka", "Nwosu", "", "Africa/Lagos"),
    "farah": ("Farah", "Haddad", roles.ADMIN, "Asia/Dubai"),
    "greta": ("Greta", "Novak", roles.RESPONDER, "Europe/Vienna"),
    "hugo": ("Hugo", "Lindqvist", roles.RESPONDER, "Europe/Stockholm"),
    "ines": ("Inês", "Carvalho", roles.RESPONDER, "Europe/Lisbon"),
}
TEAMS = {
    "Website": ("Who looks after the website", ["anna", "ben"]),
    "Platform": ("Servers, networks and what runs on them", ["clara", "hugo", "ines", "emeka"]),
    "Database": ("Everything with tables; asks before it restarts anything", ["ines", "greta"]),
}


@dataclass
class Acme:
    """What was made, by name."""

    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    policies: dict[str, EscalationPolicy] = field(default_factory=dict)
    senders: dict[str, Integration] = field(default_factory=dict)

    def numbers(self) -> dict[str, int]:
        """Return the number of each, like "user anna" and "sender builds"."""
        kinds = {"user": self.users, "team": self.teams, "policy": self.policies, "sender": self.senders}
        return {f"{kind} {name}": row.pk for kind, rows in kinds.items() for name, row in rows.items()}


@transaction.atomic
def hire(*, is_hostile: bool) -> Acme:
    """Make the people, their teams, their policies and their integrations."""
    demo.create()
    acme = Acme()
    User.objects.filter(username="admin").update(
        first_name="Alex", last_name="Admin", time_zone="Europe/Berlin"
    )
    acme.users["admin"] = User.objects.get(username="admin")
    for username, (first, last, role, zone) in PEOPLE.items():
        user, _is_new = User.objects.get_or_create(
            username=username, defaults={"email": f"{username}@example.com"}
        )
        user.first_name, user.last_name, user.time_zone, user.is_staff = first, last, zone, bool(role)
        if is_hostile and username == "greta":
            user.last_name = LONG[:60]
        user.set_password("only for pictures")
        user.save()
        user.groups.set(Group.objects.filter(name=role))
        acme.users[username] = user
    for name, (description, members) in TEAMS.items():
        acme.teams[name], _is_new = Team.objects.get_or_create(
            name=name, defaults={"description": description}
        )
        for position, username in enumerate(members):
            user = acme.users[username]
            TeamMembership.objects.get_or_create(
                team=acme.teams[name], user=user, defaults={"position": position}
            )
    _policies(acme)
    _senders(acme)
    if is_hostile:
        told = {"policy": acme.policies["office"], "users": [acme.users["hugo"]]}
        acme.senders["hostile"] = operations.create_integration("custom", name=HOSTILE, **told)
    return acme


def come_and_go(acme: Acme, now: datetime) -> None:
    """Somebody is invited, two invitations have ended or could not be mailed, somebody has left."""
    for username, days in (("noor", 1), ("otto", 9), ("lena", 0)):
        user = User.objects.create_user(username, f"{username}@example.com", first_name=username.title())
        user.is_staff = True
        user.set_unusable_password()
        user.save()
        invitations.invite(user, by=acme.users["admin"], now=now - timedelta(days=days))
        invitations.mail_due(now)
        acme.users[username] = user
    gone = User.objects.create_user("paul", "paul@example.com", first_name="Paul", last_name="Weiss")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    acme.users["paul"] = User.objects.get(pk=gone.pk)
    assert not leaving.is_named_anywhere(acme.users["paul"])


def _policies(acme: Acme) -> None:
    users, teams = acme.users, acme.teams
    acme.policies["website"] = EscalationPolicy.objects.get(name="Website on call")
    night = EscalationPolicy.objects.create(
        name="Platform, day and night",
        description="The team one by one, then all of it, then Farah",
        runs=1,
        last_resort=users["farah"],
        priority="P1",
        sla_hours=4,
    )
    first = EscalationStep.objects.create(
        policy=night, position=1, team_order="one_by_one", member_wait=timedelta(minutes=5)
    )
    first.teams.add(teams["Platform"])
    second = EscalationStep.objects.create(
        policy=night, position=2, wait=timedelta(minutes=10), urgency="high", tells_owner=True
    )
    second.teams.add(teams["Platform"], teams["Database"])
    third = EscalationStep.objects.create(policy=night, position=3, wait=timedelta(minutes=20), stop="closed")
    third.users.add(users["farah"])
    office = EscalationPolicy.objects.create(
        name="Office hours", description="One mail; nobody is woken", runs=1, stop="assigned"
    )
    EscalationStep.objects.create(policy=office, position=1, tells_recipients=True)
    lonely = EscalationPolicy.objects.create(name="Checkout", runs=1, last_resort=users["farah"])
    for position, (username, wait) in enumerate((("anna", 0), ("ben", 15), ("clara", 30)), 1):
        step = EscalationStep.objects.create(policy=lonely, position=position, wait=timedelta(minutes=wait))
        step.users.add(users[username])
    acme.policies |= {"night": night, "office": office, "checkout": lonely}


def _senders(acme: Acme) -> None:
    make, users, teams, policies = operations.create_integration, acme.users, acme.teams, acme.policies
    acme.senders["builds"] = Integration.objects.get(name=demo.INTEGRATION)
    for slug, preset, name, policy in (
        ("prometheus", "alertmanager", "Prometheus", "night"),
        ("grafana", "grafana", "Grafana, shop dashboards", "checkout"),
        ("github", "github", "GitHub Actions", "website"),
        ("backups", "custom", "Backups", "night"),
        ("payments", "custom", "Payments", "checkout"),
        ("nagios", "custom", "Nagios of the old data center", "office"),
        ("gitlab", "gitlab", "GitLab", "office"),
    ):
        acme.senders[slug] = make(
            preset, name=name, policy=policies[policy], users=[users["hugo"]] if policy == "office" else []
        )
    acme.senders["backups"].recipient_teams.add(teams["Database"])
