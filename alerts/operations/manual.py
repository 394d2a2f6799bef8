"""How a person opens an alert by hand."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from alerts.logic.event import Severity
from alerts.logic.lifecycle import Actor
from alerts.models import Alert, AlertEvent, EscalationPolicy, User
from alerts.operations import escalation
from alerts.operations.opening import opening
from alerts.operations.timeline import record


@dataclass(frozen=True, kw_only=True)
class Manual:
    """What is wrong, and who is told: a policy, people, or both."""

    subject: str
    severity: Severity
    text: str = ""
    policy: EscalationPolicy | None = None
    users: tuple[User, ...] = ()


def open_manually(manual: Manual, *, actor: Actor, now: datetime) -> Alert:
    """Open an alert that no source knows of: it has no key, so nothing joins it and only people close it."""
    with transaction.atomic():
        alert = Alert.objects.create(
            key_digest=None,
            severity=manual.severity.value,
            subject=manual.subject,
            long_text=manual.text,
            created_by=actor.label[:200],
            created_at=now,
            last_event_at=now,
            **opening(manual.policy, now),
        )
        alert.named_users.set(manual.users)
        record(alert, AlertEvent.Kind.OPENED, now=now, actor=actor, text=manual.subject)
        escalation.start(alert, now=now)
    return alert
