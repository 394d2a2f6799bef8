"""Which events of the past still count when they are looked at again, all at once.

On each problem only its end is true: a failure that was followed by its success opens nothing, and a
success that was followed by a failure closes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.logic.event import Kind


@dataclass(frozen=True, kw_only=True)
class PastEvent:
    """One event of a range.

    key: of its problem.  told_at: its own time.  had_effect: it did its work before.
    """

    message_id: int
    index: int
    key: str
    kind: Kind
    told_at: datetime
    had_effect: bool = False


def overruled(events: Iterable[PastEvent]) -> dict[tuple[int, int], int]:
    """Return the events that do not count any more, and the message that overrules each.

    By (message id, event index). What had its effect before is never among them: it overrules, though.
    """
    histories: dict[str, list[PastEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.told_at, event.message_id, event.index)):
        histories[event.key].append(event)
    found: dict[tuple[int, int], int] = {}
    for history in histories.values():
        end, by = _end(history)
        found |= {(event.message_id, event.index): by for event in history[:end] if not event.had_effect}
    return found


def _end(history: list[PastEvent]) -> tuple[int, int]:
    """Return from which place on the events of a problem count, and the message that makes it so."""
    closings = [place for place, event in enumerate(history) if event.kind is Kind.CLOSE]
    if not closings:
        return 0, 0
    last = closings[-1]
    reopening = next((event for event in history[last + 1 :] if event.kind is Kind.OPEN), None)
    return (last + 1, reopening.message_id) if reopening else (last, history[last].message_id)
