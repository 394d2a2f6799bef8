"""What is stored of every delivery: itself, what became of it, and how often that was the case."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.logic import outcome
from integrations.models.integration import Integration

STATUS_CHOICES = [
    (outcome.Status.PENDING.value, _("Pending")),
    (outcome.Status.PROCESSING.value, _("Processing")),
    (outcome.Status.MAPPED.value, _("Mapped")),
    (outcome.Status.MAPPED_APPENDED.value, _("Mapped Appended")),
    (outcome.Status.MAPPED_IGNORED.value, _("Mapped Ignored")),
    (outcome.Status.MAPPING_FAILED.value, _("Mapping Failed")),
    (outcome.Status.REFUSED.value, _("Refused")),
]
WAITING = Q(status__in=[outcome.Status.PENDING.value, outcome.Status.PROCESSING.value])
# Denied twice: said plainly, SQLite would rather sort all of them by the index of the status.
PROBLEM = ~Q(~Q(status__in=[outcome.Status.MAPPING_FAILED.value, outcome.Status.REFUSED.value]))


class InboundMessage(models.Model):
    """One delivery, raw, kept whatever becomes of it.

    body: the bytes as they came.  headers: names as sent, secrets masked.
    delivery_id: the sender's own id of the delivery, empty when it sends none.
    """

    integration = models.ForeignKey(
        Integration,
        models.PROTECT,
        related_name="messages",
        verbose_name=_("integration"),
        db_index=False,  # the indexes below begin with it
    )
    received_at = models.DateTimeField(_("received"))
    method = models.CharField(_("method"), max_length=8)
    content_type = models.CharField(_("content type"), max_length=200, blank=True)
    query_string = models.TextField(_("query"), blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))
    body_size = models.PositiveIntegerField(_("size, bytes"), default=0)
    remote_address = models.CharField(_("from"), max_length=64, blank=True)
    delivery_id = models.CharField(_("delivery ID"), max_length=200, blank=True)
    is_test = models.BooleanField(_("test"), default=False)
    status = models.CharField(
        _("status"), max_length=16, choices=STATUS_CHOICES, default=outcome.Status.PENDING.value
    )
    reason = models.CharField(_("reason"), max_length=30, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    alert = models.ForeignKey(
        "alerts.Alert",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("alert"),
        db_index=False,  # the index below holds those that have one
    )
    event_count = models.PositiveIntegerField(_("events"), default=0)
    start_count = models.PositiveSmallIntegerField(_("starts"), default=0)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound log")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["integration", "-id"], name="message_integration"),
            models.Index(fields=["status", "-id"], name="message_status"),
            models.Index(
                fields=["integration", "delivery_id"],
                condition=~Q(delivery_id=""),
                name="message_delivery_id",
            ),
            # Most deliveries have no alert, and none has one when it arrives.
            models.Index(fields=["alert", "-id"], condition=Q(alert__isnull=False), name="message_alert"),
            # The chips of the log: few rows, and most deliveries are never entered here.
            models.Index(fields=["-id", "integration"], condition=PROBLEM, name="message_problem"),
            models.Index(fields=["-id", "integration"], condition=Q(is_test=True), name="message_test"),
            # Last: without statistics SQLite takes the newest of the indexes that would do.
            models.Index(fields=["integration", "id"], condition=WAITING, name="message_waiting"),
        ]
        permissions = [("process_again", _("Can process messages again"))]

    def __str__(self) -> str:
        return f"{self.pk}"


class Outcome(models.Model):
    """What one event of a message did, and why: the trace tells every rule, filter and field."""

    message = models.ForeignKey(
        InboundMessage,
        models.CASCADE,
        related_name="outcomes",
        verbose_name=_("message"),
        db_index=False,  # the constraint below begins with it
    )
    event_index = models.PositiveIntegerField(_("event"))
    status = models.CharField(_("status"), max_length=16, choices=STATUS_CHOICES)
    reason = models.CharField(_("reason"), max_length=30)
    detail = models.TextField(_("detail"), blank=True)
    alert = models.ForeignKey(
        "alerts.Alert",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="outcomes",
        verbose_name=_("alert"),
    )
    trace = models.JSONField(_("trace"), default=dict)
    at = models.DateTimeField(_("time"))
    is_replay = models.BooleanField(_("processed again"), default=False)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ["message_id", "event_index"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "event_index"], name="one_outcome_per_message_and_event"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}, {self.reason}"


class UnmatchedDelivery(models.Model):
    """A delivery to a URL that no integration has: the last 100, without bodies.

    token_hint: the first characters only, enough to see which old or mistyped URL it was.
    """

    received_at = models.DateTimeField(_("received"))
    token_hint = models.CharField(_("URL began with"), max_length=12)
    method = models.CharField(_("method"), max_length=8)
    remote_address = models.CharField(_("from"), max_length=64, blank=True)
    user_agent = models.CharField(_("sender"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("unmatched delivery")
        verbose_name_plural = _("unmatched deliveries")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.token_hint


class Tally(models.Model):
    """How many deliveries of an integration came to an outcome within a time; each is counted once.

    outcome: a reason.  within: the upper bound of the time from received to processed, as Prometheus
    writes it ("0.5", "+Inf").  seconds: of all of them together.
    """

    pk = models.CompositePrimaryKey("integration_id", "outcome", "within")
    integration = models.ForeignKey(
        Integration,
        models.CASCADE,
        related_name="+",
        verbose_name=_("integration"),
        db_index=False,  # the primary key begins with it
    )
    outcome = models.CharField(_("outcome"), max_length=30)
    within = models.CharField(_("within, seconds"), max_length=8)
    count = models.PositiveBigIntegerField(_("deliveries"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        return f"{self.outcome}, {self.within}"


class HourMark(models.Model):
    """Where all tallies together stood when an hour began: what makes hours of counters that only grow.

    counts: outcome to how many.  newest_message: the id of the last delivery before.
    """

    at = models.DateTimeField(_("hour"), primary_key=True)
    counts = models.JSONField(_("deliveries"), default=dict)
    newest_message = models.BigIntegerField(_("newest delivery"), default=0)

    class Meta:
        verbose_name = _("mark of an hour")
        verbose_name_plural = _("marks of hours")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
