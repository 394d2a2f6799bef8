"""Whether events are older than what was decided last on their keys."""

from collections.abc import Sequence
from datetime import UTC, datetime

from alertops.lib.rows import update_rows
from alerts.models import AlertKey

_NEVER = datetime.min.replace(tzinfo=UTC)


def note_decisions(decisions: Sequence[tuple[str, datetime]]) -> list[bool]:
    """Note when decisions were made on keys, in order; return of each whether no later one was noted before.

    The locks of the rows put all that happens to a key in order until the transaction ends. They are
    taken in the order of the keys, so that two who need some of the same never wait for each other.
    """
    digests = sorted({digest for digest, _at in decisions})
    missing = [AlertKey(digest=digest, decided_at=_NEVER) for digest in digests]
    AlertKey.objects.bulk_create(missing, ignore_conflicts=True)
    held = AlertKey.objects.select_for_update(no_key=True).filter(digest__in=digests).order_by("digest")
    keys = {key.digest: key for key in held}
    is_newest = []
    for digest, at in decisions:
        is_newest.append(at >= keys[digest].decided_at)
        keys[digest].decided_at = max(at, keys[digest].decided_at)
    update_rows(list(keys.values()), ["decided_at"])
    return is_newest


def forget_decisions(before: datetime) -> int:
    """Drop keys on which nothing was decided since an instant; return how many."""
    return AlertKey.objects.filter(decided_at__lt=before).delete()[0]
