"""What was pushed shortly before something happened: most of what breaks was changed just before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Lower

from brokers.models import Push, Repository
from brokers.operations.rights import visible_to

BEFORE = timedelta(hours=1)
MOST_NAMES, MOST_REPOSITORIES, MOST_PUSHES = 10, 5, 10


@dataclass(frozen=True)
class Changes:
    """repositories: those that the names fit.  pushes: to them, the newest first.  has_more: older too."""

    repositories: Sequence[Repository] = ()
    pushes: Sequence[Push] = ()
    has_more: bool = False


def changes_before(moment: datetime, names: Iterable[str], *, reader: Any) -> Changes:
    """Return what was pushed in the hour before an instant, as far as its reader may see it.

    names: full names of repositories, like "acme/website", on whatever host; case does not matter, and what
    is none fits none. Two queries; one when no repository fits, and none without names.
    """
    wanted = sorted({name.strip().lower() for name in names if "/" in name})[:MOST_NAMES]
    if not wanted:
        return Changes()
    fitting = visible_to(reader).alias(_name=Lower("full_name")).filter(_name__in=wanted)
    repositories = list(fitting.order_by("pk")[:MOST_REPOSITORIES])
    if not repositories:
        return Changes()
    pushes = Push.objects.filter(
        repository__in=[repository.pk for repository in repositories],
        received_at__gt=moment - BEFORE,
        received_at__lte=moment,
    )
    newest = list(pushes.defer("facts").order_by("-received_at", "-pk")[: MOST_PUSHES + 1])
    by_id = {repository.pk: repository for repository in repositories}
    for push in newest:
        push.repository = by_id[push.repository_id]
    return Changes(repositories, newest[:MOST_PUSHES], len(newest) > MOST_PUSHES)
