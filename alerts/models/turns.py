"""Whose turn it is when more is due than can be done at once: that of every integration, in turn."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any

from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from alertops.lib.claims import Claimable, ClaimableQuerySet
from alerts.logic.event import Urgency

# An integration, its urgency and the id of one of its rows; what was made by hand has no integration.
Row = tuple[int | None, str, int]

MOST_URGENT_FIRST = (Urgency.HIGH, Urgency.LOW)


class InTurnsQuerySet(ClaimableQuerySet):
    def oldest(self, limit: int) -> models.QuerySet:
        """Return what is due first; as many as the limit are a storm: see `of_each_integration`."""
        return self.order_by("due_at").values_list("integration_id", "urgency", "pk")[:limit]

    def of_each_integration(self, limit: int) -> list[Row]:
        """Return each integration's first rows, about `limit` in all, in an order that prefers none for long.

        When all have more than their share there is at least one of each. However many rows wait or are
        stored, this costs one look into an index for each integration.
        """
        senders = _integrations(self.model)
        # By order and limit, not by Exists: of that PostgreSQL may think that any row will do, and walk
        # through the whole storm for those who have none.
        high, low = (Subquery(rows.values("pk")) for rows in self._first(1, integration=OuterRef("pk")))
        waiting = list(
            senders.alias(first=Coalesce(high, low))
            .filter(first__isnull=False)
            .order_by("?")
            .values_list("pk", flat=True)
        )
        share = max(1, limit // (len(waiting) + 1))
        of_senders = self._first(share, integration=OuterRef("pk"))
        firsts = senders.filter(pk__in=waiting).values_list("pk", *map(_Ids, of_senders))
        by_hand = (list(rows.values_list("pk", flat=True)) for rows in self._first(share, integration=None))
        found: dict[int | None, list[list[int]]] = {None: list(by_hand)}
        found |= {pk: [ids or [] for ids in columns] for pk, *columns in firsts}
        return list(chain.from_iterable(_rows(pk, found[pk], share) for pk in (*waiting, None)))

    def _first(self, share: int, **condition: Any) -> list["InTurnsQuerySet"]:
        """Return the oldest rows of each urgency, in the whole order of their index, which no other has."""
        return [
            self.filter(**condition, urgency=urgency).order_by("due_at", "pk")[:share]
            for urgency in MOST_URGENT_FIRST
        ]


class TakesTurns(Claimable):
    """Base of every row that is due at a time and belongs to an integration, or to what was made by hand.

    integration: the alert's, written again for the sake of an index. No constraint of its own: the
    alert's keeps it, and it costs a look-up for each row that is written.
    """

    integration = models.ForeignKey(
        "integrations.Integration",
        models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("integration"),
        db_constraint=False,
        db_index=False,  # the index that finds whose turn it is begins with it
    )

    class Meta:
        abstract = True


class _Ids(Subquery):
    """The ids of a sub-query's rows, in its order, as one list."""

    template = "(SELECT jsonb_agg(due.id) FROM (%(subquery)s) AS due)"
    output_field = models.JSONField()

    def __init__(self, rows: models.QuerySet) -> None:
        super().__init__(rows.values("id"))

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        template = "(SELECT json_group_array(due.id) FROM (%(subquery)s) AS due)"
        return self.as_sql(compiler, connection, template=template)


def _integrations(model: Any) -> models.QuerySet:
    """Return all integrations, whose class is not to be imported here."""
    return model.integration.get_queryset()


def _rows(integration_id: int | None, by_urgency: list[list[int]], share: int) -> list[Row]:
    rows = [
        (integration_id, urgency.value, pk)
        for urgency, ids in zip(MOST_URGENT_FIRST, by_urgency, strict=True)
        for pk in ids
    ]
    return rows[:share]


def in_turns(oldest: Sequence[Row], limit: int, *, due: Callable[[], InTurnsQuerySet]) -> list[int]:
    """Return the ids of about `limit` rows that are due, in the order in which they are to be done.

    oldest: what `oldest` brought of them.  due: makes the QuerySet of all of them, if that is needed.
    The integrations take turns, so that the many rows of one do not delay the few of another; the
    alerts made by hand are one more of them. Of each the most urgent come first, then the oldest.
    """
    is_storm = len(oldest) == limit
    return list(_in_turns(due().of_each_integration(limit) if is_storm else oldest))


def _in_turns(rows: Iterable[Row]) -> Iterator[int]:
    """Yield one id of each integration, then another of each; the most urgent of an integration first."""
    lanes: dict[int | None, list[Row]] = defaultdict(list)
    for row in rows:
        lanes[row[0]].append(row)
    for lane in lanes.values():
        lane.sort(key=lambda row: MOST_URGENT_FIRST.index(Urgency(row[1])))
    for turn in zip_longest(*lanes.values()):
        yield from (row[2] for row in turn if row)
