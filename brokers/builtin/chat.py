"""Tells a channel of Slack or Mattermost what was pushed."""

import re
from typing import Any

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import BaseBroker, Boolean, String, Url
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

MOST_COMMITS = 10  # in one message
TOLD = saying("Told the channel.")
_MENTION = re.compile(r"@(?=\w)")


class Chat(BaseBroker):
    """One message for each push, by an incoming webhook. Both programs understand the same."""

    name = "chat"
    title = _("Slack / Mattermost")
    summary = _("Tells a channel what was pushed.")
    fields = (
        Url("url", _("Webhook's address"), _("Of an incoming webhook."), required=True, is_secret=True),
        String("channel", _("Channel"), _("Empty: the webhook's own. Slack's newer webhooks ignore it.")),
        String("user_name", _("Name it speaks under"), _("Empty: the webhook's own.")),
        Boolean("refs", _("Tell of new and deleted branches and tags too"), default=True),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        settings = payload["service"]
        text = text_of(payload, with_refs=settings.get("refs", True))
        if not text:
            self.log(nothing_new(payload, "message"))
            return
        message = {"text": text, "unfurl_links": False, "unfurl_media": False}
        named = {"channel": settings.get("channel"), "username": settings.get("user_name")}
        message |= {key: value for key, value in named.items() if value}
        self.post(settings["url"], json=message).checked()
        self.log(TOLD)


def text_of(payload: dict[str, Any], *, with_refs: bool) -> str:
    """Return the message in the markup that both understand; "" when there is nothing to tell."""
    commits = payload["commits"]
    news = ref_news(payload) if with_refs or payload["forced"] else []
    if not commits and not news:
        return ""
    lines = [_headline(payload)] if commits else [f"{_repository(payload)}:"]
    lines += [plain(sentence) for sentence in news]
    lines += [_line(payload, commit) for commit in commits[-MOST_COMMITS:]]
    left = len(commits) - MOST_COMMITS
    return "\n".join([*lines, f"… and {left} older ones"] if left > 0 else lines)


def plain(text: str) -> str:
    """Take what is markup out of a stranger's text: no links, no mentions of everybody."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u200b", escaped)


def _headline(payload: dict[str, Any]) -> str:
    branches = ", ".join(plain(name) for name in branches_of(payload))
    count = count_of(payload)
    compare = compare_url(payload)
    told = f"<{_address(compare)}|{count}>" if compare else count
    to = f" to {branches}" if branches else ""
    return f"{plain(pusher_of(payload))} pushed {told}{to} in {_repository(payload)}:"


def _repository(payload: dict[str, Any]) -> str:
    name, url = plain(one_line(payload["repository"]["full_name"], 200)), payload["repository"]["url"]
    return f"<{_address(url)}|{name}>" if url else name


def _line(payload: dict[str, Any], commit: dict[str, Any]) -> str:
    url = commit_url(payload, commit)
    node = f"<{_address(url)}|{commit['node'][:8]}>" if url else commit["node"][:8]
    return f"• {node} {plain(summary_of(commit))} ({plain(author_of(commit))})"


def _address(url: str) -> str:
    return url.replace("&", "&amp;").replace("|", "%7C").replace(">", "%3E")
