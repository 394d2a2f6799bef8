"""Whether an event is older than what was decided last on its key."""

from datetime import datetime

from django.db import connection

from alerts.models import AlertKey

# One statement, and the lock of its row puts all that happens to one key in order until the transaction
# ends. Django's own upsert cannot say WHERE.
_NOTE = """
    INSERT INTO alerts_alertkey (digest, decided_at) VALUES (%s, %s)
    ON CONFLICT (digest) DO UPDATE SET decided_at = excluded.decided_at
    WHERE alerts_alertkey.decided_at <= excluded.decided_at
"""


def note_decision(digest: str, at: datetime) -> bool:
    """Note that a decision of this time was made on a key; return False if a later one was noted before."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [digest, connection.ops.adapt_datetimefield_value(at)])
        return cursor.rowcount == 1


def forget_decisions(before: datetime) -> int:
    """Drop keys on which nothing was decided since an instant; return how many."""
    return AlertKey.objects.filter(decided_at__lt=before).delete()[0]
