"""Publishes a short message for each push, as Twitter once took it: to Mastodon, ntfy, or any URL."""

import hashlib
import re
from typing import Any

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import BaseBroker, Choice, Password, String, Url
from brokers.logic.lines import one_line
from brokers.logic.telling import (
    author_of,
    branches_of,
    commit_url,
    compare_url,
    count_of,
    joined,
    nothing_new,
    pusher_of,
    summary_of,
)

FORMATS = (
    ("form", _("A form with one field")),
    ("json", _("JSON with one key")),
    ("text", _("The text alone")),
)
PUBLISHED = saying("Published: %(text)s")
USUAL = "{author}: {summary} ({repository}, {branch}) {url}"
USUAL_OF_SEVERAL = "{pusher} pushed {count} to {branch} of {repository}: {summary} {url}"
_PLACE = re.compile(r"\{(author|pusher|summary|repository|branch|count|url)\}")
_MENTION = re.compile(r"@(?=\w)")


class Status(BaseBroker):
    """One message for each push with new commits, cut to a length; its link is whole or not there."""

    name = "status"
    title = _("Short message")
    summary = _("Publishes a short message: Mastodon, ntfy or any address that takes a text.")
    fields = (
        Url("url", _("Address"), _("Mastodon: https://…/api/v1/statuses"), required=True, is_secret=True),
        Choice("format", _("Sent as"), default="form", choices=FORMATS),
        String("field", _("Name of the field"), default="status", pattern=r"[A-Za-z0-9_.-]{1,60}"),
        Password("token", _("Token"), _("Sent as Authorization: Bearer.")),
        String(
            "text",
            _("Text"),
            _("Empty: the usual. {author}, {pusher}, {summary}, {repository}, {branch}, {count}, {url}"),
            max_length=1000,
        ),
        String("length", _("Longest"), _("In characters."), default="280", pattern=r"[1-9][0-9]{1,3}"),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        settings = payload["service"]
        if not payload["commits"]:
            self.log(nothing_new(payload, "message"))
            return
        text = text_of(payload, settings.get("text", ""), int(settings.get("length") or 280))
        headers = {"Idempotency-Key": _key(payload)}
        if settings.get("token"):
            headers["Authorization"] = f"Bearer {settings['token']}"
        name = settings.get("field") or "status"
        if settings.get("format") == "json":
            answer = self.post(settings["url"], json={name: text}, headers=headers)
        elif settings.get("format") == "text":
            answer = self.post(settings["url"], text, headers=headers)
        else:
            answer = self.post(settings["url"], {name: text}, headers=headers)
        answer.checked()
        self.log(PUBLISHED % {"text": text})


def text_of(payload: dict[str, Any], wish: str, length: int) -> str:
    """Return the message; what is too long loses of its summary, then its link, then its end."""
    commits = payload["commits"]
    newest = commits[-1]
    is_one = len(commits) == 1 and not payload["at_least"]
    words = {
        "author": author_of(newest),
        "pusher": pusher_of(payload),
        "summary": summary_of(newest, 500),
        "repository": one_line(payload["repository"]["full_name"], 100),
        "branch": one_line(newest["branch"] or joined(branches_of(payload)), 100),
        "count": count_of(payload),
        "url": commit_url(payload, newest) if is_one else compare_url(payload) or commit_url(payload, newest),
    }
    wanted = wish or (USUAL if is_one else USUAL_OF_SEVERAL)
    text = _filled(wanted, words)
    over = len(text) - length
    if over > 0 and "{summary}" in wanted:
        kept = max(len(words["summary"]) - -(-over // wanted.count("{summary}")), 1)
        text = _filled(wanted, {**words, "summary": one_line(words["summary"], kept)})
    if len(text) > length:
        text = _filled(wanted, {**words, "url": ""})  # half a link is none
    return one_line(text, length)


def _filled(wanted: str, words: dict[str, str]) -> str:
    """Put the words in; nobody is mentioned by a stranger's text."""
    told = {name: word if name == "url" else _MENTION.sub("@ ", word) for name, word in words.items()}
    return one_line(_PLACE.sub(lambda match: told[match[1]], wanted), 2000)


def _key(payload: dict[str, Any]) -> str:
    """Return what lets Mastodon know a message it had already, when a run is tried again."""
    nodes = "".join(commit["raw_node"] for commit in payload["commits"])
    return hashlib.sha256(f"{payload['repository']['url']} {nodes}".encode()).hexdigest()[:32]
