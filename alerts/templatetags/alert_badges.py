"""The badges of alerts and notifications, for templates."""

from django import template

from alerts import badges

register = template.Library()
register.filter("severity_badge", badges.severity)
register.filter("status_badge", badges.status)
register.filter("notification_badge", badges.notification)
register.filter("attempt_badge", badges.attempt)
register.filter("escalation_badge", badges.escalation)
register.filter("channel_name", badges.channel_name)
