"""What django-q2 runs by itself, as a table that is written to its Schedule rows.

No arguments and few rows: one schedule with a bad argument would stop them all. Nothing that must be
prompt is timed here; the ticker of `runworker` does that.
"""

from typing import Any

from django_q.models import Schedule

SCHEDULES: dict[str, dict[str, Any]] = {
    "The second pair of eyes": {"func": "alertops.tasks.tick", "minutes": 1, "cluster": "alerts"},
    "Retention": {"func": "alertops.tasks.prune", "minutes": 60, "cluster": "slow"},
}


def write(**_signal: Any) -> None:
    """Make the Schedule rows say what the table says, and nothing else."""
    Schedule.objects.exclude(name__in=SCHEDULES).delete()
    for name, row in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": row["func"],
                "schedule_type": Schedule.MINUTES,
                "minutes": row["minutes"],
                "cluster": row["cluster"],
                "repeats": -1,
            },
        )
