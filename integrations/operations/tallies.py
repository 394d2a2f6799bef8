"""How many deliveries came to which outcome, and how soon: counted once, where all nodes can read it.

Whoever ends a batch counts it, in the transaction that holds its results: nothing is counted twice or
forgotten, whoever dies, and no table of millions is ever gone through.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db import connection

from integrations.models import InboundMessage, Tally

# Seconds from received to processed; each delivery counts in the first that it does not exceed.
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
BOUNDS = (*map(str, SECONDS), "+Inf")

_ADD = """
    INSERT INTO integrations_tally (integration_id, outcome, within, count, seconds) VALUES {rows}
    ON CONFLICT (integration_id, outcome, within) DO UPDATE SET
        count = integrations_tally.count + EXCLUDED.count,
        seconds = integrations_tally.seconds + EXCLUDED.seconds
"""


def count(integration_id: int, messages: Iterable[InboundMessage]) -> None:
    """Count messages of an integration that have just been concluded; one statement."""
    cells: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for message in messages:
        seconds = _seconds(message)
        cells[str(message.reason), BOUNDS[bisect.bisect_left(SECONDS, seconds)]].append(seconds)
    if not cells:
        return
    # Always in the same order: two who count at once never wait for each other in a circle.
    rows = [(integration_id, *cell, len(all_of), sum(all_of)) for cell, all_of in sorted(cells.items())]
    marks = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(rows=marks), [value for row in rows for value in row])


def totals() -> Iterator[tuple[str, str, str, int, float]]:
    """Return name of the integration, outcome, bound, count and seconds of all that was counted."""
    rows = Tally.objects.order_by("integration_id", "outcome")
    yield from rows.values_list("integration__name", "outcome", "within", "count", "seconds")


def _seconds(message: InboundMessage) -> float:
    """How long it took; a clock that was set back in between makes no time negative."""
    processed_at = message.processed_at or message.received_at
    return max(0.0, (processed_at - message.received_at).total_seconds())
