"""Who was asked to log in for the first time, and may choose a password by a link."""

from datetime import datetime
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Invitation(models.Model):
    """The one link by which a new person chooses a password. Only its digest is stored.

    token_digest: null when the link was used or taken back. A newer link replaces the older one.
    """

    class State(StrEnum):
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

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return str(self.user)

    def state(self, now: datetime) -> State:
        """Tell what has become of the link."""
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.token_digest is None:
            return self.State.REVOKED
        return self.State.WAITING if now < self.expires_at else self.State.EXPIRED
