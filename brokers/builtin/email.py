"""Mails what was pushed: one changeset with its own subject, several as a list."""

from typing import Any

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import BaseBroker, Boolean, Choice, EmailList, FieldError, String, one_line
from brokers.logic.fields import read_address
from brokers.logic.mail_html import html_of
from brokers.logic.mailing import body_of, subject_of
from brokers.logic.telling import author_of, branches_of, live_changes, nothing_new, pusher_of

SENDERS = (
    ("author", _("Who wrote the newest commit")),
    ("pusher", _("Who pushed")),
    ("repository", _("The repository")),
    ("nobody", _("Nobody: the plain address")),
)
REPLIES = (
    ("nobody", _("The address the mail comes from")),
    ("author", _("Who wrote the newest commit")),
    ("address", _("The address below")),
)
NO_ANSWER_TO = saying("Answers do not go to the author, who has no address: %(author)s")


class Email(BaseBroker):
    """One mail for each push that brings new commits, or rewrites a branch."""

    name = "email"
    title = _("Email")
    summary = _("Mails every push: one commit in full, several as a list.")
    fields = (
        EmailList(
            "to", _("Mails go to"), _("Addresses between commas or on lines of their own."), required=True
        ),
        String(
            "subject",
            _("Subject"),
            _(
                "Empty: the usual one. May hold {repository}, {branch}, {author}, {count}, {summary} and"
                " {usual}, which is the usual one."
            ),
        ),
        Choice(
            "sender",
            _("Name in From"),
            _("The address stays the one this system sends from."),
            default="author",
            choices=SENDERS,
        ),
        Choice("reply_to", _("Answers go to"), default="nobody", choices=REPLIES),
        EmailList("reply_address", _("Address for answers"), _("One address, for the choice above.")),
        Boolean("html", _("With an HTML part"), default=True),
        Boolean(
            "threads", _("One conversation for each branch"), _("Mail programs then show them together.")
        ),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        if not is_news(payload):
            self.log(nothing_new(payload, "mail"))
            return
        self.mail(payload, [])

    def mail(self, payload: dict[str, Any], appendix: list[tuple[str, str]]) -> None:
        """Send the mail. appendix: headings and the diffs below them."""
        settings = payload["service"]
        branches = branches_of(payload)
        self.send_mail(
            settings["to"],
            subject=subject_of(payload, settings.get("subject", "")),
            text=body_of(payload, appendix),
            html=html_of(payload, appendix) if settings.get("html", True) else "",
            sender_name=sender_of(payload, settings.get("sender", "author")),
            reply_to=self.reply_to_of(payload),
            thread=thread_of(payload) if settings.get("threads") else "",
            list_name=payload["repository"]["full_name"],
            headers=(
                ("X-Repository", payload["repository"]["full_name"]),
                ("X-Branch", ", ".join(branches)),
            ),
        )

    def reply_to_of(self, payload: dict[str, Any]) -> str:
        """Return where answers go; an author whose address is none gets none."""
        settings = payload["service"]
        if settings.get("reply_to") == "address":
            return next(iter(settings.get("reply_address") or ()), "")
        if settings.get("reply_to") != "author" or not payload["commits"]:
            return ""
        raw = payload["commits"][-1]["raw_author"]
        try:
            return read_address(raw.rpartition("<")[2].rstrip("> "))
        except FieldError:
            self.log(NO_ANSWER_TO % {"author": one_line(raw, 100)})
            return ""


def is_news(payload: dict[str, Any]) -> bool:
    """Whether there is something to mail: new commits, or a branch that was rewritten without any."""
    return bool(payload["commits"]) or payload["forced"]


def sender_of(payload: dict[str, Any], choice: str) -> str:
    """Return the name for From, or "" for the plain address."""
    commits = payload["commits"]
    if choice == "repository":
        return one_line(payload["repository"]["full_name"], 100)
    if choice == "pusher" or (choice == "author" and not commits):
        return pusher_of(payload) if payload["user"] else ""
    return author_of(commits[-1]) if choice == "author" else ""


def thread_of(payload: dict[str, Any]) -> str:
    """Return the key of a branch's conversation; a push to several begins with the first's."""
    branch = next((change["name"] for change in live_changes(payload)), "")
    return f"{payload['host']['name']}/{payload['repository']['full_name']}#{branch}"
