"""Rows for tests, with sensible values for whatever a test does not care about."""

import json
from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from alertops.lib import secrets
from alerts import models as alerts
from brokers import models as brokers
from brokers import operations as broker_operations
from integrations import models as integrations

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = alerts.User

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    first_name = factory.LazyAttribute(lambda user: user.username.capitalize())
    is_staff = True


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = alerts.Team
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Team {n}")

    @factory.post_generation
    def people(self, _create, people, **_kwargs):
        for position, user in enumerate(people or ()):
            alerts.TeamMembership.objects.create(team=self, user=user, position=position)


class HoursFactory(DjangoModelFactory):
    """Support hours, closed on every day that is not named."""

    class Meta:
        model = alerts.SupportHours

    name = factory.Sequence(lambda n: f"Hours {n}")
    time_zone = "UTC"


class PolicyFactory(DjangoModelFactory):
    class Meta:
        model = alerts.EscalationPolicy

    name = factory.Sequence(lambda n: f"Policy {n}")
    runs = 1


class StepFactory(DjangoModelFactory):
    class Meta:
        model = alerts.EscalationStep
        skip_postgeneration_save = True

    policy = factory.SubFactory(PolicyFactory)
    position = factory.Sequence(lambda n: n)

    @factory.post_generation
    def users(self, _create, users, **_kwargs):
        self.users.set(users or ())

    @factory.post_generation
    def teams(self, _create, teams, **_kwargs):
        self.teams.set(teams or ())

    @factory.post_generation
    def schedules(self, _create, schedules, **_kwargs):
        self.schedules.set(schedules or ())


class ScheduleFactory(DjangoModelFactory):
    class Meta:
        model = alerts.Schedule

    name = factory.Sequence(lambda n: f"Schedule {n}")
    time_zone = "UTC"


class RotationFactory(DjangoModelFactory):
    """Turns of a week that began with the year's first Monday. turns: people, or lists of them."""

    class Meta:
        model = alerts.Rotation
        skip_postgeneration_save = True

    schedule = factory.SubFactory(ScheduleFactory)
    name = factory.Sequence(lambda n: f"Rotation {n}")
    position = factory.Sequence(lambda n: n)
    starts_on = date(2026, 1, 5)
    time_zone = "UTC"

    @factory.post_generation
    def turns(self, _create, turns, **_kwargs):
        for number, people in enumerate(turns or (), start=1):
            turn = alerts.RotationTurn.objects.create(rotation=self, position=number)
            turn.users.set(people if isinstance(people, list) else [people])


class IntegrationFactory(DjangoModelFactory):
    class Meta:
        model = integrations.Integration
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Integration {n}")
    token = factory.LazyFunction(secrets.new_token)
    token_digest = factory.LazyAttribute(lambda integration: secrets.digest(integration.token))
    escalation_policy = factory.SubFactory(PolicyFactory)

    @factory.post_generation
    def recipients(self, _create, people, **_kwargs):
        self.recipient_users.set(people or ())


class RuleFactory(DjangoModelFactory):
    class Meta:
        model = integrations.MappingRule

    integration = factory.SubFactory(IntegrationFactory)
    name = "Builds"
    fields = factory.LazyFunction(
        lambda: {
            "source": {"kind": "constant", "value": "Bitbucket"},
            "source_name": {"kind": "path", "value": "repository^full_name"},
            "source_id": {"kind": "template", "value": "<commit_status^key>"},
            "source_status": {"kind": "path", "value": "commit_status^state"},
            "subject": {"kind": "template", "value": "<commit_status^name> is <commit_status^state>"},
        }
    )
    open_values = ["FAILED"]
    close_values = ["SUCCESSFUL", "INPROGRESS"]


class RouteFactory(DjangoModelFactory):
    class Meta:
        model = integrations.Route
        skip_postgeneration_save = True

    integration = factory.SubFactory(IntegrationFactory)
    position = factory.Sequence(lambda n: n)

    @factory.post_generation
    def teams(self, _create, teams, **_kwargs):
        self.teams.set(teams or ())


class AlertFactory(DjangoModelFactory):
    class Meta:
        model = alerts.Alert

    subject = "Build broken"
    created_at = NOW
    opened_at = NOW
    last_event_at = NOW


class MessageFactory(DjangoModelFactory):
    """A delivery that waits: a build with a state, as RuleFactory's rule reads it."""

    class Meta:
        model = integrations.InboundMessage

    class Params:
        state = "FAILED"
        build = "main"

    integration = factory.SubFactory(IntegrationFactory)
    received_at = NOW
    method = "POST"
    content_type = "application/json"
    body = factory.LazyAttribute(lambda message: build_body(message.state, message.build))
    body_size = factory.LazyAttribute(lambda message: len(message.body))


def build_body(state: str, build: str = "main", **more: str) -> bytes:
    """A build's status as Bitbucket tells it."""
    status = {"state": state, "key": build, "name": f"Build of {build}", **more}
    return json.dumps({"repository": {"full_name": "acme/website"}, "commit_status": status}).encode()


class RepositoryFactory(DjangoModelFactory):
    class Meta:
        model = brokers.Repository
        skip_postgeneration_save = True

    host = "github.com"
    full_name = factory.Sequence(lambda n: f"acme/repository-{n}")
    kind = "github"
    created_at = NOW

    @factory.post_generation
    def administrators(self, _create, people, **_kwargs):
        self.administrator_users.set(people or ())


class ServiceFactory(DjangoModelFactory):
    """A service that posts each push to an address that nobody listens at."""

    class Meta:
        model = brokers.RepositoryService

    repository = factory.SubFactory(RepositoryFactory)
    broker = "post"
    title = factory.Sequence(lambda n: f"Service {n}")
    settings = factory.LazyFunction(dict)
    created_at = NOW


class PushFactory(DjangoModelFactory):
    """A push of one commit to main, as it is on record; nobody has had services run for it."""

    class Meta:
        model = brokers.Push

    repository = factory.SubFactory(RepositoryFactory)
    received_at = NOW
    pusher = "anna"
    branches = ["main"]
    summary = "anna pushed 1 commit to main: Mend the basket"
    commit_count = 1
    facts = factory.LazyAttribute(
        lambda push: broker_operations.example("one", push.repository, now=push.received_at)
    )


class RunFactory(DjangoModelFactory):
    """A run that is due."""

    class Meta:
        model = brokers.BrokerRun

    service = factory.SubFactory(ServiceFactory)
    repository = factory.LazyAttribute(lambda run: run.service.repository)
    push = factory.LazyAttribute(lambda run: PushFactory(repository=run.service.repository))
    created_at = NOW
    next_attempt_at = NOW


def push_body(*commits: str, branch: str = "main", full_name: str = "acme/website", **more: object) -> bytes:
    """A push as GitHub tells it. commits: their hashes, each of one digit repeated; the oldest first."""
    nodes = [digit * 40 for digit in commits]
    repository = {
        "name": full_name.partition("/")[2],
        "full_name": full_name,
        "owner": {"login": full_name.partition("/")[0]},
        "html_url": f"https://github.com/{full_name}",
        "private": False,
        "fork": False,
    }
    body = {
        "ref": f"refs/heads/{branch}",
        "before": "b" * 40,
        "after": nodes[-1] if nodes else "b" * 40,
        "created": False,
        "deleted": False,
        "forced": False,
        "compare": f"https://github.com/{full_name}/compare/b...{branch}",
        "repository": repository,
        "pusher": {"name": "anna"},
        "commits": [
            {
                "id": node,
                "message": f"Commit {node[:4]}",
                "timestamp": "2026-03-02T11:00:00Z",
                "url": f"https://github.com/{full_name}/commit/{node}",
                "author": {"name": "Anna Berg", "email": "anna@example.com", "username": "anna"},
                "added": [],
                "removed": [],
                "modified": ["README.md"],
                "distinct": True,
            }
            for node in nodes
        ],
    }
    return json.dumps({**body, **more}).encode()
