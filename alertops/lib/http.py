"""The guarded way out: how this server calls another one over HTTP.

For now the only address it may call is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from requests_hardened import Config, Manager

CONNECT_TIMEOUT, READ_TIMEOUT = 3.05, 10.0  # seconds
LONGEST_ANSWER = 64_000  # bytes

# No filter on addresses: the operator has named this one, and it is often a private one.
_OURSELVES = Manager(
    Config(
        ip_filter_enable=False,
        ip_filter_allow_loopback_ips=True,
        never_redirect=True,
        default_timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        user_agent_override="alertops",
    )
)

# The first that fits, so what is special comes first.
_WHY = (
    (requests.exceptions.SSLError, _("its certificate is not trusted here")),
    (requests.exceptions.ConnectTimeout, _("nothing answers there")),
    (requests.exceptions.ReadTimeout, _("it did not answer in time")),
    (requests.exceptions.ConnectionError, _("the connection was refused, or the name is not known here")),
    (requests.exceptions.RequestException, _("the call failed")),
)


class Unreachable(Exception):
    """The server could not be called; the text says why and what to look at."""


@dataclass(frozen=True)
class Answer:
    """What a server answered. text: its beginning."""

    status: int
    text: str


def post_to_ourselves(path: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post to this very installation, as the outside world would: by its base URL. Raises Unreachable."""
    url = settings.BASE_URL + path
    try:
        with _OURSELVES.get_session() as session:
            response = session.post(url, data=body, headers=dict(headers), stream=True)
            answer = response.raw.read(LONGEST_ANSWER, decode_content=True)
    except requests.exceptions.RequestException as error:
        raise Unreachable(_explain(error)) from error
    return Answer(response.status_code, answer.decode(errors="replace"))


def _explain(error: requests.exceptions.RequestException) -> str:
    why = next(words for kind, words in _WHY if isinstance(error, kind))
    text = _("This server cannot reach itself at %(url)s: %(why)s. Check ALERTOPS_BASE_URL and the proxy.")
    return text % {"url": settings.BASE_URL, "why": why}
