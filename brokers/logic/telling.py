"""How a push is told to people: what all brokers say in the same words.

What goes out (mails, comments, messages, cards) is English, whoever reads it: nobody knows in which language
a list or a channel reads. What a run's log keeps is made of sayings, and worded for its reader.

The texts of a push are strangers' texts: they leave here cut, without invisible characters, and where they
are meant for one line, on one line. What shows them as HTML or Markdown escapes them.
"""

from collections.abc import Iterable
from typing import Any

from alertops.lib.sayings import saying
from brokers.logic.lines import one_line, visible

MAX_SUMMARY = 120
SHORT = 12  # digits of a hash
MAX_MESSAGE = 10_000
MOST_NAMED = 5  # branches
MOST_TOLD = 20  # branches and tags that came, went or were rewritten
# What is told, and why it is not
NOTHING_NEW = {
    "mail": saying("Nothing new was pushed: no mail."),
    "message": saying("Nothing new was pushed: no message."),
    "card": saying("Nothing new was pushed: no card."),
}
UNCLEAR = saying("Which commits of %(name)s are new cannot be told: none that the push lists is known here.")
Payload = dict[str, Any]


def summary_of(commit: Payload, length: int = MAX_SUMMARY) -> str:
    """Return the first line of a commit's message that says something, cut."""
    lines = (one_line(line, length) for line in _beginning(commit["message"]).splitlines())
    return next(filter(None, lines), "(no message)")


def message_of(commit: Payload, length: int = MAX_MESSAGE) -> str:
    """Return the whole message, cut, without blank lines at its ends."""
    text = visible(commit["message"][: length + 1]).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return text if len(commit["message"]) <= length else f"{text[:length]}\n[…]"


def author_of(commit: Payload) -> str:
    return one_line(commit["author"] or commit["raw_author"].partition("<")[0], 100) or "somebody"


def pusher_of(payload: Payload) -> str:
    return one_line(payload["user"], 100) or "Somebody"


def count_of(payload: Payload, noun: str = "commit") -> str:
    """Return like "3 new commits", or "at least 5 new commits" where the sender lists no more."""
    number = len(payload["commits"])
    least = "at least " if payload["at_least"] else ""
    return f"{least}{number} new {noun}{'' if number == 1 else 's'}"


def commit_url(payload: Payload, commit: Payload) -> str:
    """Return the page of a commit: the sender's own link, else where Bitbucket has it. "" if unknown."""
    if commit["url"] or not payload["repository"]["url"]:
        return str(commit["url"])
    return f"{payload['repository']['url']}/commits/{commit['raw_node']}"


def branches_of(payload: Payload) -> list[str]:
    """Return the branches that were pushed to and are still there, each once; of many, "12 more"."""
    names = list(dict.fromkeys(change["name"] for change in live_changes(payload) if change["name"]))
    shown = [one_line(name, 100) for name in names[:MOST_NAMED]]
    return [*shown, f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else shown


def live_changes(payload: Payload) -> list[Payload]:
    """Return what was done to branches, without deletions."""
    return [change for change in payload["changes"] if change["type"] == "branch" and not change["deleted"]]


def compare_url(payload: Payload) -> str:
    """Return the page that compares before and after, where the push has one change."""
    urls = [change["url"] for change in live_changes(payload) if change["url"]]
    return urls[0] if len(urls) == 1 else ""


def ref_news(payload: Payload) -> list[str]:
    """Return a sentence for each branch or tag that came, went, or was rewritten; of many, for some."""
    told = [sentence for change in payload["changes"] for sentence in _ref_news(change)]
    return [*told[:MOST_TOLD], f"And {len(told) - MOST_TOLD} more."] if len(told) > MOST_TOLD else told


def nothing_new(payload: Payload, what: str) -> str:
    """Say for the run's log why there is no mail or message."""
    unclear = [
        sentence for change in payload["changes"] if change["unclear"] for sentence in _unclear(change)
    ]
    return " ".join([NOTHING_NEW[what], *unclear[:MOST_NAMED]])


def joined(names: Iterable[str]) -> str:
    """Join names: "a", "a and b", "a, b and c"."""
    *others, last = list(names) or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _ref_news(change: Payload) -> Iterable[str]:
    ref = f"{change['type'].capitalize()} {one_line(change['name'], 200)}"
    if change["deleted"]:
        yield f"{ref} was deleted."
    elif change["created"]:
        yield f"{ref} is new."
    elif change["forced"]:
        was, now = (str(change[side] or "")[:SHORT] for side in ("old", "new"))
        moved = f": it was at {was} and is at {now}" if was and now else ""
        yield f"{ref} was rewritten by a forced push{moved}."
    elif change["type"] == "tag":
        yield f"{ref} was moved."
    yield from _unclear(change)


def _unclear(change: Payload) -> Iterable[str]:
    if change["unclear"]:
        yield UNCLEAR % {"name": one_line(change["name"], 200)}


def _beginning(text: str) -> str:
    return text.lstrip()[:2000]
