"""How a push reads as a mail: its subject and its text."""

import re
from collections.abc import Sequence
from typing import Any

from brokers.logic.lines import one_line
from brokers.logic.telling import (
    author_of,
    branches_of,
    commit_url,
    compare_url,
    count_of,
    joined,
    message_of,
    ref_news,
    summary_of,
)

MOST_COMMITS = 100  # in one mail
MOST_FILES = 50  # of one commit
MAX_BODY = 300_000  # characters of a mail's text, diffs included
MAX_MESSAGES = 120_000  # characters of all messages in a mail
MAX_SUMMARY = 100
TOO_LONG = "The rest is left out: the mail is too long."
Payload = dict[str, Any]
Appendix = Sequence[tuple[str, str]]
SIGNS = {"added": "A", "modified": "M", "removed": "D"}
_PLACE = re.compile(r"\{(repository|branch|author|count|summary|usual)\}")


def subject_of(payload: Payload, wish: str = "") -> str:
    """Return the subject: `commit/website: anna: Mend the form` or `commit/website: 3 new changesets`.

    wish: a subject of the user's own; {words} in it are replaced, each once, never in what they become.
    """
    usual = _usual_subject(payload)
    if not wish:
        return usual
    commits = payload["commits"]
    words = {
        "repository": payload["repository"]["full_name"],
        "branch": joined(branches_of(payload)),
        "author": author_of(commits[-1]) if commits else one_line(payload["user"], 100),
        "count": count_of(payload),
        "summary": summary_of(commits[-1], MAX_SUMMARY) if commits else " ".join(ref_news(payload)),
        "usual": usual,
    }
    return one_line(_PLACE.sub(lambda match: words[match[1]], wish), 200)


def _usual_subject(payload: Payload) -> str:
    commits = payload["commits"]
    prefix = f"commit/{one_line(payload['repository']['slug'], 60)}: "
    if not commits:
        return prefix + joined(_rewritten(payload)) + " rewritten"
    if len(commits) == 1 and not payload["at_least"]:
        return f"{prefix}{author_of(commits[0])}: {summary_of(commits[0], MAX_SUMMARY)}"
    return prefix + count_of(payload, "changeset")


def _rewritten(payload: Payload) -> list[str]:
    return [one_line(change["name"], 60) for change in payload["changes"] if change["forced"]][:3]


def body_of(payload: Payload, appendix: Appendix = ()) -> str:
    """Return the text of the mail. appendix: pairs of heading and diff."""
    parts = [*heading_of(payload), ""]
    for commit in shown_commits(payload):
        parts += [*_block(payload, commit), ""]
    parts += left_out(payload)
    for heading, diff in appendix:
        parts += [heading, "", diff, ""] if diff else [heading, ""]
    url = payload["repository"]["url"]
    parts += [f"Repository URL: {url}/", ""] if url else []
    text = "\n".join(parts)
    if len(text) > MAX_BODY:
        text = f"{text[:MAX_BODY]}\n\n[{TOO_LONG}]\n"
    return f"{text}\n-- \n{reason_of(payload)}\n"


def heading_of(payload: Payload) -> list[str]:
    count = count_of(payload)
    lines = [f"{count[:1].upper()}{count[1:]} in {one_line(payload['repository']['name'], 100)}:"]
    if not payload["commits"]:
        lines = [f"No new commits in {one_line(payload['repository']['name'], 100)}:"]
    lines += ref_news(payload)
    if payload["truncated"]:
        where = compare_url(payload)
        lines.append(f"The push lists no more than these.{f' All of them: {where}' if where else ''}")
    return lines


def shown_commits(payload: Payload) -> list[Payload]:
    """Return the commits that a mail shows: the newest, oldest first, as many as fit."""
    length = 0
    shown: list[Payload] = []
    for commit in reversed(payload["commits"][-MOST_COMMITS:]):
        length += len(message_of(commit))
        if length > MAX_MESSAGES and shown:
            break
        shown.append(commit)
    return shown[::-1]


def left_out(payload: Payload) -> list[str]:
    left = len(payload["commits"]) - len(shown_commits(payload))
    return [f"{left} older commits of this push are left out here.", ""] if left else []


def _block(payload: Payload, commit: Payload) -> list[str]:
    url = commit_url(payload, commit)
    lines = [url] if url else []
    lines += [f"{label + ':':<13}{value}" for label, value in _facts(commit)]
    lines += ["Summary:", "", *(f"  {line}".rstrip() for line in message_of(commit).split("\n"))]
    if payload["files_known"]:
        lines += ["", f"{'Affected #:':<13}{affected(commit)}"]
    return lines + [f"  {SIGNS[one['type']]} {one_line(one['file'], 300)}" for one in files_of(commit)]


def _facts(commit: Payload) -> list[tuple[str, str]]:
    """Return what is known of a commit. Its own branch, not the push's: a push may have several."""
    facts = [
        ("Changeset", commit["node"]),
        ("Branch", one_line(commit["branch"] or "", 200)),
        ("User", author_of(commit)),
        ("Date", (commit["utctimestamp"] or "").replace("+00:00", " UTC")),
    ]
    return [(label, value) for label, value in facts if value]


def files_of(commit: Payload) -> list[Payload]:
    return list(commit["files"][:MOST_FILES])


def affected(commit: Payload) -> str:
    number = len(commit["files"])
    more = f", the first {MOST_FILES} of them:" if number > MOST_FILES else ""
    return f"{number} file{'' if number == 1 else 's'}{more}"


def reason_of(payload: Payload) -> str:
    name = one_line(payload["repository"]["full_name"], 200)
    return (
        f"A service of the repository {name} mails its pushes to this address.\n"
        "Who administers the repository can change or end that."
    )
