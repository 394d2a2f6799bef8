"""What leaves a schedule: calendars that programs subscribe to, and mails at shift changes."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alertops.lib.claims import Claimable, ClaimableQuerySet
from alertops.lib.secrets import EncryptedTextField
from alerts.models.schedule import Schedule


class Feed(models.Model):
    """The secret address of a calendar that programs subscribe to: a schedule's, or a person's own shifts."""

    schedule = models.OneToOneField(
        Schedule, models.CASCADE, null=True, blank=True, related_name="feed", verbose_name=_("schedule")
    )
    user = models.OneToOneField(
        "alerts.User", models.CASCADE, null=True, blank=True, related_name="feed", verbose_name=_("person")
    )
    token = EncryptedTextField(editable=False)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made"), editable=False)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(schedule=None, user__isnull=False) | Q(schedule__isnull=False, user=None),
                name="feed_of_schedule_or_person",
            )
        ]

    def __str__(self) -> str:
        return str(self.schedule or self.user)


class HandOverQuerySet(ClaimableQuerySet):
    def due_for_hand_over(self, now: datetime) -> Self:
        return self.filter(status=HandOver.Status.PENDING, due_at__lte=now).free(now).order_by("due_at")


class HandOver(Claimable):
    """A mail to one person whose time on call begins or ends, with the alerts of that moment."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="hand_overs", verbose_name=_("schedule")
    )
    user = models.ForeignKey("alerts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    is_incoming = models.BooleanField(_("comes on call"))
    at = models.DateTimeField(_("time"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    due_at = models.DateTimeField(_("due"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "user", "at", "is_incoming"], name="one_hand_over_per_person_and_time"
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(status="pending"), name="handover_due")]

    def __str__(self) -> str:
        return f"{self.user}, {self.schedule}"
