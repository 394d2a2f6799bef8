"""Tells a channel of Microsoft Teams what was pushed."""

import json
from typing import Any

from alertops.lib.sayings import gettext_noop as _
from brokers.base import BaseBroker, Boolean, Url
from brokers.builtin.chat import TOLD
from brokers.logic.lines import one_line
from brokers.logic.telling import (
    author_of,
    branches_of,
    commit_url,
    compare_url,
    count_of,
    nothing_new,
    pusher_of,
    ref_news,
    summary_of,
)

MOST_COMMITS = 10
MAX_BYTES = 20_000  # Teams refuses above 28 KB, but was seen to refuse above 21


class Teams(BaseBroker):
    """One adaptive card for each push, by a webhook of Workflows.

    What comes from the push stands in text runs, which know no Markdown.
    Source: https://learn.microsoft.com/connectors/teams/ (28 KB), the msteams_hermes gem (21 KB), and
    https://adaptivecards.io/explorer/RichTextBlock.html
    """

    name = "teams"
    title = _("Microsoft Teams")
    summary = _("Tells a channel what was pushed.")
    fields = (
        Url(
            "url",
            _("Webhook's address"),
            _("Of the workflow “Send webhook alerts to a channel”."),
            required=True,
            is_secret=True,
        ),
        Boolean("refs", _("Tell of new and deleted branches and tags too"), default=True),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        settings = payload["service"]
        news = ref_news(payload) if settings.get("refs", True) or payload["forced"] else []
        if not payload["commits"] and not news:
            self.log(nothing_new(payload, "card"))
            return
        self.post(settings["url"], json=fitting_card(payload, news)).checked()
        self.log(TOLD)


def fitting_card(payload: dict[str, Any], news: list[str]) -> dict[str, Any]:
    """Return a card that Teams takes: with fewer commits where it would be too large."""
    for most in (MOST_COMMITS, 5, 2):
        card = card_of(payload, news[:most], most)
        if len(json.dumps(card)) <= MAX_BYTES:
            return card
    return card_of(payload, [], 0)


def card_of(payload: dict[str, Any], news: list[str], most: int) -> dict[str, Any]:
    commits = payload["commits"][-most:] if most else []
    left = len(payload["commits"]) - len(commits)
    body = [_block(_headline(payload), weight="Bolder")]
    body += [_block(sentence) for sentence in news]
    body += [_commit(payload, commit) for commit in commits]
    body += [_block(f"… and {left} older ones")] if left else []
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": _actions(payload),
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}


def _headline(payload: dict[str, Any]) -> str:
    name = one_line(payload["repository"]["full_name"], 200)
    if not payload["commits"]:
        return name
    branches = ", ".join(branches_of(payload))
    to = f" to {branches}" if branches else ""
    return f"{pusher_of(payload)} pushed {count_of(payload)}{to} in {name}"


def _block(*texts: str | dict[str, Any], weight: str = "Default") -> dict[str, Any]:
    runs = [
        text if isinstance(text, dict) else {"type": "TextRun", "text": text, "weight": weight}
        for text in texts
    ]
    return {"type": "RichTextBlock", "inlines": runs}


def _commit(payload: dict[str, Any], commit: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "TextRun", "text": commit["node"][:8], "fontType": "Monospace"}
    url = commit_url(payload, commit)
    if url:
        node["selectAction"] = {"type": "Action.OpenUrl", "url": url}
    return _block(node, f" {summary_of(commit)} ({author_of(commit)})")


def _actions(payload: dict[str, Any]) -> list[dict[str, Any]]:
    links = {"Compare": compare_url(payload), "Repository": payload["repository"]["url"]}
    return [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links.items() if url]
