"""How mail leaves that is about no alert: invitations, new passwords, hand-overs; with a plain answer."""

from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from alertops.lib import smtp
from alertops.lib.languages import speaking
from alertops.lib.smtp import BACKENDS
from alerts.channels.email import BRAND, TIMEOUT


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


def send(letter: AccountLetter) -> str:
    """Send a letter now. Returns why it reaches nobody, in words; an empty text when it went out."""
    return deliver(letter) or ("" if settings.EMAIL_URL else no_server())


def deliver(letter: AccountLetter) -> str:
    """Hand a letter over, to a folder where there is no server. Returns why it was not taken, in words."""
    backend = get_connection(BACKENDS.get(settings.EMAIL_BACKEND, settings.EMAIL_BACKEND))
    if isinstance(backend, smtp.EmailBackend):
        backend.deadline.set(TIMEOUT)
    try:
        _message(letter, backend).send()
    except (OSError, ValueError) as error:
        return _("The mail server did not take the mail: %(answer)s") % {"answer": error}
    finally:
        backend.close()
    return ""


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
