"""How mail leaves that is about no alert: invitations, new passwords, hand-overs."""

from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from alertops.lib import smtp
from alertops.lib.languages import speaking
from alertops.lib.smtp import BACKENDS
from alerts.channels.email import BRAND, TIMEOUT, as_delivery_error


@dataclass(frozen=True, kw_only=True)
class AccountLetter:
    """What is said to one person: a sentence, one button, notes below it.

    is_secret: whoever has the link has the account.
    language: in which it is written; empty: the installation's.
    """

    address: str
    person: str
    subject: str
    sentence: str
    button: str
    link: str
    notes: tuple[str, ...] = ()
    is_secret: bool = True
    language: str = ""


def send(letter: AccountLetter) -> None:
    """Send a letter now. Raises DeliveryError."""
    backend = get_connection(BACKENDS.get(settings.EMAIL_BACKEND, settings.EMAIL_BACKEND))
    if isinstance(backend, smtp.EmailBackend):
        backend.deadline.set(TIMEOUT)
    try:
        _message(letter, backend).send()
    except (OSError, ValueError) as error:
        raise as_delivery_error(error) from error
    finally:
        backend.close()


def no_server() -> str:
    """Say that mails reach nobody here, and what to do about it."""
    return _(
        "No mail server is set, so mails are only written to the folder %(folder)s on the server. Set"
        " EMAIL_URL there to have them sent."
    ) % {"folder": settings.MAIL_FOLDER}


def _message(letter: AccountLetter, backend: object) -> EmailMultiAlternatives:
    context = {"letter": letter, "brand": BRAND}
    with speaking(letter.language):
        plain = render_to_string("alerts/mail/account.txt", context)
        html = render_to_string("alerts/mail/account.html", context)
    message = EmailMultiAlternatives(
        subject=" ".join(letter.subject.split()),
        body=plain,
        to=[letter.address],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        connection=backend,
    )
    message.attach_alternative(html, "text/html")
    return message
