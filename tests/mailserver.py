"""A real mail server for tests, on a port of its own, that can be told to be rude, slow or gone.

    with MailServer() as server:
        server.answers("451 4.3.0 try again later")     # to the next mail; then it takes mails again
        ...
        server.gets("anna@example.com")["Subject"]      # one mail, which is then read and gone

A mail that nobody asked for fails the test when the server is closed.
"""

import asyncio
import itertools
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKEN = "250 2.0.0 OK queued as {number}"


class MailServer:
    """What a mail server is to a test.

    refuses: address to what is answered to its RCPT, or to its MAIL.  pause: seconds before each answer.
    patience: how many mails it takes on one connection.  farewell: what it says then to the next; nothing:
    it just closes the connection after the last.
    reads_ahead: whether it takes several commands in one go (RFC 2920), as most servers do.
    on_data: called when a mail has arrived and before anything is answered.
    """

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.raw: list[bytes] = []
        self.refuses: dict[str, str] = {}
        self.pause = 0.0
        self.patience: int | None = None
        self.farewell = ""
        self.reads_ahead = True
        self.on_data: Callable[[], None] = lambda: None
        self.connections = 0
        self._answers: list[str] = []
        self._numbers = itertools.count(1)
        self.port = _free_port()
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=self.port, ready_timeout=10)

    def __enter__(self) -> "MailServer":
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._controller.stop()
        assert kind or not self.mails, f"unexpected: {[(to, mail['Subject']) for to, mail in self.mails]}"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def answers(self, *lines: str) -> None:
        """Answer the next mails with these lines, one for each mail."""
        self._answers += lines

    def gets(self, address: str) -> EmailMessage:
        """Return the one mail to an address; it is then read and gone."""
        found = [entry for entry in self.mails if entry[0] == address]
        assert len(found) == 1, f"{address} has {[mail['Subject'] for _to, mail in found]}"
        self.mails.remove(found[0])
        return found[0][1]

    def wait_for(self, address: str, seconds: float = 10) -> EmailMessage:
        """Return the one mail to an address as soon as it is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not any(to == address for to, _mail in self.mails):
            time.sleep(0.05)
        return self.gets(address)

    def take(self, envelope: Envelope) -> str:
        self.on_data()
        answer = self._answers.pop(0) if self._answers else TAKEN.format(number=next(self._numbers))
        if answer.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            self.raw.append(content)
            mail = message_from_bytes(content, policy=policy.default)
            self.mails += [(address, mail) for address in envelope.rcpt_tos]
        return answer


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.taken: Counter[SMTP] = Counter()

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, smtp: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.server.connections += 1
        session.host_name = hostname
        await self._pause()
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.server.reads_ahead else responses

    async def handle_MAIL(  # noqa: N802
        self, smtp: SMTP, _session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        await self._pause()
        if self.server.farewell and self._is_tired(smtp):
            self._close(smtp)
            return self.server.farewell
        if address in self.server.refuses:
            return self.server.refuses[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        await self._pause()
        if address in self.server.refuses:
            return self.server.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._pause()
        self.taken[smtp] += 1
        if not self.server.farewell and self._is_tired(smtp):
            self._close(smtp)
        return self.server.take(envelope)

    def _is_tired(self, smtp: SMTP) -> bool:
        return self.server.patience is not None and self.taken[smtp] >= self.server.patience

    @staticmethod
    def _close(smtp: SMTP) -> None:
        """Close the connection as soon as the answer is out."""
        asyncio.get_running_loop().call_soon(smtp.transport.close)

    async def _pause(self) -> None:
        if self.server.pause:
            await asyncio.sleep(self.server.pause)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
