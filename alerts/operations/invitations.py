"""How a new person gets in: a link by mail, valid for some days and once, that sets a password.

The worker makes the link when it mails it. Where no mail server is set, whoever invites hands it over.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from alertops.lib import durations, jobs, secrets
from alertops.lib.languages import speaking
from alertops.lib.sayings import saying
from alerts.channels import DeliveryError, account
from alerts.logic.notification import MOST_STARTS, retry_at
from alerts.models import Invitation, User
from alerts.operations import links

LIFE = timedelta(days=7)
MAIL = "alerts.tasks.mail_invitations"
LEASE = account.TIMEOUT + timedelta(seconds=5)
_NO_RESULT = saying("Each attempt ended without a result.")


class DeadLink(Exception):
    """Nobody gets in by this link; the text says why, and what to do."""


def invite(user: User, *, by: User, now: datetime) -> None:
    """Have a person mailed a link to choose a password by; an older link stops working."""
    _renew(user, by, now, mail_due_at=now)
    jobs.nudge(MAIL)


def hand_over(user: User, *, by: User, now: datetime) -> str:
    """Return a link to choose a password by, for whoever hands it over; an older one stops working."""
    token = secrets.new_token()
    _renew(user, by, now, token_digest=secrets.digest(token))
    return links.absolute("welcome", token)


def mail_due(now: datetime) -> int:
    """Mail the invitation that is due first; return how many were tried. Not for a transaction."""
    first = Invitation.objects.due_for_mail(now).values_list("pk", flat=True).first()
    if first is None:
        return 0
    token = secrets.new_token()
    due = Invitation.objects.filter(pk=first, mail_due_at__lte=now)
    made = {"token_digest": secrets.digest(token), "mail_count": F("mail_count") + 1}
    if due.update(**made, mail_due_at=now + LEASE):
        after = _mail(Invitation.objects.select_related("user", "sent_by").get(pk=first), token, now)
        # By its digest: who takes it back, or invites again, while it is being sent has the last word.
        Invitation.objects.filter(pk=first, token_digest=secrets.digest(token)).update(**after)
    return 1


def revoke(user: User) -> bool:
    """Take back a link that was not used yet. False: there was none."""
    live = Invitation.objects.filter(user=user, accepted_at=None)
    return bool(live.update(token_digest=None, mail_due_at=None, problem=""))


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


def _renew(user: User, by: User, now: datetime, **columns: object) -> None:
    """Begin an invitation anew, whatever became of the one before."""
    nothing = {"token_digest": None, "accepted_at": None, "mail_due_at": None, "mail_count": 0, "problem": ""}
    times = {"sent_at": now, "sent_by": by, "expires_at": now + LIFE}
    Invitation.objects.update_or_create(user=user, defaults={**nothing, **times, **columns})


def _mail(invitation: Invitation, token: str, now: datetime) -> dict[str, object]:
    """Mail a link; return what is then so of the invitation. A link that nobody has is dead."""
    if invitation.mail_count > MOST_STARTS:
        return {"token_digest": None, "mail_due_at": None, "problem": _NO_RESULT}
    with speaking(invitation.user.language):
        letter = _letter(invitation, links.absolute("welcome", token))
    try:
        account.send(letter)
    except DeliveryError as error:
        again = None if error.permanent else retry_at(invitation.mail_count, now)
        return {"token_digest": None, "mail_due_at": again, "problem": str(error)}
    return {"mail_due_at": None, "problem": ""}


def _letter(invitation: Invitation, link: str) -> account.AccountLetter:
    user = invitation.user
    names = {"by": invitation.sent_by or _("Somebody"), "username": user.username}
    names["time"] = durations.spell(LIFE)
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
