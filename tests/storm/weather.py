"""What a storm needs in its installation: a loud integration, a quiet one, and many messages at once."""

import copy
from datetime import UTC, datetime, timedelta

from django.db.models import Model

from alerts.models import Alert, Escalation, Notification
from alerts.operations import escalation
from integrations.models import WAITING, InboundMessage, Integration
from tests.factories import (
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    UserFactory,
)


def build() -> str:
    """Make both integrations, each with somebody to tell; return the quiet one's token."""
    return {name: _integration(name).token for name in ("loud", "quiet")}["quiet"]


def flood(count: int) -> None:
    """Fill the queues with the loud integration's: alerts that nobody was told of, and as many deliveries."""
    now, loud = datetime.now(UTC), Integration.objects.get(name="loud")
    messages = [
        MessageFactory.build(integration=loud, received_at=now, build=f"build {number}")
        for number in range(count)
    ]
    InboundMessage.objects.bulk_create(messages)
    first = AlertFactory(integration=loud, policy=loud.escalation_policy, created_at=now, opened_at=now)
    escalation.start(first, now=now)
    more = Alert.objects.bulk_create(_copy(first) for _n in range(count - 1))
    begun = Escalation.objects.get()
    Escalation.objects.bulk_create(_copy(begun, alert=alert) for alert in more)


def waits() -> dict[str, int]:
    """Return how much there is to be done, by kind."""
    now = datetime.now(UTC)
    return {
        "messages": InboundMessage.objects.filter(WAITING).count(),
        "escalations": Escalation.objects.due_for_escalation(now).count(),
        "notifications": Notification.objects.due_for_delivery(now).count(),
    }


def _integration(name: str) -> Integration:
    policy = PolicyFactory(name=name)
    StepFactory(policy=policy, users=[UserFactory(username=name)])
    StepFactory(policy=policy, users=[UserFactory(username=f"{name}2")], wait=timedelta(hours=1))
    integration = IntegrationFactory(name=name, escalation_policy=policy)
    RuleFactory(integration=integration)
    return integration


def _copy(row: Model, **columns: object) -> Model:
    """Return a row like one that is stored, not yet saved."""
    twin = copy.copy(row)
    twin.pk, twin._state = None, copy.copy(row._state)
    twin._state.adding = True
    for name, value in columns.items():
        setattr(twin, name, value)
    return twin
