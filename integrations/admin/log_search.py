"""What the inbound log is narrowed by, and what of it an index answers."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
)
from django.db.models.functions import Cast
from django.db.models.lookups import IContains
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from alertops.lib import moments
from alertops.lib.admin import Found, choice_filter
from alertops.lib.display import clock
from integrations.badges import REASON
from integrations.logic.outcome import STATUS, Reason
from integrations.models import STATUS_CHOICES, InboundMessage, Integration, Outcome
from integrations.operations.waiting import HAS_DELIVERY_ID

TIMES = {
    "hour": (_("Last hour"), timedelta(hours=1)),
    "day": (_("Last 24 hours"), timedelta(days=1)),
    "week": (_("Last 7 days"), timedelta(days=7)),
}
INTEGRATION = "integration__id__exact"
MOST_BYTES = 10_000  # of a body; what stands further down is not looked for
# Spelled as its index is: SQLite cannot see through the parameters that Django sends.
IS_PROBLEM = Func(
    F("status"),
    template="NOT (NOT (%(expressions)s IN ('mapping_failed', 'refused')))",
    output_field=BooleanField(),
)
# Of what is asked so there are few: their indexes hold the integration, too.
RARE = {("is_test", "1"): Q(is_test=True), ("status", "problems"): Q(IS_PROBLEM)}


def _with_status(value: str) -> Any:
    return lambda rows, _request: rows.filter(status=value)


def _since(length: timedelta) -> Any:
    return lambda rows, _request: moments.within(rows, "received_at", since=clock() - length)


def _with_reason(value: Reason) -> Any:
    return lambda rows, _request: rows.filter(status=STATUS[value], reason=value)


STATUS_FILTER = choice_filter(
    _("status"),
    "status",
    [
        ("problems", _("Problems"), lambda rows, _request: rows.filter(IS_PROBLEM)),
        *((value, label, _with_status(value)) for value, label in STATUS_CHOICES),
    ],
)
TIME_FILTER = choice_filter(
    _("received"), "since", [(name, label, _since(length)) for name, (label, length) in TIMES.items()]
)
REASON_FILTER = choice_filter(
    _("reason"), "reason", [(name.value, words, _with_reason(name)) for name, words in REASON.items()]
)
TEST_FILTER = choice_filter(
    _("tests"),
    "is_test",
    [
        ("1", _("Tests"), lambda rows, _request: rows.filter(is_test=True)),
        ("0", _("No tests"), lambda rows, _request: rows.filter(is_test=False)),
    ],
)


class IntegrationFilter(admin.SimpleListFilter):
    title = _("integration")
    parameter_name = INTEGRATION

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (str(pk), name) for pk, name in Integration.objects.order_by("name").values_list("pk", "name")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value() or ""
        if not (value.isascii() and value.isdigit()):
            return queryset
        is_rare = any(request.GET.get(name) == asked for name, asked in RARE)
        return _of(queryset, int(value), is_rare=is_rare)


class Beside(Func):
    """A column by which SQLite is not to look for an index: it has a better one, and would not take it."""

    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def _of(rows: QuerySet, integration: int, *, is_rare: bool) -> QuerySet:
    """Return the rows of an integration. is_rare: among few, whose index holds the integration, too."""
    if not is_rare:
        return rows.filter(integration=integration)
    column = Beside(F("integration_id"), output_field=BigIntegerField())
    return rows.alias(_integration=column).filter(_integration=integration)


FILTERS = [STATUS_FILTER, TIME_FILTER, IntegrationFilter, REASON_FILTER, TEST_FILTER]


def find(term: str) -> Found:
    """Return what is looked for: a number, a sender's id of a delivery, else words.

    Source, sentence and body are looked through for words; what is a number or an id is found whatever
    its age.
    """
    number = term.removeprefix("#")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    if is_number and (term != number or InboundMessage.objects.filter(pk=int(number)).exists()):
        return Found(Q(pk=int(number)), is_indexed=True)
    # The index of the ids begins with the integration.
    integrations = list(Integration.objects.values_list("pk", flat=True))
    of_sender = InboundMessage.objects.filter(HAS_DELIVERY_ID, integration__in=integrations)
    numbers = list(of_sender.filter(delivery_id=term).order_by().values_list("pk", flat=True)[:100])
    if numbers:
        return Found(Q(pk__in=numbers), is_indexed=True)
    return Found(_words(term))


def rows_to_look_through(parameters: dict[str, list[str]], found: Found | None) -> QuerySet | None:
    """Return the rows, by an index, of which the newest are looked through; None when that is not needed."""
    asked = {name: values[-1] for name, values in parameters.items() if values[-1]}
    rows, answered = _by_index(asked)
    rest = asked.keys() - answered - {"since", "q", "e"}
    if found and found.is_indexed:
        return None
    return rows if rest or found else None


def _by_index(asked: dict[str, str]) -> tuple[QuerySet, set[str]]:
    """Return the rows that the best of the indexes finds, and which of the filters it answers."""
    rows = InboundMessage.objects.all()
    integration = asked.get(INTEGRATION, "")
    of_one = int(integration) if integration.isascii() and integration.isdigit() else None
    for (name, value), condition in RARE.items():
        if asked.get(name) == value:
            rows = rows.filter(condition)
            return rows if of_one is None else _of(rows, of_one, is_rare=True), {name, INTEGRATION}
    if of_one is not None:
        return rows.filter(integration=of_one), {INTEGRATION}
    if "status" in asked:
        return rows.filter(status=asked["status"]), {"status"}
    if asked.get("reason") in list(Reason):
        return rows.filter(status=STATUS[Reason(asked["reason"])]), set()
    return rows, set()


# Words


class BodyText(Func):
    """The beginning of a body as text that can be searched, whatever bytes it is made of."""

    template = f"CAST(SUBSTR(%(expressions)s, 1, {MOST_BYTES}) AS TEXT)"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text = f"(encode(substring(%(expressions)s for {MOST_BYTES}), 'escape') COLLATE \"C\")"
        return self.as_sql(compiler, connection, template=text, **context)


def _words(term: str) -> Q:
    """Return where words may stand: in the sentence, in what was read, in what was sent."""
    first = Outcome.objects.filter(message=OuterRef("pk"), event_index=0)
    # One row of each message: PostgreSQL would read all there are, were it asked whether there is one.
    read = Subquery(first.values(text=Cast("trace", TextField()))[:1])
    condition = Q(detail__icontains=term)
    for spelling in dict.fromkeys([*_in_json(term), term]):
        condition |= Q(IContains(BodyText("body"), _as_compared(spelling)))
    for spelling in _in_json(term):
        condition |= Q(IContains(read, spelling))
    return condition


def _in_json(term: str) -> Iterator[str]:
    """Yield how JSON writes words: letters beyond ASCII as they are, or as numbers."""
    yield from dict.fromkeys([json.dumps(term, ensure_ascii=False)[1:-1], json.dumps(term)[1:-1]])


def _as_compared(text: str) -> str:
    """Return words as BodyText writes them."""
    if connection.vendor != "postgresql":
        return text
    return "".join(
        f"\\{byte:03o}" if byte > 127 else "\\\\" if byte == 92 else chr(byte) for byte in text.encode()
    )
