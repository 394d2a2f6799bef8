"""What was said to whom: one notification a person and method, one attempt a call of a provider."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.models.escalation import STOP_CHOICES, URGENCY_CHOICES
from alerts.models.turns import InTurnsQuerySet, TakesTurns


class NotificationQuerySet(InTurnsQuerySet):
    def pending(self) -> Self:
        return self.filter(status=Notification.Status.PENDING)

    def due_for_delivery(self, now: datetime) -> Self:
        return self.pending().filter(due_at__lte=now).free(now).order_by("due_at")


class Notification(TakesTurns):
    """One message to one person by one method."""

    class Kind(models.TextChoices):
        PAGE = "page", _("page")
        RAISED = "raised", _("severity raised")
        ASSIGNED = "assigned", _("assigned to you")
        RESPONDER = "responder", _("asked to respond")
        REMINDER = "reminder", _("acknowledgement about to run out")
        LAST_RESORT = "last_resort", _("last resort")
        CLOSED = "closed", _("news of closing")

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    alert = models.ForeignKey(
        "alerts.Alert",
        models.CASCADE,
        related_name="notifications",
        verbose_name=_("alert"),
        db_index=False,  # an index below begins with it
    )
    escalation = models.ForeignKey(
        "alerts.Escalation",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="notifications",
        verbose_name=_("escalation"),
    )
    user = models.ForeignKey(
        "alerts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="notifications",
        verbose_name=_("person"),
        db_index=False,  # an index below begins with it
    )
    user_label = models.CharField(_("person, as text"), max_length=200)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.PAGE)
    channel = models.CharField(_("channel"), max_length=20)
    address = models.CharField(_("address"), max_length=320)
    urgency = models.CharField(_("urgency"), max_length=4, choices=URGENCY_CHOICES)
    stop = models.CharField(
        _("not sent once"),
        max_length=12,
        choices=STOP_CHOICES,
        blank=True,
        help_text=_("Empty: sent whatever becomes of the alert."),
    )
    # What makes a step that ran twice write each notification once.
    dedup_key = models.CharField(max_length=120, unique=True, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notification log")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="notification_due"),
            models.Index(
                fields=["integration", "urgency", "due_at", "id"],
                condition=Q(status="pending"),
                name="notification_turn",
            ),
            models.Index(fields=["alert", "id"], name="notification_alert"),
            models.Index(fields=["user", "-id"], name="notification_user"),
            models.Index(fields=["status", "-id"], name="notification_status"),
        ]

    def __str__(self) -> str:
        return f"{self.user_label}, {self.channel}"


class Attempt(models.Model):
    """One call of a provider. Written before the call, completed after it."""

    class Result(models.TextChoices):
        UNKNOWN = "unknown", _("not known")
        SENT = "sent", _("handed over")
        RETRY = "retry", _("failed, will be tried again")
        FAILED = "failed", _("failed for good")

    notification = models.ForeignKey(
        Notification,
        models.CASCADE,
        related_name="attempts",
        verbose_name=_("notification"),
        db_index=False,  # the constraint below begins with it
    )
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=10, choices=Result, default=Result.UNKNOWN)
    provider = models.CharField(_("provider"), max_length=40)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["notification", "number"], name="one_attempt_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.notification}, {self.number}"
