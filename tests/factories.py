"""Rows for tests, with sensible values for whatever a test does not care about."""

import json
from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from alertops.lib import secrets
from alerts import models as alerts
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
