"""Policies, and the minutes in which the engine runs their steps, as the tests of escalation put it."""

from datetime import timedelta

from alerts import engine
from alerts.models import Notification
from alerts.operations import escalation
from tests.factories import NOW, AlertFactory, IntegrationFactory, PolicyFactory, StepFactory

MINUTE = timedelta(minutes=1)


def policy(*rows, **options):
    """Make a policy; each row is a step's people, wait in minutes, and options."""
    made = PolicyFactory(**options)
    for users, wait, more in rows:
        StepFactory(policy=made, users=users, wait=wait * MINUTE, **more)
    return made


def start(a_policy=None, *, recipients=(), **options):
    integration = IntegrationFactory(escalation_policy=a_policy, recipients=recipients)
    alert = AlertFactory(policy=a_policy, integration=integration, **options.pop("alert", {}))
    escalation.start(alert, now=NOW, **options)
    return alert


def pass_minutes(first, last):
    """Let the engine run the steps of each minute, as it does when it is awake."""
    for minute in range(first, last + 1):
        while engine.escalate_due(NOW + minute * MINUTE):
            pass


def pages(alert):
    """Return (minute, person, kind) of all that was written, in order."""
    return [
        ((row.created_at - NOW) // MINUTE, row.user.username, row.kind)
        for row in Notification.objects.filter(alert=alert).order_by("id")
    ]


def told(alert):
    return [(minute, name) for minute, name, _kind in pages(alert)]


def story(alert):
    return [line.text for line in alert.events.all()]
