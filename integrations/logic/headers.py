"""Which headers of a delivery are kept, which are masked, and which one names the delivery."""

import functools
import hashlib
import re
from collections.abc import Mapping

MASK = "***"
MOST_HEADERS = 100
LONGEST_NAME = 100
LONGEST_VALUE = 2000
LONGEST_DELIVERY_ID = 200

# What a sender calls its own name of a delivery, which stays the same when it sends it again. GitLab's
# Idempotency-Key comes before its event UUID, which events that cause each other share.
DELIVERY_ID_HEADERS = ("X-Request-UUID", "X-GitHub-Delivery", "Idempotency-Key", "X-Gitlab-Event-UUID")

_IS_SECRET = re.compile(
    r"^(proxy-|cookie|set-cookie)|authori[sz]ation|token|secret|signature|password|credential|api-?key|\bauth\b",
    re.IGNORECASE,
)


def redact(headers: Mapping[str, str], *, hidden: str) -> dict[str, str]:
    """Return the headers as they may be stored: bounded, and with secrets masked.

    hidden: the token of the URL, which a proxy may repeat in a header of its own.
    """
    return {
        plain(name)[:LONGEST_NAME]: _kept(plain(name), value, hidden)
        for name, value in list(headers.items())[:MOST_HEADERS]
    }


def delivery_id(headers: Mapping[str, str]) -> str:
    """Return the sender's own id of the delivery; empty when it sends none.

    headers: by names in any case.
    """
    given = next((headers[name] for name in DELIVERY_ID_HEADERS if headers.get(name)), "")
    name = plain(given).strip()
    return name if len(name) <= LONGEST_DELIVERY_ID else hashlib.sha256(name.encode()).hexdigest()


def plain(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _kept(name: str, value: str, hidden: str) -> str:
    if _is_secret(name):
        return MASK
    return plain(value).replace(hidden, MASK)[:LONGEST_VALUE]


@functools.lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    """Tell whether a header is one that proves something; senders use the same few names again and again."""
    return _IS_SECRET.search(name.replace("_", "-")) is not None
