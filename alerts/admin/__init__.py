"""The pages of people, alerts, escalation, schedules and notifications."""

from alerts.admin import absences, alerts, escalation, notifications, people, schedules

__all__ = ["absences", "alerts", "escalation", "notifications", "people", "schedules"]
