"""A host that does nothing but write down what a broker asks of it, and answers as it is told.

host = Recorder({"GET https://api.github.com/": Answer(200, body=b"diff ...")})
run(Email, payload, {"to": ["team@example.com"]}, host)
host.mails[0].subject
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brokers import Answer, BaseBroker, BrokerError, Mail, Request
from brokers.base import REPOSITORY_TOKEN, REPOSITORY_URL, clean_settings

MOST_CALLS = 20  # as the real host allows


@dataclass(frozen=True)
class Call:
    """One request. body: decoded."""

    method: str
    url: str
    body: str
    headers: dict[str, str]


@dataclass
class Recorder:
    """answers: by the beginning of `METHOD url`; the longest that fits counts. An exception is raised.

    What no answer fits is answered 200 without a body.
    """

    answers: Mapping[str, Answer | BrokerError] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def call(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        assert len(self.calls) < MOST_CALLS, "a run may make 20 calls"
        self.calls.append(Call(method, url, (body or b"").decode(), dict(headers)))
        fitting = [start for start in self.answers if f"{method} {url}".startswith(start)]
        answer = self.answers[max(fitting, key=len)] if fitting else Answer(200)
        if isinstance(answer, BrokerError):
            raise answer
        return answer

    def mail(self, mail: Mail) -> None:
        self.mails.append(mail)

    def log(self, text: str) -> None:
        self.lines.append(text)

    def ask(self, request: Request) -> None:
        self.requests.append(request)


def run(
    broker: type[BaseBroker],
    payload: dict[str, Any],
    settings: Mapping[str, Any],
    host: Recorder | None = None,
    *,
    token: str = "",
    url: str | None = None,
) -> Recorder:
    """Run a broker as the engine does: with its settings cleaned, the repository's token and its address.

    url: as it is stored; without it, as the push says it.
    """
    host = host or Recorder()
    place = {REPOSITORY_TOKEN: token, REPOSITORY_URL: payload["repository"]["url"] if url is None else url}
    service = {**clean_settings(broker.fields, settings), **place}
    broker(host).handle({**payload, "broker": broker.name, "service": service})
    return host
