"""How a broker's mail is built and handed to the installation's mail server."""

import hashlib
import re
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import utf8_charset_qp

from alertops.lib import smtp
from alertops.lib.sayings import saying
from brokers.base import BrokerError, FieldError, Mail, TemporaryError, one_line, visible
from brokers.logic.fields import read_address

MOST_ADDRESSES = 100
MOST_CHARACTERS = 2_000_000  # of text and HTML together
MOST_SUBJECT, MOST_NAME, MOST_HEADER = 200, 80, 500

FOR_NOBODY = saying("The mail is for nobody: give addresses in the settings of the service.")
TOO_MANY = saying("A mail goes to %(most)d addresses at most: use a list’s address.")
TOO_LONG = saying("The mail is longer than %(most)d characters.")
OUR_HEADER = saying("A broker may set headers of mails that begin with X-, not “%(name)s”.")
UNHEARD = saying("The mail was not taken, and nothing was said.")
IN_A_FILE = saying("Written to the folder %(folder)s: no mail server is set, EMAIL_URL names one.")
REFUSED = saying("The mail server takes mail for none of the addresses: %(why)s")
SAID = saying("The mail server said: %(why)s")
UNREACHABLE = saying("The mail server of EMAIL_URL cannot be reached: %(why)s", within=["why"])
UNWRITTEN = saying("The mail cannot be written: %(why)s")

_OWN_HEADER = re.compile(r"X-[A-Za-z0-9-]{1,60}")


@dataclass(frozen=True)
class Delivery:
    """What the mail server said. refused: to whom the mail did not go though it went to others, and why."""

    answer: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


def checked(mail: Mail) -> Mail:
    """Return a mail that can be sent. Raises BrokerError."""
    if not mail.to:
        raise BrokerError(FOR_NOBODY)
    if len(mail.to) > MOST_ADDRESSES:
        raise BrokerError(TOO_MANY % {"most": MOST_ADDRESSES})
    if len(mail.text) + len(mail.html) > MOST_CHARACTERS:
        raise BrokerError(TOO_LONG % {"most": MOST_CHARACTERS})
    for name, _value in mail.headers:
        if not _OWN_HEADER.fullmatch(name):
            raise BrokerError(OUR_HEADER % {"name": one_line(name, 60)})
    try:
        addresses = tuple(dict.fromkeys(map(read_address, mail.to)))
    except FieldError as error:
        raise BrokerError(str(error)) from None
    return replace(mail, to=addresses, reply_to=_address_or_nothing(mail.reply_to))


def message_id(mail: Mail, *, run_id: object, number: int) -> str:
    """Return the id of a run's mail: the same when the run is tried again with the same."""
    told = repr((mail.to, mail.subject, mail.text, mail.html)).encode("utf-8", "backslashreplace")
    return f"<run-{run_id}-{number}.{hashlib.sha256(told).hexdigest()[:20]}@{domain()}>"


def message_of(mail: Mail, *, message_id: str) -> EmailMultiAlternatives:
    """Return a checked mail as it goes out: one line for each header, quoted-printable for what is told."""
    message = EmailMultiAlternatives(
        subject=_line(mail.subject, MOST_SUBJECT),
        body=_told(mail.text),
        from_email=_sender(mail.sender_name),
        to=list(mail.to),
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": message_id, **dict(_headers(mail))},
    )
    message.encoding = utf8_charset_qp
    if mail.html:
        message.attach_alternative(_told(mail.html), "text/html")
    return message


def send(message: EmailMultiAlternatives, *, seconds: float) -> Delivery:
    """Hand a mail over, in so many seconds at most. Raises TemporaryError, BrokerError."""
    backend = get_connection(smtp.BACKENDS.get(settings.EMAIL_BACKEND, settings.EMAIL_BACKEND))
    server = backend if isinstance(backend, smtp.EmailBackend) else None
    if server:
        server.deadline.set(timedelta(seconds=seconds))
    try:
        taken = backend.send_messages([message])
        delivery = Delivery(server.receipt, server.refused) if server else Delivery(_in_a_file())
    except (OSError, ValueError) as error:
        raise _failure(error) from error
    finally:
        backend.close()
    if not taken:
        raise TemporaryError(UNHEARD)
    return delivery


def domain() -> str:
    """Return what stands behind the @ of ids: the sender's domain."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or str(
        urlsplit(settings.BASE_URL).hostname
    )


def _headers(mail: Mail) -> Iterator[tuple[str, str]]:
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    if mail.thread:
        first = hashlib.sha256(mail.thread.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        yield "In-Reply-To", f"<thread-{first}@{domain()}>"
        yield "References", f"<thread-{first}@{domain()}>"
    if label := re.sub(r"[^A-Za-z0-9]+", "-", mail.list_name).strip("-")[:60]:
        name = one_line(mail.list_name, MOST_NAME)
        phrase = f'"{name}" ' if re.fullmatch(r"[\w ./-]+", name, re.ASCII) else ""
        yield "List-Id", f"{phrase}<{label.lower()}.{domain()}>"
    for name, value in mail.headers:
        yield name, _line(value, MOST_HEADER)


def _sender(name: str) -> str:
    """Return the installation's address under a name; the address is never a broker's to choose."""
    own_name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    shown = re.sub(r'["\\]', "", _line(name, MOST_NAME)) or own_name
    return f'"{shown}" <{address}>' if shown else address


def _line(text: str, length: int) -> str:
    """Return a text for a header, where nothing in it passes for one that is encoded already."""
    return one_line(text.replace("=?", "= ?"), length)


def _address_or_nothing(text: str) -> str:
    """Return an address that can be replied to; commits have authors whose address is none."""
    try:
        return read_address(text.strip())
    except FieldError:
        return ""


def _told(text: str) -> str:
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def _in_a_file() -> str:
    if settings.EMAIL_URL:
        return ""
    return IN_A_FILE % {"folder": settings.MAIL_FOLDER}


def _failure(error: Exception) -> BrokerError:
    """Say whether another try makes sense: not when the server refuses these addresses or this mail."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            said = {to: _words(code, text) for to, (code, text) in error.recipients.items()}
            is_final = all(500 <= code < 600 for code, _text in error.recipients.values())
            shown = "; ".join(f"{to}: {words}" for to, words in list(said.items())[:5])
            text = REFUSED % {"why": shown}
            return BrokerError(text) if is_final else TemporaryError(text)
        case smtplib.SMTPResponseException():
            text = SAID % {"why": _words(error.smtp_code, error.smtp_error)}
            is_final = isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
            return BrokerError(text) if is_final else TemporaryError(text)
        case OSError():
            why = str(error) or type(error).__name__
            return TemporaryError(UNREACHABLE % {"why": why})
        case _:
            return BrokerError(UNWRITTEN % {"why": error})


def _words(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return one_line(f"{code} {words}", 300)
