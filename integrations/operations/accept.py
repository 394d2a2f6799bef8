"""What happens at the door: a delivery is checked, stored as it came, and answered; nothing else.

In order: token, size, signature, switch, readability. What is refused is stored too, so that somebody
can see it and mend the cause. Nothing is understood here; that is `process`.

What has come at the same time is taken in together: one query, one INSERT and one commit, however many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from django.conf import settings

from alertops.lib import jobs, secrets
from alertops.lib.sayings import saying
from alertops.lib.together import together
from integrations.logic import headers, payload, signature
from integrations.logic.outcome import Reason
from integrations.operations import intake, tokens, turned_away
from integrations.operations.turned_away import MethodRefused, Refused, TurnedAway, UnknownToken

PROCESS = "integrations.tasks.process"
TEST_HEADER = "X-Alertops-Test"
_CHUNK = 65536

# What a sender is told, and the log
_DISABLED = saying("The integration “%(name)s” is switched off: enable it in the admin and send this again.")
_BROKEN_OFF = saying("The body broke off after %(read)d of %(size)d bytes: send it again.")
_TOO_LARGE = saying(
    "The body has at least %(size)d bytes and at most %(most)d are taken:"
    " send less, or raise ALERTOPS_MAX_BODY_BYTES."
)
_NO_SIGNATURE = saying(
    "The header %(header)s is missing: give the sender the signing secret of this integration,"
    " or empty it here."
)
_WRONG_SIGNATURE = saying(
    "The header %(header)s does not prove the signing secret: set the same secret at the sender and"
    " here, and let nothing on the way change the body."
)


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
    (outcome,) = accept_all([(token, delivery)], now=now)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def accept_all(deliveries: Sequence[tuple[str, Delivery]], *, now: datetime) -> list[int | Exception]:
    """Store what came at the same time, each with its token; return for each what `accept` returns or raises.

    All are looked up by one query, and stored by one INSERT, which is one commit.
    """
    knocks = [_Knock(token, delivery, now) for token, delivery in deliveries]
    outcomes = together(_take_in, knocks)
    came = list(zip(knocks, outcomes, strict=True))
    for integration_id in {knock.arrival.integration_id for knock, found in came if isinstance(found, int)}:
        jobs.nudge(PROCESS, integration_id)
    turned = [(knock.arrival, found) for knock, found in came if isinstance(found, TurnedAway)]
    kept = iter(together(turned_away.keep, turned))
    return [next(kept) if isinstance(found, TurnedAway) else found for found in outcomes]


class _Knock:
    """A delivery whose body has been read.  unread: why it was not read to its end."""

    def __init__(self, token: str, delivery: Delivery, now: datetime) -> None:
        self.token_digest, self.token_hint = secrets.digest(token), headers.plain(token)[:6]
        self.delivery = delivery
        self.arrival = _arrival(token, delivery, now)
        self.unread: Refused | None = None
        try:
            self.arrival.body = _read(delivery)
            self.arrival.body_size = len(self.arrival.body)
        except Refused as refusal:
            self.unread = refusal
            self.arrival.body_size = refusal.size

    @cached_property
    def undecodable(self) -> Refused | None:
        """Why the body cannot be read as data; found out once."""
        arrival = self.arrival
        try:
            payload.decode(
                arrival.body,
                content_type=arrival.content_type,
                method=arrival.method,
                query_string=arrival.query_string,
            )
        except payload.UnreadableBody as error:
            return Refused(Reason.UNREADABLE_BODY, str(error))
        return None


def _take_in(knocks: list[_Knock]) -> list[int | Exception]:
    """Store what may be taken, all of it or none; return for each its id, or why it was not."""
    doorways = tokens.find_all([knock.token_digest for knock in knocks], knocks[0].arrival.received_at)
    verdicts = list(map(_verdict, knocks, doorways))
    good = [knock.arrival for knock, verdict in zip(knocks, verdicts, strict=True) if verdict is None]
    ids = iter(intake.insert(good))
    return [next(ids) if verdict is None else verdict for verdict in verdicts]


def _verdict(knock: _Knock, doorway: tokens.Doorway | None) -> Exception | None:
    """Return why a delivery is not taken, if so."""
    try:
        _check(knock, doorway)
    except (MethodRefused, TurnedAway) as refusal:
        return refusal
    return None


def _check(knock: _Knock, doorway: tokens.Doorway | None) -> None:
    if doorway is None:
        raise UnknownToken(knock.token_hint)
    delivery = knock.delivery
    if delivery.method == "GET" and not (doorway.allows_get and delivery.query_string):
        raise MethodRefused
    knock.arrival.integration_id = doorway.id
    if knock.unread:
        raise knock.unread
    scheme, secret = signature.Scheme(doorway.signature_scheme), doorway.signing_secret
    body, given = knock.arrival.body, delivery.headers
    if secret and not signature.is_valid(scheme, secret=secret, body=body, headers=given):
        raise Refused(Reason.BAD_SIGNATURE, _bad_signature(scheme, given))
    if not doorway.is_enabled:
        raise Refused(Reason.DISABLED, _DISABLED % {"name": doorway.name})
    if knock.undecodable:
        raise knock.undecodable


def _arrival(token: str, delivery: Delivery, now: datetime) -> intake.Arrival:
    return intake.Arrival(
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
        detail = _BROKEN_OFF % {"read": len(body), "size": size}
        raise Refused(Reason.UNREADABLE_BODY, detail, size=len(body))
    return body


def _read_up_to(stream: Readable, most: int) -> bytes:
    parts: list[bytes] = []
    while most > 0 and (part := stream.read(min(most, _CHUNK))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def _too_large(size: int) -> Refused:
    detail = _TOO_LARGE % {"size": size, "most": settings.MAX_BODY_BYTES}
    return Refused(Reason.TOO_LARGE, detail, size=size)


def _bad_signature(scheme: signature.Scheme, given: Mapping[str, str]) -> str:
    names = signature.HEADERS[scheme]
    found = next((name for name in names if given.get(name)), None)
    if found is None:
        return _NO_SIGNATURE % {"header": " / ".join(names)}
    return _WRONG_SIGNATURE % {"header": found}
