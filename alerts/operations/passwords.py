"""How a forgotten password is replaced: a link by mail, made by the worker when it is sent.

Whoever asks is answered before anything is known of an account: neither what the answer says nor how long
it takes tells whether there is one.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from alertops.lib import durations, jobs
from alertops.lib.languages import speaking
from alerts.channels import DeliveryError, account
from alerts.models import User
from alerts.operations import links

logger = logging.getLogger(__name__)

MAIL_LINK = "alerts.tasks.mail_password_link"
# One mail in this time to one person, however often somebody asks for it.
SECONDS_BETWEEN_MAILS = 120
NOBODY = 0


def ask_for_links(users: Iterable[User], *, language: str) -> None:
    """Have a link mailed to each of some people; where there are none, as much is asked of the queue."""
    for number in [user.pk for user in users] or [NOBODY]:
        jobs.nudge(MAIL_LINK, number, language)


def mail_link(user_id: int, *, language: str) -> None:
    """Mail a person a link to choose a new password by, unless one was mailed a moment ago."""
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=True).first()
    if user is None or not user.has_usable_password():
        return
    if not cache.add(f"password-mail-{user.pk}", 1, SECONDS_BETWEEN_MAILS):
        return
    with speaking(user.language or language):
        letter = _letter(user)
    try:
        account.send(replace(letter, language=user.language or language))
    except DeliveryError as error:
        logger.warning("No link for a new password went to %s: %s", user.get_username(), error)


def _letter(user: User) -> account.AccountLetter:
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    life = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return account.AccountLetter(
        address=user.email,
        person=str(user),
        subject=_("A new password for alertops"),
        sentence=_("Somebody, probably you, asked for a new password for alertops."),
        button=_("Choose a new password"),
        link=links.absolute("password_reset_confirm", number, token),
        notes=(
            _("Your log-in name is %(username)s.") % {"username": user.get_username()},
            _("The link works once, and for %(time)s.") % {"time": durations.spell(life)},
            _("It was not you? Then do nothing: your password stays as it is."),
        ),
    )
