"""How a push reads as a mail in HTML: everything of the push escaped, links only to web pages."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from brokers.logic.lines import one_line
from brokers.logic.mailing import (
    MAX_BODY,
    SIGNS,
    TOO_LONG,
    Appendix,
    affected,
    files_of,
    heading_of,
    left_out,
    reason_of,
    shown_commits,
)
from brokers.logic.telling import author_of, commit_url, message_of, summary_of

Payload = dict[str, Any]
BODY = "font-family:sans-serif;font-size:14px;color:#1f2937;background:#ffffff;overflow-wrap:anywhere"
H2 = "font-size:18px;margin:0 0 8px"
H3 = "font-size:15px;margin:20px 0 2px"
QUIET = "color:#4b5563;font-size:13px"
PRE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f4f6;color:#1f2937;padding:8px;"
    "border-radius:4px;font-family:monospace;font-size:13px;margin:6px 0"
)
COLORS = {"+": "#166534", "-": "#991b1b", "@": "#6b21a8"}
HEADS = ("diff ", "index ", "--- ", "+++ ")
WORDS = {"A": "added", "M": "modified", "D": "removed"}
_ADDRESS = re.compile(r"(https?://[^\s<>\"']+)")


def html_of(payload: Payload, appendix: Appendix = ()) -> str:
    """Return the mail as HTML. appendix: pairs of heading and diff."""
    heading, *news = heading_of(payload)
    parts = [f"<h2 style='{H2}'>{escape(heading.rstrip(':'))}</h2>"]
    parts += [f"<p style='margin:4px 0'>{_linked(line)}</p>" for line in news]
    parts += [_commit(payload, commit) for commit in shown_commits(payload)]
    parts += [f"<p>{escape(line)}</p>" for line in left_out(payload) if line]
    parts += [part for title, diff in appendix for part in _diff(title, diff)]
    url, name = payload["repository"]["url"], one_line(payload["repository"]["full_name"], 200)
    parts += [f"<p>Repository: {_link(url, name)}</p>"] if url else []
    reason = escape(reason_of(payload)).replace("\n", "<br>")
    return (
        f"<!doctype html><html><body style='{BODY}'>{''.join(_fitting(parts))}"
        f"<hr><p style='{QUIET}'>{reason}</p></body></html>"
    )


def _fitting(parts: Iterable[str]) -> Iterable[str]:
    length = 0
    for part in parts:
        length += len(part)
        if length > 2 * MAX_BODY:
            yield f"<p>{TOO_LONG}</p>"
            return
        yield part


def _commit(payload: Payload, commit: Payload) -> str:
    url, title = commit_url(payload, commit), summary_of(commit)
    rest = _rest(commit)
    files = "<br>".join(_file(one) for one in files_of(commit))
    return (
        f"<h3 style='{H3}'>{_link(url, title)}</h3>"
        f"<p style='{QUIET};margin:2px 0'>{escape(_facts(payload, commit))}</p>"
        + (f"<pre style='{PRE}'>{escape(rest)}</pre>" if rest else "")
        + (f"<p style='font-size:13px;margin:6px 0'>{files}</p>" if files else "")
    )


def _facts(payload: Payload, commit: Payload) -> str:
    """Return who, where, when and what in one line."""
    branch = one_line(commit["branch"] or "", 200)
    who = author_of(commit) + (f" on {branch}" if branch else "")
    when = (commit["utctimestamp"] or "").replace("+00:00", " UTC")
    facts = [who, when, commit["node"], affected(commit) if payload["files_known"] else ""]
    return " · ".join(filter(None, facts))


def _rest(commit: Payload) -> str:
    """Return the message, unless its one line is the heading already."""
    message = message_of(commit).strip()
    return "" if message == summary_of(commit) else message


def _file(one: Payload) -> str:
    sign = SIGNS[one["type"]]
    name = escape(one_line(one["file"], 300))
    return f"<code>{sign}</code> <code>{name}</code> <span style='{QUIET}'>{WORDS[sign]}</span>"


def _diff(title: str, diff: str) -> Iterable[str]:
    yield f"<h3 style='{H3}'>{_linked(title)}</h3>"
    if diff:
        lines = "\n".join(_colored(line) for line in diff.split("\n"))
        yield f"<pre style='{PRE}'>{lines}</pre>"


def _colored(line: str) -> str:
    if line.startswith(HEADS):
        return f"<b>{escape(line)}</b>"
    color = COLORS.get(line[:1])
    return f"<span style='color:{color}'>{escape(line)}</span>" if color else escape(line)


def _linked(line: str) -> str:
    """Escape a line and make the web addresses in it links."""
    parts = _ADDRESS.split(line)
    return "".join(_link(part, part) if index % 2 else escape(part) for index, part in enumerate(parts))


def _link(url: str, text: str) -> str:
    shown = escape(text)
    if not url.startswith(("https://", "http://")):
        return shown
    return f"<a href='{escape(url)}' style='color:#1d4ed8'>{shown}</a>"
