"""Who was asked to log in for the first time, and may choose a password by a link."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class InvitationQuerySet(models.QuerySet):
    def due_for_mail(self, now: datetime) -> Self:
        """Invitations whose mail is to go out, the oldest first."""
        return self.filter(mail_due_at__lte=now).order_by("mail_due_at")

    def unanswered(self) -> Self:
        """Invitations by which somebody may still come."""
        is_out = models.Q(token_digest__isnull=False) | models.Q(mail_due_at__isnull=False)
        return self.filter(is_out, accepted_at=None)


class Invitation(models.Model):
    """The one link by which a new person chooses a password. Only its digest is stored.

    token_digest: null until the link is made, and when it was used or taken back. A newer one replaces it.
    mail_due_at: when the mail is to go out, or again if nothing is heard of it; null when that is done or
    was never to be.  mail_count: how often it was tried.
    problem: why it has not gone out, in the mail server's words.
    """

    class State(StrEnum):
        SENDING = "sending"
        NOT_SENT = "not_sent"
        WAITING = "waiting"
        EXPIRED = "expired"
        REVOKED = "revoked"
        ACCEPTED = "accepted"

    user = models.OneToOneField(
        "alerts.User", models.CASCADE, related_name="invitation", verbose_name=_("user")
    )
    token_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)
    sent_at = models.DateTimeField(_("sent"))
    sent_by = models.ForeignKey(
        "alerts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    mail_due_at = models.DateTimeField(_("to be mailed"), null=True)
    mail_count = models.PositiveSmallIntegerField(_("tries"), default=0)
    problem = models.TextField(_("why it was not mailed"), blank=True, default="")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [
            models.Index(
                fields=["mail_due_at"], name="invitation_due", condition=models.Q(mail_due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return str(self.user)

    def state(self, now: datetime) -> State:
        """Tell what has become of the link."""
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.mail_due_at:
            return self.State.SENDING
        if self.token_digest is None:
            return self.State.NOT_SENT if self.problem else self.State.REVOKED
        return self.State.WAITING if now < self.expires_at else self.State.EXPIRED
