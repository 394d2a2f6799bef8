"""Has Jenkins build what was pushed."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import BaseBroker, BrokerError, Password, String, Text, Url
from brokers.logic.lines import one_line
from brokers.logic.telling import live_changes, pusher_of

MOST_BUILDS = 10  # of one push
MAX_VALUE = 300  # characters of what a parameter is filled with
NOTHING = saying("No branch was pushed to: nothing to build.")
LEFT_OUT = saying("%(count)d more branches were pushed: they are not built.")
ASKED = saying("Asked for a build.")
QUEUED = saying("Asked for a build: %(address)s")
NO_PARAMETER = saying("“%(line)s” is no parameter: write NAME=value on each line.")
_PLACE = re.compile(r"\{(branch|commit|repository|author)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class Jenkins(BaseBroker):
    """Starts a job by remote access: once for a push, or with parameters once for each branch."""

    name = "jenkins"
    title = _("Jenkins")
    summary = _("Starts a build on every push.")
    fields = (
        Url("endpoint", _("Jenkins' address"), _("Like https://jenkins.example.com"), required=True),
        String("project", _("Project"), _("The job's name. In folders: team/website"), required=True),
        String("module", _("Module"), _("Of a Maven project; else empty.")),
        Password("token", _("Token"), _("The authentication token of the job's remote trigger.")),
        String("user", _("User"), _("Empty where the token alone may build.")),
        Password("api_token", _("The user's API token")),
        Text(
            "parameters",
            _("Parameters"),
            _("Lines like BRANCH={branch}; {commit}, {repository}, {author}. One build for each branch."),
            max_length=2000,
        ),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        settings = payload["service"]
        changes = live_changes(payload)
        if not changes:
            self.log(NOTHING)
            return
        lines = settings.get("parameters", "")
        for change in changes[:MOST_BUILDS] if lines else changes[:1]:
            self.build(settings, list(_parameters(lines, payload, change)), cause_of(payload))
        if lines and len(changes) > MOST_BUILDS:
            self.log(LEFT_OUT % {"count": len(changes) - MOST_BUILDS})

    def build(self, settings: dict[str, Any], parameters: list[tuple[str, str]], cause: str) -> None:
        """Start a build: a user posts; without one it is got, as Jenkins wants a crumb with other posts."""
        data = [*parameters, ("cause", cause)]
        if settings.get("token"):
            data.append(("token", settings["token"]))
        url = job_url(settings, has_parameters=bool(parameters))
        if settings.get("user"):
            answer = self.post(url, data, auth=(settings["user"], settings.get("api_token", "")))
        else:
            answer = self.get(f"{url}?{urlencode(data)}")
        queued = answer.checked().headers.get("location", "")
        self.log(QUEUED % {"address": queued} if queued else ASKED)


def job_url(settings: dict[str, Any], *, has_parameters: bool) -> str:
    """Return what starts a job; each folder of its name is a job too."""
    folders = [part for part in settings["project"].split("/") if part and part != "job"]
    path = "".join(f"/job/{quote(part, safe='')}" for part in folders)
    if settings.get("module"):
        path += f"/{quote(settings['module'], safe='$:')}"
    ending = "buildWithParameters" if has_parameters else "build"
    return f"{settings['endpoint'].rstrip('/')}{path}/{ending}"


def cause_of(payload: dict[str, Any]) -> str:
    return f"{pusher_of(payload)} pushed to {one_line(payload['repository']['full_name'], 200)}"


def _parameters(lines: str, payload: dict[str, Any], change: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Read the lines of parameters. Raises BrokerError."""
    words = {
        "branch": change["name"],
        "commit": change["new"] or "",
        "repository": payload["repository"]["full_name"],
        "author": payload["user"],
    }
    for line in filter(None, (line.strip() for line in lines.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise BrokerError(NO_PARAMETER % {"line": one_line(line, 60)})
        yield name.strip(), _PLACE.sub(lambda match: one_line(words[match[1]], MAX_VALUE), value.strip())
