"""Opens or closes an alert by what was pushed: to a protected branch, by force, or with certain words."""

from typing import Any

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import SEVERITIES, BaseBroker, Boolean, BranchFilterField, Choice, String, Text
from brokers.logic.branches import BranchFilter
from brokers.logic.lines import one_line
from brokers.logic.telling import author_of, commit_url, message_of, pusher_of, summary_of

SEARCHED = 20_000  # characters of a message
MOST_COMMITS = 20  # named in an alert
MOST_ASKED = 20  # alerts that a run may ask for
CAUSES = ("message", "protected", "forced")
NOTHING = saying("Nothing here opens or closes an alert.")
LEFT_OUT = saying("%(count)d more are left out: a push moves only so many alerts.")
Payload = dict[str, Any]
Asked = dict[str, Any]


class Alert(BaseBroker):
    """Alerts are kept apart by repository, branch and cause: the same again joins the one that is open."""

    name = "alert"
    title = _("Alert")
    summary = _("Opens an alert on pushes to protected branches, forced pushes or certain words.")
    fields = (
        BranchFilterField(
            "protected",
            _("Protected branches"),
            _("A push to one opens an alert. Like main, release/*. Empty: none."),
        ),
        String("allowed", _("May push there"), _("User names between commas: their pushes open nothing.")),
        Boolean("forced", _("Forced pushes open an alert"), default=True),
        Text(
            "opens",
            _("Words that open"),
            _("One on each line; a commit message that holds one opens an alert, like [incident]."),
            max_length=1000,
        ),
        Text(
            "closes",
            _("Words that close"),
            _("One on each line; a commit message that holds one closes the alerts of its branch."),
            max_length=1000,
        ),
        Choice(
            "severity", _("Severity"), default="error", choices=tuple((name, name) for name in SEVERITIES)
        ),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        asked: dict[str, Asked] = {}
        wanted = payload["service"].get("protected", "")
        protected = BranchFilter.parse(wanted) if wanted else None
        for change in payload["changes"]:
            if change["type"] == "branch" and change["name"]:
                asked |= asked_by_change(payload, change, protected)
        for commit in payload["commits"]:
            for key, one in asked_by_words(payload, commit).items():
                asked.pop(key, None)
                asked[key] = one
        for key, one in list(asked.items())[:MOST_ASKED]:
            self.ask(key, one)
        if not asked:
            self.log(NOTHING)
        elif len(asked) > MOST_ASKED:
            self.log(LEFT_OUT % {"count": len(asked) - MOST_ASKED})

    def ask(self, key: str, asked: Asked) -> None:
        if asked.pop("action") == "open":
            self.open_alert(key=key, **asked)
        else:
            self.close_alert(key=key, **asked)


def asked_by_change(payload: Payload, change: Payload, protected: BranchFilter | None) -> dict[str, Asked]:
    """Return what a branch's change opens, by key."""
    settings = payload["service"]
    branch, who = one_line(change["name"], 100), pusher_of(payload)
    found = {}
    if change["forced"] and settings.get("forced", True):
        found[key_of(payload, "forced", change["name"])] = _open(
            payload, change, f"{who} force-pushed {branch}"
        )
    if protected and protected.accepts(change["name"]) and not _is_allowed(payload):
        verb = "deleted" if change["deleted"] else "pushed to"
        said = f"{who} {verb} the protected branch {branch}"
        found[key_of(payload, "protected", change["name"])] = _open(payload, change, said)
    return found


def asked_by_words(payload: Payload, commit: Payload) -> dict[str, Asked]:
    """Return what a commit's message opens or closes, by key; of both, to close counts."""
    settings = payload["service"]
    message = commit["message"][:SEARCHED].casefold()
    branch = commit["branch"] or ""
    if _holds(message, settings.get("closes", "")):
        said = f"Closed by commit {commit['node']} ({author_of(commit)}): {summary_of(commit)}"
        return {key_of(payload, cause, branch): {"action": "close", "text": said} for cause in CAUSES}
    if not _holds(message, settings.get("opens", "")):
        return {}
    opened = {
        "action": "open",
        "subject": f"{one_line(payload['repository']['full_name'], 100)}: {summary_of(commit)}",
        "text": f"{author_of(commit)} wrote in commit {commit['node']}:\n\n{message_of(commit)}",
        "severity": settings.get("severity", "error"),
        "url": commit_url(payload, commit),
    }
    return {key_of(payload, "message", branch): opened}


def key_of(payload: Payload, cause: str, branch: str) -> str:
    """Return what makes two alerts one: the same repository, branch and cause."""
    return f"{payload['host']['name']}/{payload['repository']['full_name']} {cause} {branch}"[:500]


def _holds(message: str, words: str) -> bool:
    return any(word.strip().casefold() in message for word in words.splitlines() if word.strip())


def _is_allowed(payload: Payload) -> bool:
    names = payload["service"].get("allowed", "").split(",")
    return payload["user"].lower() in [name.strip().lower() for name in names if name.strip()]


def _open(payload: Payload, change: Payload, said: str) -> Asked:
    return {
        "action": "open",
        "subject": f"{said} in {one_line(payload['repository']['full_name'], 100)}",
        "text": _text(payload, change),
        "severity": payload["service"].get("severity", "error"),
        "url": ("" if change["deleted"] else change["url"]) or payload["repository"]["url"],
    }


def _text(payload: Payload, change: Payload) -> str:
    """Return what was there and what is, and the commits."""
    lines = [f"Before: {change['old'] or 'nothing'}", f"Now: {change['new'] or 'nothing'}", ""]
    mine = [commit for commit in payload["commits"] if commit["branch"] == change["name"]][-MOST_COMMITS:]
    lines += [f"{one['node']} {summary_of(one)} ({author_of(one)})" for one in mine]
    return "\n".join(lines).strip()
