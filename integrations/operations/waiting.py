"""How the few rows that wait are found among the many that do not, on every database.

SQLite uses a partial index only where the query repeats its condition in plain SQL: it cannot see through
the parameters that Django sends. So these conditions are spelled as the indexes of InboundMessage are.
"""

from django.db.models import BooleanField, F, Func

from integrations.models import InboundMessage, InboundMessageQuerySet

IS_WAITING = Func(
    F("status"), template="%(expressions)s IN ('pending', 'processing')", output_field=BooleanField()
)
HAS_DELIVERY_ID = Func(F("delivery_id"), template="NOT (%(expressions)s = '')", output_field=BooleanField())


def waiting() -> InboundMessageQuerySet:
    """Return the messages that wait, oldest first, by their index."""
    return InboundMessage.objects.waiting().filter(IS_WAITING)
