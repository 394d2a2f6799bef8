"""Moves issues by what commit messages say: "fixes #12", "see OPS-7"."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import Answer, BaseBroker, Boolean, BrokerError, Password, String, TemporaryError, Url
from brokers.logic.code_hosts import NoSuchApi, issue_calls
from brokers.logic.keywords import Action, Asked, asked_of
from brokers.logic.telling import author_of, commit_url, summary_of

MOST_CALLS = 18  # a run may make 20
CALLS_OF_NUMBER = 2  # at most: its state, a comment
CALLS_OF_KEY = 3  # at most: the ways it can go, one of them, a comment
NOTHING = saying("No commit asks for anything of an issue.")
LEFT_OUT = saying("%(issue)s is left out: a push moves only so many issues.")
NOT_MOVED = saying("Issue %(issue)s: %(why)s", within=["why"])
NONE_MOVED = saying("No issue could be moved: %(why)s", within=["why"])
NO_WAY = saying("%(issue)s has no way called “%(way)s” from where it is: only commented on.")
COMMENTED = saying("Commented on issue %(issue)s: %(comment)s")
# As they stand in comments
VERBS: dict[Action, str] = {
    "resolve": "Resolved by",
    "reopen": "Reopened by",
    "hold": "Put on hold by",
    "wontfix": "Will not be fixed, says",
    "invalidate": "Found invalid by",
    "link": "Mentioned in",
}


class Issues(BaseBroker):
    """Acts on issues of the code host by its API, and on those of Jira.

    Jira by version 2 of its API: a comment is a text there, in Cloud and Data Center (3 wants a document).
    Source: https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/
    """

    name = "issues"
    title = _("Issues")
    summary = _("Closes, reopens and links issues by words in commit messages.")
    fields = (
        Boolean(
            "numbers",
            _("Act on #12"),
            _("Issues of the code host. It needs the repository's access token."),
            default=True,
        ),
        Boolean(
            "links", _("Comment where an issue is only mentioned"), _('"see #12", "re #12"'), default=True
        ),
        Url("jira_url", _("Jira's address"), _("For keys like OPS-7. Empty: they are left alone.")),
        String("jira_user", _("Jira user"), _("Cloud: the e-mail address. Empty: the token alone.")),
        Password("jira_token", _("Jira token")),
        String("jira_resolve", _("Way to resolve in Jira"), _("The name of a transition."), default="Done"),
        String("jira_reopen", _("Way to reopen in Jira"), _("The name of a transition."), default="Reopen"),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        wanted = [asked for asked in asked_of(payload["commits"]) if self.is_wanted(payload, asked)]
        if not wanted:
            self.log(NOTHING)
            return
        failures: list[BrokerError] = []
        left = MOST_CALLS
        for asked in wanted:
            left -= CALLS_OF_KEY if asked.is_key else CALLS_OF_NUMBER
            if left < 0:
                self.log(LEFT_OUT % {"issue": asked.target})
                continue
            try:
                self.act(payload, asked)
            except NoSuchApi as error:
                self.log(NOT_MOVED % {"issue": asked.target, "why": error})
            except BrokerError as error:
                self.log(NOT_MOVED % {"issue": asked.target, "why": error})
                failures.append(error)
        failure = failure_of(failures, len(wanted))
        if failure:
            raise failure

    @staticmethod
    def is_wanted(payload: dict[str, Any], asked: Asked) -> bool:
        settings = payload["service"]
        if asked.action == "link" and not settings.get("links", True):
            return False
        return bool(settings.get("jira_url")) if asked.is_key else bool(settings.get("numbers", True))

    @property
    def senders(self) -> dict[str, Callable[..., Answer]]:
        return {"PUT": self.put, "PATCH": self.patch, "POST": self.post}

    def act(self, payload: dict[str, Any], asked: Asked) -> None:
        comment = comment_on(payload, asked)
        if asked.is_key:
            self.act_on_key(payload["service"], asked, comment)
        else:
            for call in issue_calls(payload, asked.target, asked.action, comment):
                send = self.senders[call.method]
                send(call.url, json=call.json, headers=call.headers).checked()
        self.log(COMMENTED % {"issue": asked.target, "comment": comment.splitlines()[0]})

    def act_on_key(self, settings: dict[str, Any], asked: Asked, comment: str) -> None:
        issue = f"{settings['jira_url'].rstrip('/')}/rest/api/2/issue/{quote(asked.target)}"
        user, token = settings.get("jira_user", ""), settings.get("jira_token", "")
        auth = (user, token) if user else None
        headers = {"Authorization": f"Bearer {token}"} if token and not user else {}
        ways = {"resolve": settings.get("jira_resolve"), "reopen": settings.get("jira_reopen")}
        name = ways.get(asked.action) or ""
        if name:
            answer = self.get(f"{issue}/transitions", headers=headers, auth=auth).checked()
            way = _way(answer.json() if answer.body else {}, name)
            if way:
                body = {"transition": {"id": way}}
                self.post(f"{issue}/transitions", json=body, headers=headers, auth=auth).checked()
            else:
                self.log(NO_WAY % {"issue": asked.target, "way": name})
        self.post(f"{issue}/comment", json={"body": comment}, headers=headers, auth=auth).checked()


def failure_of(failures: list[BrokerError], number: int) -> BrokerError | None:
    """Return what the run failed of, if it did.

    To try again does nothing twice, the host sees to that. But a message may name an issue that is not
    there: where others could be moved, the log tells it, and the run is done.
    """
    passing = [error for error in failures if isinstance(error, TemporaryError)]
    if passing:
        return passing[0]
    return BrokerError(NONE_MOVED % {"why": failures[0]}) if failures and len(failures) == number else None


def comment_on(payload: dict[str, Any], asked: Asked) -> str:
    """Return the comment: which commit says so, where."""
    commit = asked.commit
    branch = f" on {commit['branch']}" if commit["branch"] else ""
    lines = [
        f"{VERBS[asked.action]} commit {commit['node']}{branch} ({author_of(commit)}): {summary_of(commit)}",
        commit_url(payload, commit),
    ]
    return "\n".join(filter(None, lines))


def _way(answer: Any, name: str) -> str:
    """Return the id of a transition by its name, or by the name of the status it leads to; "" for none."""
    ways = answer.get("transitions") if isinstance(answer, dict) else None
    for way in ways if isinstance(ways, list) else ():
        if not isinstance(way, dict):
            continue
        target = way.get("to")
        leads_to = target.get("name") if isinstance(target, dict) else None
        if name.lower() in (str(way.get("name")).lower(), str(leads_to).lower()):
            return str(way.get("id"))
    return ""
