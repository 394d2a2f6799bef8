"""What is said of pushes and runs in one sentence: stored in English, and worded for who reads it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from alertops.lib.sayings import saying, sayings
from brokers.base import one_line
from brokers.logic.push import Commit, Push

MOST_BRANCHES = 3
LONGEST_LINE = 120

WITHIN = ["who", "where"]
SOMEBODY = saying("Somebody")
MORE = saying("%(names)s and %(count)d more")
PUSHED = sayings(
    "%(who)s pushed %(count)d commit to %(where)s: %(line)s",
    "%(who)s pushed %(count)d commits to %(where)s, the last: %(line)s",
    within=WITHIN,
)
AT_LEAST = saying("%(who)s pushed at least %(count)d commits to %(where)s, the last: %(line)s", within=WITHIN)
UNTOLD = saying("%(who)s pushed, and the host does not say what", within=["who"])
TAG = saying("%(who)s pushed the tag %(where)s", within=WITHIN)
TAG_DELETED = saying("%(who)s deleted the tag %(where)s", within=WITHIN)
DELETED = saying("%(who)s deleted the branch %(where)s", within=WITHIN)
CREATED = saying("%(who)s made the branch %(where)s", within=WITHIN)
FORCED = saying("%(who)s forced %(where)s to another commit", within=WITHIN)
NAMELESS = saying("a branch without a name")
NO_NEWS = saying("%(who)s pushed to %(where)s, without news", within=WITHIN)

DEEDS = {
    "mail": sayings("Sent %(count)d mail.", "Sent %(count)d mails."),
    "call": sayings("Made %(count)d call.", "Made %(count)d calls."),
    "request": sayings("Asked for %(count)d alert.", "Asked for %(count)d alerts."),
}
NOTHING_TO_DO = saying("It had nothing to do.")
# Why there is no result of a broker's own
NO_BROKER = saying("There is no broker “%(name)s” any more.")
BROKEN = saying("The broker itself failed: %(kind)s: %(error)s")


def summary_of(push: Push, news: Sequence[Commit]) -> str:
    """Say what a push was: how many commits are new, where, by whom, and how the last begins."""
    where, who = _branches(push), push.pusher or SOMEBODY
    if not news:
        return _nothing_new(push) % {"where": where, "who": one_line(who, 60)}
    words = AT_LEAST if push.is_truncated else PUSHED[len(news) != 1]
    line = one_line(news[-1].message.strip().partition("\n")[0] or news[-1].node[:12], LONGEST_LINE)
    return words % {"who": one_line(who, 60), "count": len(news), "where": where, "line": line}


def _nothing_new(push: Push) -> str:
    branches = push.branch_changes
    if not branches:
        return _of_tags(push)
    if all(change.is_deleted for change in branches):
        return DELETED
    if all(change.is_created for change in branches):
        return CREATED
    if push.is_forced:
        return FORCED
    return NO_NEWS


def _of_tags(push: Push) -> str:
    if not push.changes:
        return UNTOLD
    if all(change.is_deleted for change in push.changes):
        return TAG_DELETED
    return TAG


def _branches(push: Push) -> str:
    names = list(push.branches) or [change.name for change in push.changes if change.name]
    return listed([one_line(name, 60) for name in names], MOST_BRANCHES) or NAMELESS


def listed(names: Sequence[str], most: int) -> str:
    """Name the first of several, and how many more there are."""
    shown, more = ", ".join(names[:most]), len(names) - most
    return MORE % {"names": shown, "count": more} if more > 0 else shown


def deeds_of(transcript: Sequence[dict[str, Any]]) -> str:
    """Say what a run did, from its transcript."""
    counts = Counter(line["kind"] for line in transcript if not line.get("error"))
    told = [(words, counts[kind]) for kind, words in DEEDS.items() if counts[kind]]
    if told:
        return " ".join(words[count != 1] % {"count": count} for words, count in told)
    said = [line.get("text", "") for line in transcript if line["kind"] == "log"]
    return one_line(said[-1], 300) if said and said[-1] else NOTHING_TO_DO
