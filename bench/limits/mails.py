"""How many mails a second one process can make and hand to a mail server, with nothing to look up."""

import time
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives, get_connection

from bench.contract import Run

# As much as a letter of alertops has.
TEXT = "\n".join(["acme/website: Build 4711 of main FAILED, and nobody has taken it yet."] * 15)
HTML = "\n".join(['<p style="margin:0;padding:0;color:#1b1822">Nobody has taken it yet.</p>'] * 90)


def by_django(url: str, *, seconds: float) -> Run:
    """Send by Django's SMTP backend, over one line that stays open; the figure is mails a second."""
    server = urlsplit(url)
    backend = "django.core.mail.backends.smtp.EmailBackend"
    count, end = 0, time.monotonic() + seconds
    with get_connection(backend, host=server.hostname, port=server.port) as connection:
        while time.monotonic() < end:
            message = EmailMultiAlternatives(
                "Build 4711", TEXT, to=["anna@example.com"], connection=connection
            )
            message.attach_alternative(HTML, "text/html")
            message.send()
            count += 1
    return Run(figure=count / seconds)
