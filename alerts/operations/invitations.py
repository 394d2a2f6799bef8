"""How a new person gets in: a link by mail, valid for some days and once, that sets a password."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from alertops.lib import durations, secrets
from alertops.lib.languages import speaking
from alerts.channels import account
from alerts.models import Invitation, User
from alerts.operations import links

LIFE = timedelta(days=7)


class DeadLink(Exception):
    """Nobody gets in by this link; the text says why, and what to do."""


@dataclass(frozen=True)
class Invited:
    """An invitation that was made.

    problem: why no mail went out, in words; empty when one did.
    link: for whoever has to hand it over; it is stored nowhere.
    """

    user: User
    link: str
    problem: str


def invite(user: User, *, by: User, now: datetime) -> Invited:
    """Make a link by which a person chooses a password, and mail it; an older link stops working.

    Not to be called inside a transaction: a slow mail server would hold it up.
    """
    token = secrets.new_token()
    Invitation.objects.update_or_create(
        user=user,
        defaults={
            "token_digest": secrets.digest(token),
            "sent_at": now,
            "sent_by": by,
            "expires_at": now + LIFE,
            "accepted_at": None,
        },
    )
    link = links.absolute("welcome", token)
    with speaking(user.language):
        letter = _letter(user, by, link)
    return Invited(user, link, account.send(letter))


def revoke(user: User) -> bool:
    """Take back a link that was not used yet. False: there was none."""
    return bool(Invitation.objects.filter(user=user, accepted_at=None).update(token_digest=None))


def read(token: str, *, now: datetime) -> User:
    """Return whom a link lets in. Raises DeadLink."""
    found = Invitation.objects.select_related("user").filter(token_digest=secrets.digest(token)).first()
    if found is None or not found.user.is_active:
        raise DeadLink(
            _(
                "This link does not work: it was used, replaced by a newer one or taken back, or it was cut"
                " on its way. If you have a password, log in; otherwise ask who invited you for a new link."
            )
        )
    if found.state(now) is Invitation.State.EXPIRED:
        raise DeadLink(
            _("This link has expired: it was valid for %(time)s. Ask who invited you to send it again.")
            % {"time": durations.spell(LIFE)}
        )
    return found.user


def accept(token: str, password: str, *, now: datetime) -> User:
    """Set the password that a person has chosen; the link is used up. Raises DeadLink."""
    with transaction.atomic():
        user = read(token, now=now)
        used = Invitation.objects.filter(token_digest=secrets.digest(token), accepted_at=None)
        if not used.update(accepted_at=now, token_digest=None):
            return accept(token, password, now=now)  # somebody was quicker: it is dead by now
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _letter(user: User, by: User, link: str) -> account.AccountLetter:
    names = {"by": by, "username": user.username, "time": durations.spell(LIFE)}
    return account.AccountLetter(
        address=user.email,
        person=str(user),
        subject=_("%(by)s invites you to alertops") % names,
        sentence=_("%(by)s invites you to alertops, where alerts reach the people who look after things.")
        % names,
        button=_("Choose a password"),
        link=link,
        notes=(
            _("Your log-in name is %(username)s.") % names,
            _("The link works once, and for %(time)s.") % names,
            _("You did not expect this? Then do nothing: without the link nobody gets in."),
        ),
        language=user.language,
    )
