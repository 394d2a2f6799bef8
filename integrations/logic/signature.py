"""How a sender proves that it knows the secret."""

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum


class Scheme(StrEnum):
    """HUB: HMAC-SHA256 of the raw body, `sha256=<hex>` in X-Hub-Signature-256 or X-Hub-Signature.

    Sources: Bitbucket (X-Hub-Signature), GitHub (X-Hub-Signature-256), GitLab (the secret itself in
    X-Gitlab-Token), Grafana (hex HMAC-SHA256 in X-Grafana-Alerting-Signature).
    """

    HUB = "hub"
    GITLAB = "gitlab"
    GRAFANA = "grafana"
    BEARER = "bearer"


# The header that carries the proof; of two the first that is there. GitHub sends both: its
# X-Hub-Signature is the SHA-1 of old; Bitbucket's is the SHA-256.
HEADERS: dict[Scheme, tuple[str, ...]] = {
    Scheme.HUB: ("X-Hub-Signature-256", "X-Hub-Signature"),
    Scheme.GITLAB: ("X-Gitlab-Token",),
    Scheme.GRAFANA: ("X-Grafana-Alerting-Signature",),
    Scheme.BEARER: ("Authorization",),
}


def sign(scheme: Scheme, *, secret: str, body: bytes) -> tuple[str, str]:
    """Return the header, name and value, that proves knowledge of the secret for this body."""
    return HEADERS[scheme][0], _proof(scheme, secret, body)


def is_valid(scheme: Scheme, *, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Tell whether the headers prove knowledge of the secret, in a time that tells nothing about it.

    headers: by names in any case, with values as WSGI gives them: bytes read as Latin-1.
    body: raw, as it came.
    """
    given = next((headers[name] for name in HEADERS[scheme] if headers.get(name)), "").strip(_SPACES)
    if scheme is Scheme.BEARER:
        word, _space, credentials = given.partition(" ")
        given = f"{word.capitalize()} {credentials.strip(_SPACES)}"
    try:
        sent = given.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return hmac.compare_digest(sent, _proof(scheme, secret, body).encode())


# Not str.strip(): read as Latin-1, the last byte of “à” is a space that does not break.
_SPACES = " \t"


def _proof(scheme: Scheme, secret: str, body: bytes) -> str:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        Scheme.HUB: f"sha256={mac}",
        Scheme.GRAFANA: mac,
        Scheme.GITLAB: secret,
        Scheme.BEARER: f"Bearer {secret}",
    }[scheme]
