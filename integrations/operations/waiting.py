"""How the few rows that wait are found among the many that do not, on every database.

SQLite uses a partial index only where the query repeats its condition in plain SQL: it cannot see through
the parameters that Django sends. So these conditions are spelled as the indexes of InboundMessage are.

PostgreSQL chooses by what it counted last. Counted in the middle of a storm, a great part of all messages
waits and is of one integration: asked for these in the order of their ids it reads the primary key from
the first message ever stored, seconds with a million of them. So what waits is asked for in the order of
its index, which no other index has, and the condition is sent once: twice, it is believed to be rare.
"""

from datetime import datetime

from django.db.models import BooleanField, F, Func, Min, OuterRef, QuerySet, Subquery

from integrations.models import InboundMessage, Integration

IS_WAITING = Func(
    F("status"), template="%(expressions)s IN ('pending', 'processing')", output_field=BooleanField()
)
HAS_DELIVERY_ID = Func(F("delivery_id"), template="NOT (%(expressions)s = '')", output_field=BooleanField())


def waiting() -> QuerySet[InboundMessage]:
    """Return the messages that wait, by integration and the oldest of each first, by their index.

    To know whether there are any, ask for `[:1].exists()`: without the slice Django drops the order.
    """
    return InboundMessage.objects.filter(IS_WAITING).order_by("integration_id", "id")


def waiting_of(integration_id: int) -> QuerySet[InboundMessage]:
    """Return the messages of one integration that wait, oldest first.

    By a range of one: were they equal, the order of the ids alone would do, and the primary key has it.
    """
    return waiting().filter(integration__gte=integration_id, integration__lte=integration_id)


def oldest_waiting_at() -> datetime | None:
    """Return when the message was received that waits longest; one look into the index per integration."""
    oldest = waiting().filter(integration=OuterRef("pk")).values("received_at")[:1]
    moments = Integration.objects.order_by().annotate(oldest=Subquery(oldest))
    found: datetime | None = moments.aggregate(at=Min("oldest"))["at"]
    return found
