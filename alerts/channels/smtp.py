"""A conversation with a mail server that ends in time, however slowly the server speaks.

Django's own backend limits each read and write by EMAIL_TIMEOUT, but not their number: a server that
takes nine seconds for each answer would hold a worker for minutes.
"""

import functools
import smtplib
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.mail.backends import smtp

# How long the politeness of a good-bye may last.
FAREWELL = timedelta(seconds=2)


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
            raise TimeoutError("The mail server was too slow.")
        return min(left, at_most)


class _InTime(smtplib.SMTP):
    """Each step of the conversation gets what is left of the time; the server's last word is kept."""

    receipt = ""

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
        return super().getreply()

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

    def _hurry(self) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.deadline.left(self.timeout))


class _InTimeByTLS(_InTime, smtplib.SMTP_SSL):
    """The same where TLS begins with the connection."""


class EmailBackend(smtp.EmailBackend):
    """Django's SMTP backend with a deadline over all steps together."""

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

    def close(self) -> None:
        self.deadline.set(FAREWELL)
        super().close()

    def hang_up(self) -> None:
        """Close a connection that has failed, without waiting for a server that may not answer."""
        self.deadline.set(timedelta(0))
        super().close()
