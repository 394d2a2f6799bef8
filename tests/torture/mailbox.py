"""A real mail server that keeps what it is given, and takes its time."""

import asyncio
import logging
import random
import re
import socket
import time
from dataclasses import dataclass
from email import message_from_bytes

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

logging.getLogger("mail.log").setLevel(logging.WARNING)  # the server tells each line of each mail

SLOWEST = 0.08  # seconds for one mail
_NOTIFICATION = re.compile(r"<alert-(\d+)\.(\d+)\.")


@dataclass(frozen=True)
class Mail:
    """One mail as it was taken.  at: seconds since 1970, when the server said so."""

    address: str
    alert_id: int
    notification_id: int
    at: float


class Mailbox:
    def __init__(self, seed: int) -> None:
        self.mails: list[Mail] = []
        self._random = random.Random(seed)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self.url = f"smtp://127.0.0.1:{port}"

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self._random.uniform(0, SLOWEST))
        content = envelope.content
        assert isinstance(content, bytes)
        found = _NOTIFICATION.match(message_from_bytes(content)["Message-ID"])
        assert found
        for address in envelope.rcpt_tos:
            self.mails.append(Mail(address, int(found[1]), int(found[2]), time.time()))
        return "250 taken"
