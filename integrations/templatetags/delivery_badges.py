"""The badges of deliveries, for templates."""

from django import template

from integrations import badges

register = template.Library()
register.filter("delivery_badge", badges.status)
register.filter("reason_words", badges.reason)
