"""Whether events are older than what was decided last on their keys."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_missing, update_rows
from alerts.models import AlertKey


def note_decisions(decisions: Sequence[tuple[str, datetime]]) -> list[bool]:
    """Note when decisions were made on keys, in order; return of each whether no later one was noted before.

    The locks of the rows put all that happens to a key in order until the transaction ends. They are
    taken in the order of the keys, so that two who need some of the same never wait for each other.
    """
    first: dict[str, datetime] = {}
    for digest, at in decisions:
        first[digest] = min(at, first.get(digest, at))
    digests = sorted(first)
    insert_missing([AlertKey(digest=digest, decided_at=first[digest]) for digest in digests])
    keys = {key.digest: key for key in _held(digests)}
    is_newest, moved = [], {}
    for digest, at in decisions:
        key = keys[digest]
        is_newest.append(at >= key.decided_at)
        if at > key.decided_at:
            key.decided_at = at
            moved[digest] = key
    update_rows(list(moved.values()), ["decided_at"])
    return is_newest


@compiled
def _held(digests: Sequence[str]) -> QuerySet:
    return AlertKey.objects.select_for_update(no_key=True).filter(digest__in=digests).order_by("digest")


def forget_decisions(before: datetime) -> int:
    """Drop keys on which nothing was decided since an instant; return how many."""
    return AlertKey.objects.filter(decided_at__lt=before).delete()[0]
