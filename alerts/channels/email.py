"""How a letter leaves by e-mail."""

import binascii
import functools
import secrets
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.charset import QP, Charset
from email.policy import Compat32
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from alertops.lib import smtp
from alertops.lib.languages import speaking
from alertops.lib.sayings import saying
from alertops.lib.smtp import BACKENDS
from alerts.channels.contract import Channel, DeliveryError, Receipt, Send
from alerts.logic.event import Severity, Urgency, shortened
from alerts.logic.notification import Letter

TIMEOUT = timedelta(seconds=20)
KEPT = timedelta(seconds=5)
MOST_SUBJECT = 200
SHORT = 76  # characters: what a line may have without being folded

_SILENCE = saying("The mail was not taken, and nothing was said.")
_BAD_ADDRESS = saying("This address cannot be used: %(error)s")


class _SevenBit(Charset):
    """Quoted-printable: no server on the way has anything to convert. Encoded at the speed of C."""

    def __init__(self) -> None:
        super().__init__("utf-8")
        self.body_encoding = QP

    def body_encode(self, string: Any) -> Any:
        octets = string.encode("utf-8") if isinstance(string, str) else string
        return binascii.b2a_qp(octets, istext=True).decode("ascii")


_UTF8 = _SevenBit()


class _AsItIs(Compat32):
    """Writes a header that fits on its line as it is; to look for a place to fold it takes far longer."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        line = f"{name}: {value}"
        if isinstance(value, str) and len(line) < SHORT and line.isascii() and line.isprintable():
            return f"{line}{self.linesep}".encode()
        return super().fold_binary(name, value)


_AS_IT_IS = _AsItIs()


class _Mail(EmailMultiAlternatives):
    """Django's mail, written out in half the time."""

    def message(self, **options: Any) -> Any:
        written = super().message(**options)
        # Nobody can have it in a text, so nobody has to look.
        written.set_boundary(f"=_{secrets.token_hex(16)}")
        for part in written.walk():
            part.policy = _AS_IT_IS
        return written


# Text on a fill, in light and dark alike; contrast at least 4.5.
_COLORS = {
    Severity.CRITICAL: "#b91c1c",
    Severity.ERROR: "#b93a0a",
    Severity.WARNING: "#8a5a00",
    Severity.INFO: "#1d5fb8",
}
_OVER = "#4b5563"
BRAND = "#794acb"


@contextmanager
def connect() -> Iterator[Send]:
    """Give a function that hands letters over, all of them on one connection."""
    backend = get_connection(BACKENDS.get(settings.EMAIL_BACKEND, settings.EMAIL_BACKEND))
    try:
        yield functools.partial(_send, backend)
    finally:
        backend.close()


def message_of(letter: Letter, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """Return the mail that says what a letter says.

    All mails about an alert refer to one message id that was never sent, so that mail programs show
    them as one conversation.
    """
    with speaking(letter.language):
        plain = render_to_string("alerts/mail/letter.txt", {"letter": letter})
        html = render_to_string("alerts/mail/letter.html", _look(letter))
    message = _Mail(
        subject=shortened(f"[{letter.tag}] {letter.subject}", MOST_SUBJECT) + f" (#{letter.alert_id})",
        body=plain,
        to=[letter.address],
        headers=_headers(letter),
        connection=connection,
    )
    message.encoding = _UTF8
    message.attach_alternative(html, "text/html")
    return message


def _headers(letter: Letter) -> dict[str, str]:
    headers = {
        "Message-ID": letter.message_id,
        "In-Reply-To": letter.thread_id,
        "References": letter.thread_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Alertops-Alert": str(letter.alert_id),
    }
    if letter.urgency is Urgency.HIGH and not letter.is_over:
        headers |= {"Importance": "high", "X-Priority": "1"}
    return headers


def _look(letter: Letter) -> dict[str, Any]:
    return {
        "letter": letter,
        "color": _OVER if letter.is_over else _COLORS[letter.severity],
        "brand": BRAND,
    }


def _send(backend: BaseEmailBackend, letter: Letter) -> Receipt:
    server = backend if isinstance(backend, smtp.EmailBackend) else None
    if server:
        server.deadline.set(TIMEOUT)
    try:
        if not backend.send_messages([message_of(letter, backend)]):
            raise DeliveryError(_SILENCE, permanent=False)
    except (OSError, ValueError) as error:
        raise as_delivery_error(error) from error
    return Receipt(server.receipt if server else "")


def as_delivery_error(error: Exception) -> DeliveryError:
    """Say whether another attempt makes sense: not when the server refuses this address or this mail.

    A wrong password or a refused sender is the operator's to mend, and concerns every mail: giving up
    at once would use up a whole policy in a second.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return _refusal(code, text, permanent=500 <= code < 600)
        case smtplib.SMTPDataError():
            return _refusal(error.smtp_code, error.smtp_error, permanent=500 <= error.smtp_code < 600)
        case smtplib.SMTPResponseException():
            return _refusal(error.smtp_code, error.smtp_error, permanent=False)
        case OSError():
            return DeliveryError(str(error) or type(error).__name__, permanent=False)
        case _:
            return DeliveryError(_BAD_ADDRESS % {"error": error}, permanent=True)


def _refusal(code: int, text: bytes | str, *, permanent: bool) -> DeliveryError:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return DeliveryError(f"{code} {words}", permanent=permanent)


CHANNEL = Channel(provider="email", label=saying("e-mail"), timeout=TIMEOUT, connect=connect, kept=KEPT)
