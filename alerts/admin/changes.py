"""What had been pushed before an alert opened, for its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops.lib import durations
from alertops.lib.display import page_of
from alerts.models import Alert
from brokers.operations.changes import Changes, changes_before

# The tags that may name a repository, beside the source.
TAGS = ("repository", "repo", "project")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """One push. gap: how long before the alert, in words."""

    words: str
    url: str
    gap: str
    repository: str


def changes(alert: Alert, request: HttpRequest) -> dict[str, Any]:
    """Return what was pushed to an alert's repository in the hour before it opened; empty for none."""
    found = changes_before(alert.opened_at, _names(alert), reader=request.user)
    if not found.repositories:
        return {}
    return {"changes": list(_told(alert, found)), "changes_said": _said(found)}


def _names(alert: Alert) -> Iterator[str]:
    yield alert.source_name
    for tag in TAGS:
        value = alert.tags.get(tag)
        if isinstance(value, str):
            yield value


def _said(found: Changes) -> str:
    names = {"names": ", ".join(repository.full_name for repository in found.repositories)}
    if not found.pushes:
        return _("Nothing was pushed to %(names)s in the hour before it opened.") % names
    if found.has_more:
        text = _("More than %(count)d pushes to %(names)s in the hour before it opened, the last of them:")
    else:
        text = ngettext(
            "%(count)d push to %(names)s in the hour before it opened:",
            "%(count)d pushes to %(names)s in the hour before it opened:",
            len(found.pushes),
        )
    return text % {"count": len(found.pushes), **names}


def _told(alert: Alert, found: Changes) -> Iterator[Change]:
    for push in found.pushes:
        yield Change(
            words=str(push),
            url=page_of(push),
            gap=_gap(alert.opened_at - push.received_at),
            repository=push.repository.full_name if len(found.repositories) > 1 else "",
        )


def _gap(gap: timedelta) -> str:
    if gap < MINUTE:
        return _("less than a minute before")
    return _("%(time)s before") % {"time": durations.spell(gap // MINUTE * MINUTE)}
