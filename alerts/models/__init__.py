"""What is stored about people, alerts, escalation, schedules and notifications."""

from alerts.models.alert import Alert, AlertEvent, AlertKey
from alerts.models.escalation import Escalation, EscalationPolicy, EscalationStep
from alerts.models.handover import Feed, HandOver
from alerts.models.hours import SupportHours
from alerts.models.invitation import Invitation
from alerts.models.notification import Attempt, Notification
from alerts.models.override import OutOfOffice, Override
from alerts.models.schedule import CalendarShift, Rotation, RotationHours, RotationTurn, Schedule
from alerts.models.user import Team, TeamMembership, User

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertKey",
    "Attempt",
    "CalendarShift",
    "Escalation",
    "EscalationPolicy",
    "EscalationStep",
    "Feed",
    "HandOver",
    "Invitation",
    "Notification",
    "OutOfOffice",
    "Override",
    "Rotation",
    "RotationHours",
    "RotationTurn",
    "Schedule",
    "SupportHours",
    "Team",
    "TeamMembership",
    "User",
]
