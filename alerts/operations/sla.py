"""That an alert should have been closed by now: put on record once for each of its openings."""

from datetime import datetime

from django.db import transaction

from alertops.lib.sayings import saying
from alerts.models import Alert, AlertEvent
from alerts.operations.timeline import record

_MISSED = saying("It should have been closed by now: its SLA is missed.")


def miss(alert_id: int, *, now: datetime) -> bool:
    """Put on record that an alert was not closed in time; tell whether it was our turn."""
    due = Alert.objects.due_for_sla(now).order_by().filter(pk=alert_id)
    with transaction.atomic():
        if not due.update(sla_missed_at=now):
            return False
        alert = Alert.objects.get(pk=alert_id)
        record(alert, AlertEvent.Kind.SLA_MISSED, now=now, text=_MISSED)
    return True
