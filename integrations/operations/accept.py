"""What happens at the door: a delivery is checked, stored as it came, and answered; nothing else.

In order: token, size, signature, switch, readability. What is refused is stored too, so that somebody
can see it and mend the cause. Nothing is understood here; that is `process`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from alertops.lib import jobs
from integrations.logic import headers, payload, signature
from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage, Integration, UnmatchedDelivery
from integrations.operations import tokens

logger = logging.getLogger(__name__)

PROCESS = "integrations.tasks.process"
TEST_HEADER = "X-Alertops-Test"
BAD_SIGNATURES_KEPT_A_MINUTE = 10  # of one integration
UNMATCHED_KEPT_A_MINUTE = 30
UNMATCHED_KEPT = 100
_CHUNK = 65536


class UnknownToken(Exception):
    """No integration has this URL."""


class MethodRefused(Exception):
    """The URL is not opened by this method."""


class Refused(Exception):
    """The delivery was not taken; the detail names the mend.

    size: bytes that were announced or read, when the body itself is not kept.
    """

    def __init__(self, reason: Reason, detail: str, *, size: int | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.size = reason, detail, size


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One request, its body not yet read.

    headers: by names in any case, values as WSGI gives them: bytes read as Latin-1.
    content_length: None when the body comes in chunks, to the end of the stream.
    """

    method: str
    content_type: str
    content_length: int | None
    query_string: str
    headers: Mapping[str, str]
    remote_address: str
    stream: Readable


def accept(token: str, delivery: Delivery, *, now: datetime) -> int:
    """Store a delivery and return its message's id, once that is committed.

    Raises UnknownToken, MethodRefused or Refused; what the database raises is the door's to answer.
    """
    integration = tokens.find(token, now)
    if integration is None:
        _note_unmatched(token, delivery, now)
        raise UnknownToken
    if delivery.method == "GET" and not (integration.allows_get and delivery.query_string):
        raise MethodRefused
    message = _message(integration, token, delivery, now)
    try:
        message.body = _read(delivery)
        message.body_size = len(message.body)
        _check(integration, delivery, message)
    except Refused as refusal:
        _store_refused(message, refusal)
        raise
    message.save(force_insert=True)
    jobs.nudge(PROCESS, integration.pk)
    return message.pk


def _message(integration: Integration, token: str, delivery: Delivery, now: datetime) -> InboundMessage:
    return InboundMessage(
        integration_id=integration.pk,
        received_at=now,
        method=delivery.method[:8],
        content_type=headers.plain(delivery.content_type)[:200],
        query_string=headers.plain(delivery.query_string)[: settings.MAX_BODY_BYTES],
        headers=headers.redact(delivery.headers, hidden=token),
        remote_address=headers.plain(delivery.remote_address)[:64],
        delivery_id=headers.delivery_id(delivery.headers),
        is_test=TEST_HEADER in delivery.headers,
    )


def _read(delivery: Delivery) -> bytes:
    """Read the body, and never more than is taken; a body that ends early is none."""
    size, most = delivery.content_length, settings.MAX_BODY_BYTES
    if size is not None and size > most:
        raise _too_large(size)
    body = _read_up_to(delivery.stream, most + 1 if size is None else size)
    if len(body) > most:
        raise _too_large(len(body))
    if size is not None and len(body) < size:
        detail = _("The body broke off after %(read)d of %(size)d bytes: send it again.")
        raise Refused(Reason.UNREADABLE_BODY, detail % {"read": len(body), "size": size}, size=len(body))
    return body


def _read_up_to(stream: Readable, most: int) -> bytes:
    parts: list[bytes] = []
    while most > 0 and (part := stream.read(min(most, _CHUNK))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def _too_large(size: int) -> Refused:
    detail = _(
        "The body has at least %(size)d bytes and at most %(most)d are taken:"
        " send less, or raise ALERTOPS_MAX_BODY_BYTES."
    )
    return Refused(Reason.TOO_LARGE, detail % {"size": size, "most": settings.MAX_BODY_BYTES}, size=size)


def _check(integration: Integration, delivery: Delivery, message: InboundMessage) -> None:
    scheme = signature.Scheme(integration.signature_scheme)
    secret, body = integration.signing_secret, bytes(message.body)
    if secret and not signature.is_valid(scheme, secret=secret, body=body, headers=delivery.headers):
        raise Refused(Reason.BAD_SIGNATURE, _bad_signature(scheme, delivery.headers))
    if not integration.is_enabled:
        detail = _("The integration “%(name)s” is switched off: enable it in the admin and send this again.")
        raise Refused(Reason.DISABLED, detail % {"name": integration.name})
    try:
        payload.decode(
            body,
            content_type=message.content_type,
            method=message.method,
            query_string=message.query_string,
            headers=message.headers,
        )
    except payload.UnreadableBody as error:
        raise Refused(Reason.UNREADABLE_BODY, str(error)) from error


def _bad_signature(scheme: signature.Scheme, given: Mapping[str, str]) -> str:
    names = signature.HEADERS[scheme]
    found = next((name for name in names if given.get(name)), None)
    if found is None:
        detail = _(
            "The header %(header)s is missing: give the sender the signing secret of this integration,"
            " or empty it here."
        )
        return detail % {"header": _(" or ").join(names)}
    detail = _(
        "The header %(header)s does not prove the signing secret: set the same secret at the sender and"
        " here, and let nothing on the way change the body."
    )
    return detail % {"header": found}


def _store_refused(message: InboundMessage, refusal: Refused) -> None:
    """Put a refusal on record; forged signatures could fill the disk, so of these only some."""
    minute = int(message.received_at.timestamp() // 60)
    key = f"bad_signature:{message.integration_id}:{minute}"
    if refusal.reason is Reason.BAD_SIGNATURE and _count(key) > BAD_SIGNATURES_KEPT_A_MINUTE:
        return
    message.status, message.reason, message.detail = Status.REFUSED, refusal.reason, refusal.detail
    message.processed_at = message.received_at
    if refusal.size is not None:
        message.body_size = refusal.size
    message.save(force_insert=True)


def _note_unmatched(token: str, delivery: Delivery, now: datetime) -> None:
    """List a delivery to a URL that nobody has; the last ones, and not more than some a minute."""
    if _count(f"unmatched:{int(now.timestamp() // 60)}") > UNMATCHED_KEPT_A_MINUTE:
        return
    UnmatchedDelivery.objects.create(
        received_at=now,
        token_hint=headers.plain(token)[:6],
        method=delivery.method[:8],
        remote_address=headers.plain(delivery.remote_address)[:64],
        user_agent=headers.plain(delivery.headers.get("User-Agent", ""))[:200],
    )
    newest = UnmatchedDelivery.objects.order_by("-id").values("id")
    oldest_kept = newest[UNMATCHED_KEPT - 1 : UNMATCHED_KEPT]
    UnmatchedDelivery.objects.filter(id__lt=oldest_kept).delete()


def _count(key: str) -> int:
    """Count one more and return how many within about a minute; a dead cache counts nothing."""
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key)
    except Exception:
        logger.exception("The cache does not count %s.", key)
        return 0
