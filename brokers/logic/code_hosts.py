"""Where a code host's API is, how it is told who asks, and what its diffs and issues are called there.

Calls carry the repository's token, so they go to payload["service"]["repository_url"] and nowhere else: what
a push says of addresses is a stranger's word.
Source: the hosts' API references: Bitbucket Cloud "Commits" and "Issue tracker"; Bitbucket
Data Center PatchRequest (without `since`, one commit's patch; a merge has none); GitHub "Get a commit",
"Update an issue"; GitLab "Get the diff of a commit", "Edit an issue"; Gitea repoDownloadCommitDiffOrPatch.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from alertops.lib.sayings import saying
from brokers.logic.keywords import Action

Payload = dict[str, Any]

NO_DIFFS = saying("%(host)s has no address for diffs that is known here.")
NO_ISSUES = saying("%(host)s has no issues: use keys of Jira, like OPS-7.")
NO_ADDRESS = saying("The address of its host is not known: enter the repository's web address.")


@dataclass(frozen=True)
class Call:
    """One call of an API. json: its body, or None."""

    method: str
    url: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NoSuchApi(ValueError):
    """The host has no API for this; the message says so."""


def diff_call(payload: Payload, commit: Payload) -> Call:
    """Return the call that answers with a commit's diff. Raises NoSuchApi.

    GitLab answers with JSON (brokers.logic.diffs reads both), the others with a unified diff.
    """
    make = _DIFFS.get(_kind(payload))
    if not make:
        raise NoSuchApi(NO_DIFFS % {"host": payload["host"]["name"]})
    call = make(payload, commit["raw_node"])
    return Call(call.method, call.url, headers={**authorization(payload), **call.headers})


def issue_calls(payload: Payload, number: str, action: Action, comment: str) -> list[Call]:
    """Return the calls that move an issue, and then say why. Raises NoSuchApi.

    The state comes first: to set it twice does no harm when a run is tried again.
    """
    kind = _kind(payload)
    if kind not in _STATES:
        raise NoSuchApi(NO_ISSUES % {"host": payload["host"]["name"]})
    issue, method, comment_body = _issue(payload, kind, number, comment)
    state = _STATES[kind].get(action)
    notes = f"{issue}/{'notes' if kind == 'gitlab' else 'comments'}"
    calls = [Call(method, issue, state)] if state else []
    calls.append(Call("POST", notes, comment_body))
    return [Call(call.method, call.url, call.json, authorization(payload)) for call in calls]


def authorization(payload: Payload) -> dict[str, str]:
    """Return the headers that say who asks: a token, or `user:password`."""
    token = str(payload["service"].get("repository_token") or "")
    if not token:
        return {}
    if ":" in token:
        return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
    if _kind(payload) == "gitlab":
        return {"PRIVATE-TOKEN": token}
    return {"Authorization": f"{'token' if _kind(payload) in ('gitea', 'gogs') else 'Bearer'} {token}"}


def _kind(payload: Payload) -> str:
    """Return which API speaks; a historic push came from Bitbucket, or from one of ours that passed it on."""
    kind = str(payload["host"]["kind"])
    if kind != "historic":
        return kind
    return {"bitbucket.org": "bitbucket", "github.com": "github"}.get(payload["host"]["name"], "")


def _page(payload: Payload) -> str:
    """Return the repository's page, as it is stored. Raises NoSuchApi."""
    url = str(payload["service"].get("repository_url") or "")
    if not url:
        raise NoSuchApi(NO_ADDRESS)
    return url


def _base(payload: Payload) -> str:
    """Return where the host's web pages begin: an instance may live below a path."""
    url, ending = _page(payload), f"/{payload['repository']['full_name']}"
    for mark in ("/projects/", "/users/"):
        if _kind(payload) == "bitbucket_data_center" and mark in url:
            return url.partition(mark)[0]
    return url[: -len(ending)] if url.lower().endswith(ending.lower()) else url


def _api(payload: Payload) -> str:
    """Return the address of a repository in its host's API."""
    name = quote(payload["repository"]["full_name"])
    kind = _kind(payload)
    if kind == "bitbucket":
        return f"https://api.bitbucket.org/2.0/repositories/{name}"
    if kind == "github":
        is_cloud = urlsplit(_page(payload)).hostname == "github.com"
        return f"{'https://api.github.com' if is_cloud else f'{_base(payload)}/api/v3'}/repos/{name}"
    if kind == "gitlab":
        return f"{_base(payload)}/api/v4/projects/{quote(payload['repository']['full_name'], safe='')}"
    if kind == "bitbucket_data_center":
        project, _slash, slug = name.partition("/")
        return f"{_base(payload)}/rest/api/latest/projects/{project}/repos/{slug}"
    return f"{_base(payload)}/api/v1/repos/{name}"


def _diff_of_github(payload: Payload, node: str) -> Call:
    return Call("GET", f"{_api(payload)}/commits/{node}", headers={"Accept": "application/vnd.github.diff"})


def _diff_of_gitlab(payload: Payload, node: str) -> Call:
    return Call("GET", f"{_api(payload)}/repository/commits/{node}/diff?per_page=100&unidiff=true")


_DIFFS: dict[str, Callable[[Payload, str], Call]] = {
    "bitbucket": lambda payload, node: Call("GET", f"{_api(payload)}/diff/{node}"),
    "bitbucket_data_center": lambda payload, node: Call("GET", f"{_api(payload)}/patch?until={node}"),
    "github": _diff_of_github,
    "gitlab": _diff_of_gitlab,
    "gitea": lambda payload, node: Call("GET", f"{_api(payload)}/git/commits/{node}.diff"),
    "gogs": lambda payload, node: Call("GET", f"{_page(payload)}/commit/{node}.diff"),
}

_CLOSED, _OPEN = {"state": "closed"}, {"state": "open"}
# What is missing here has no state at its host: then the comment alone says it.
_STATES: dict[str, dict[Action, dict[str, str]]] = {
    "bitbucket": {
        "resolve": {"state": "resolved"},
        "reopen": {"state": "open"},
        "hold": {"state": "on hold"},
        "wontfix": {"state": "wontfix"},
        "invalidate": {"state": "invalid"},
    },
    "github": {
        "resolve": {**_CLOSED, "state_reason": "completed"},
        "reopen": {**_OPEN, "state_reason": "reopened"},
        "wontfix": {**_CLOSED, "state_reason": "not_planned"},
        "invalidate": {**_CLOSED, "state_reason": "not_planned"},
    },
    "gitlab": {
        "resolve": {"state_event": "close"},
        "reopen": {"state_event": "reopen"},
        "wontfix": {"state_event": "close"},
        "invalidate": {"state_event": "close"},
    },
    "gitea": {"resolve": _CLOSED, "reopen": _OPEN, "wontfix": _CLOSED, "invalidate": _CLOSED},
    "gogs": {"resolve": _CLOSED, "reopen": _OPEN, "wontfix": _CLOSED, "invalidate": _CLOSED},
}


def _issue(payload: Payload, kind: str, number: str, comment: str) -> tuple[str, str, dict[str, Any]]:
    """Return an issue's address, how its state is changed, and the body of a comment."""
    if kind == "bitbucket":
        return f"{_api(payload)}/issues/{number}", "PUT", {"content": {"raw": comment}}
    if kind == "gitlab":
        return f"{_api(payload)}/issues/{number}", "PUT", {"body": comment}
    return f"{_api(payload)}/issues/{number}", "PATCH", {"body": comment}
