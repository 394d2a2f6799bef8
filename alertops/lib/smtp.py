"""A conversation with a mail server that ends in time, however slowly the server speaks.

Django's own backend limits each read and write by EMAIL_TIMEOUT, but not their number: a server that
takes nine seconds for each answer would hold a worker for minutes.
"""

import functools
import re
import smtplib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from alertops.lib.sayings import saying

# What is used in the place of Django's own.
BACKENDS = {"django.core.mail.backends.smtp.EmailBackend": "alertops.lib.smtp.EmailBackend"}
# How long the politeness of a good-bye may last.
FAREWELL = timedelta(seconds=2)
# What a server says when it agrees (or forwards), wants the content of a mail, and closes the line.
DONE, FORWARDED, GO_ON, CLOSING = 250, 251, 354, 421
_TOO_SLOW = saying("The mail server was too slow.")
_LINE_BREAK = saying("An address with a line break is no address.")


class Deadline:
    """When what is going on has to be over, by the monotonic clock."""

    def __init__(self, length: timedelta) -> None:
        self.set(length)

    def set(self, length: timedelta) -> None:
        self._at = time.monotonic() + length.total_seconds()

    def left(self, at_most: float) -> float:
        """Return the seconds left for one step. Raises TimeoutError."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError(_TOO_SLOW)
        return min(left, at_most)


class _InTime(smtplib.SMTP):
    """Each step of the conversation gets what is left of the time; the server's last word is kept.

    has_content: the server was sent the content of the last mail, or a part of it: it may have taken it.
    refused: to whom the last mail did not go, and what was said about them, when it went to others.
    """

    receipt = ""
    has_content = False
    refused: Mapping[str, tuple[int, bytes]] = {}

    def __init__(self, *arguments: Any, deadline: Deadline, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(*arguments, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        return super()._get_socket(host, port, self.deadline.left(timeout))  # type: ignore[misc]

    def send(self, s: Any) -> None:
        self._hurry()
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        self._hurry()
        code, text = super().getreply()
        self.has_content |= code == GO_ON
        return code, text

    def sendmail(  # type: ignore[override]
        self, from_addr: str, to_addrs: Sequence[str], msg: bytes, *options: Any
    ) -> Mapping[str, tuple[int, bytes]]:
        """Do what smtplib does; all that comes before the content in one go, if the server reads ahead."""
        self.ehlo_or_helo_if_needed()
        is_usual = not any(options) and "".join((from_addr, *to_addrs)).isascii()
        if is_usual and self.has_extn("pipelining"):
            self.refused = self._send_ahead(from_addr, to_addrs, msg)
        else:
            self.refused = super().sendmail(from_addr, to_addrs, msg, *options)
        return self.refused

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        self.has_content = False
        return super().mail(sender, options)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, text = super().data(msg)
        self.receipt = f"{code} {text.decode('utf-8', 'replace')}"
        return code, text

    def quit(self) -> Any:
        """Say good-bye if the server still listens; the connection is closed in any case."""
        with suppress(OSError):
            return super().quit()
        self.close()
        return None

    def _send_ahead(
        self, sender: str, recipients: Sequence[str], content: bytes
    ) -> dict[str, tuple[int, bytes]]:
        """Send a mail to a server that reads ahead (RFC 2920): two ways there and back, instead of four.

        Returns and raises what smtplib's own sendmail does for the same answers.
        """
        self.has_content = False
        (taken, *answers, (code, text)) = self._ask_all(
            f"MAIL FROM:{smtplib.quoteaddr(sender)}",
            *(f"RCPT TO:{smtplib.quoteaddr(recipient)}" for recipient in recipients),
            "DATA",
        )
        refused = {
            recipient: answer
            for recipient, answer in zip(recipients, answers, strict=True)
            if answer[0] not in (DONE, FORWARDED)
        }
        error: smtplib.SMTPException | None = None
        if taken[0] != DONE:
            error = smtplib.SMTPSenderRefused(*taken, sender)
        elif len(refused) == len(recipients):
            error = smtplib.SMTPRecipientsRefused(refused)
        if code == GO_ON:  # it waits for a mail in any case: one that is empty, and for nobody
            code, text = self._send_content(b"" if error else content)
        if not error and code != DONE:
            error = smtplib.SMTPDataError(code, text)
        if error:
            with suppress(smtplib.SMTPServerDisconnected):
                self.rset()
            raise error
        return refused

    def _ask_all(self, *commands: str) -> list[tuple[int, bytes]]:
        """Send commands in one go, and return the answer to each; where it closes, no other is waited for."""
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError(_LINE_BREAK)
        self.send("".join(f"{command}\r\n" for command in commands))
        answers = []
        for _command in commands:
            answers.append(self.getreply())
            if answers[-1][0] == CLOSING:
                self.close()
                raise smtplib.SMTPResponseException(*answers[-1])
        return answers

    def _send_content(self, content: bytes) -> tuple[int, bytes]:
        """Send what the server waits for; where a line begins with a dot, with a second one (RFC 5321)."""
        end = b".\r\n" if not content or content.endswith(b"\r\n") else b"\r\n.\r\n"
        self.send(re.sub(rb"(?m)^\.", b"..", content) + end)
        code, text = self.getreply()
        self.receipt = f"{code} {text.decode('utf-8', 'replace')}"
        return code, text

    def _hurry(self) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.deadline.left(self.timeout))


class _InTimeByTLS(_InTime, smtplib.SMTP_SSL):
    """The same where TLS begins with the connection."""


class EmailBackend(smtp.EmailBackend):
    """Django's SMTP backend with a deadline over all steps together, on a line that may stay open."""

    _partial_connection: Any  # Django's, while a log-in is under way

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.deadline = Deadline(FAREWELL)

    @property
    def connection_class(self) -> Any:
        return functools.partial(_InTimeByTLS if self.use_ssl else _InTime, deadline=self.deadline)

    @property
    def receipt(self) -> str:
        """What the server said when it took the last message."""
        return self.connection.receipt if isinstance(self.connection, _InTime) else ""

    @property
    def refused(self) -> dict[str, str]:
        """What the server said about addresses that it refused when it took the last message for others."""
        said = self.connection.refused if isinstance(self.connection, _InTime) else {}
        return {to: f"{code} {text.decode('utf-8', 'replace')}" for to, (code, text) in said.items()}

    def open(self) -> bool | None:
        """Connect unless it is open; what could not be set up to its end (a log-in, say) is closed."""
        try:
            return super().open()
        except OSError:
            self.hang_up()
            raise

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send, and once more on a new line if the server has left the old one, and has no content yet.

        Servers close a line that was idle, or one that has carried enough: that is nobody's failure.
        """
        was_open = not self.open()
        try:
            return super().send_messages(email_messages)
        except OSError as error:
            is_stale = was_open and not self._has_content
            if has_left(error):
                self.hang_up()
            if not is_stale or self.connection:
                raise
        self.open()
        return super().send_messages(email_messages)

    def close(self) -> None:
        self.deadline.set(FAREWELL)
        super().close()

    def hang_up(self) -> None:
        """Close a line that has failed, without waiting for a server that may not answer."""
        lines = (self.connection, self._partial_connection)
        self.connection = self._partial_connection = None
        for line in filter(None, lines):
            line.close()

    @property
    def _has_content(self) -> bool:
        return isinstance(self.connection, _InTime) and self.connection.has_content


def has_left(error: OSError) -> bool:
    """Tell whether the server has gone or is going; not if it said no in words and goes on listening."""
    match error:
        case smtplib.SMTPConnectError():
            return True
        case smtplib.SMTPResponseException():
            return error.smtp_code == CLOSING
        case smtplib.SMTPRecipientsRefused():
            return any(code == CLOSING for code, _text in error.recipients.values())
        case _:
            return True
