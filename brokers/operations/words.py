"""What is said of pushes and runs in one sentence."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from brokers.base import one_line
from brokers.logic.push import Commit, Push

MOST_BRANCHES = 3
LONGEST_LINE = 120


def summary_of(push: Push, news: Sequence[Commit]) -> str:
    """Say what a push was: how many commits are new, where, by whom, and how the last begins."""
    where, who = _branches(push), push.pusher or _("somebody")
    if not news:
        return _nothing_new(push) % {"where": where, "who": one_line(who, 60)}
    words = ngettext(
        "%(who)s pushed %(count)d commit to %(where)s: %(line)s",
        "%(who)s pushed %(count)d commits to %(where)s, the last: %(line)s",
        len(news),
    )
    if push.is_truncated:
        words = _("%(who)s pushed at least %(count)d commits to %(where)s, the last: %(line)s")
    line = one_line(news[-1].message.strip().partition("\n")[0] or news[-1].node[:12], LONGEST_LINE)
    return words % {"who": one_line(who, 60), "count": len(news), "where": where, "line": line}


def _nothing_new(push: Push) -> str:
    branches = [change for change in push.changes if change.kind == "branch"]
    if not branches:
        return _of_tags(push)
    if all(change.is_deleted for change in branches):
        return _("%(who)s deleted %(where)s")
    if all(change.is_created for change in branches):
        return _("%(who)s made the branch %(where)s")
    if push.is_forced:
        return _("%(who)s forced %(where)s to another commit")
    return _("%(who)s pushed to %(where)s, without news")


def _of_tags(push: Push) -> str:
    if not push.changes:
        return _("%(who)s pushed, and the host does not say what")
    if all(change.is_deleted for change in push.changes):
        return _("%(who)s deleted the tag %(where)s")
    return _("%(who)s pushed the tag %(where)s")


def _branches(push: Push) -> str:
    names = list(push.branches) or [change.name for change in push.changes if change.name]
    shown = ", ".join(one_line(name, 60) for name in names[:MOST_BRANCHES]) or _("a branch without a name")
    more = len(names) - MOST_BRANCHES
    return shown + (_(" and %(count)d more") % {"count": more} if more > 0 else "")


def deeds_of(transcript: Sequence[dict[str, Any]]) -> str:
    """Say what a run did, from its transcript."""
    counts = Counter(line["kind"] for line in transcript if not line.get("error"))
    parts = [words(counts[kind]) for kind, words in _DEEDS.items() if counts[kind]]
    if parts:
        return ". ".join(parts) + "."
    said = [line.get("text", "") for line in transcript if line["kind"] == "log"]
    return one_line(said[-1], 300) if said and said[-1] else _("It had nothing to do.")


def _mails(count: int) -> str:
    return ngettext("Sent %(count)d mail", "Sent %(count)d mails", count) % {"count": count}


def _calls(count: int) -> str:
    return ngettext("Made %(count)d call", "Made %(count)d calls", count) % {"count": count}


def _requests(count: int) -> str:
    return ngettext("Asked for %(count)d alert", "Asked for %(count)d alerts", count) % {"count": count}


_DEEDS: dict[str, Callable[[int], str]] = {"mail": _mails, "call": _calls, "request": _requests}
