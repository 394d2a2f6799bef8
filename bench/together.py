"""Many alerts whose next step is due at one moment: made and looked at within an installation."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Max

from alerts.logic.escalation import Step
from alerts.models import Alert, Escalation, EscalationPolicy, Notification, User

BATCH = 1000
MINUTE = timedelta(minutes=1)


def prepare(count: int, due_at: float) -> None:
    """Open alerts whose first step was a minute ago and whose second one is due at an instant."""
    users = [User.objects.create_user(name, f"{name}@example.com") for name in ("anna", "ben")]
    policy = EscalationPolicy.objects.create(name="Together", last_resort=users[0])
    steps = [
        Step(number=number, wait=number * MINUTE, users=(user.pk,)).as_json()
        for number, user in enumerate(users)
    ]
    at = datetime.fromtimestamp(due_at, UTC)
    before = {"created_at": at - MINUTE, "opened_at": at - MINUTE, "last_event_at": at - MINUTE}
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        alerts = Alert.objects.bulk_create(
            [Alert(subject="Build failed", policy=policy, **before) for _ in range(size)]
        )
        Escalation.objects.bulk_create(
            [
                Escalation(
                    alert=alert,
                    policy=policy,
                    steps=steps,
                    step=1,
                    due_at=at,
                    started_at=at - MINUTE,
                    urgency="high",
                )
                for alert in alerts
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def run_count() -> int:
    """Return how many of them have been told."""
    return Notification.objects.filter(kind="page").count()


def lateness(due_at: float) -> list[float]:
    """Return of each step how many seconds after its time it was run, sorted."""
    at = datetime.fromtimestamp(due_at, UTC)
    runs = Notification.objects.filter(kind="page").values("alert").annotate(at=Max("created_at"))
    return sorted((row["at"] - at).total_seconds() for row in runs)
