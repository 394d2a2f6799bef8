"""What is stored about people, alerts, escalation and notifications."""

from alerts.models.alert import Alert, AlertEvent, AlertKey
from alerts.models.escalation import Escalation, EscalationPolicy, EscalationStep
from alerts.models.invitation import Invitation
from alerts.models.notification import Attempt, Notification
from alerts.models.user import Team, TeamMembership, User

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertKey",
    "Attempt",
    "Escalation",
    "EscalationPolicy",
    "EscalationStep",
    "Invitation",
    "Notification",
    "Team",
    "TeamMembership",
    "User",
]
