"""The pages of people, alerts, escalation and notifications."""

from alerts.admin import alerts, escalation, notifications, people

__all__ = ["alerts", "escalation", "notifications", "people"]
