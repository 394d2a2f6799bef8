"""What is set up before the torture and read after it; runs inside the installation."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from alerts.models import (
    Alert,
    AlertEvent,
    Attempt,
    Escalation,
    EscalationPolicy,
    EscalationStep,
    Notification,
    Team,
    TeamMembership,
    User,
)
from integrations import operations
from integrations.models import WAITING, InboundMessage

# Everybody who is told, in the order of the steps.
PEOPLE = ("anna", "ben", "carl", "dora")
WAITS = (timedelta(0), timedelta(seconds=4), timedelta(seconds=5))


def create(integrations: int) -> list[str]:
    """Make people, a policy and integrations; return the tokens."""
    anna, ben, carl, dora = (
        User.objects.create_user(name, f"{name}@example.com", first_name=name.title()) for name in PEOPLE
    )
    team = Team.objects.create(name="Night")
    for position, user in enumerate((carl, dora)):
        TeamMembership.objects.create(team=team, user=user, position=position)
    policy = EscalationPolicy.objects.create(name="Torture", runs=1, last_resort=dora)
    steps = [
        EscalationStep.objects.create(policy=policy, position=position, wait=wait)
        for position, wait in enumerate(WAITS)
    ]
    EscalationStep.objects.filter(pk=steps[0].pk).update(tells_recipients=True)
    steps[1].users.add(ben)
    steps[2].teams.add(team)
    return [
        operations.create_integration("bitbucket", name=f"Builds {n}", policy=policy, users=[anna]).token
        for n in range(integrations)
    ]


def is_quiet() -> bool:
    """Tell whether nothing waits any more: no message, no step, no notification.

    The last resort is told minutes after the last step: that is not waited for.
    """
    soon = timezone.now() + max(WAITS)  # noqa: TID251 (the torture has the clock of the world)
    return not (
        InboundMessage.objects.filter(WAITING).exists()
        or Notification.objects.pending().exists()
        or Escalation.objects.filter(due_at__lte=soon).exists()
    )


def read() -> dict[str, list[dict[str, Any]]]:
    """Return all that was written, times as seconds since 1970."""
    return {
        "messages": _rows(
            InboundMessage, *("id", "alert_id", "status", "reason", "received_at", "processed_at")
        ),
        "alerts": _rows(Alert, "id", "source_id", "status", "event_count", "closed_at"),
        "steps": _rows(AlertEvent, "id", "alert_id", "at", "data", kind=AlertEvent.Kind.STEP),
        "notifications": _rows(
            Notification,
            *("id", "alert_id", "address", "kind", "status", "dedup_key", "created_at", "due_at", "sent_at"),
        ),
        "attempts": _rows(Attempt, "notification_id", "number", "started_at", "ended_at", "result"),
    }


def _rows(model: Any, *columns: str, **condition: Any) -> list[dict[str, Any]]:
    return [
        {name: value.timestamp() if hasattr(value, "timestamp") else value for name, value in row.items()}
        for row in model.objects.filter(**condition).order_by("pk").values(*columns)
    ]
