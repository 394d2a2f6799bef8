"""The deduplicated problem, its timeline, and the last word on each key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.logic import event, lifecycle
from alerts.models.escalation import EscalationStep
from alerts.models.user import TeamMembership

SEVERITY_CHOICES = [
    (event.Severity.CRITICAL.value, _("critical")),
    (event.Severity.ERROR.value, _("error")),
    (event.Severity.WARNING.value, _("warning")),
    (event.Severity.INFO.value, _("info")),
]
STATUS_CHOICES = [
    (lifecycle.Status.OPEN.value, _("open")),
    (lifecycle.Status.ACKNOWLEDGED.value, _("acknowledged")),
    (lifecycle.Status.CLOSED.value, _("closed")),
]
NOT_CLOSED = ~Q(status=lifecycle.Status.CLOSED.value)
IN_TIME_SO_FAR = Q(sla_due_at__isnull=False, sla_missed_at__isnull=True)


class AlertQuerySet(models.QuerySet):
    def not_closed(self) -> Self:
        return self.filter(NOT_CLOSED)

    def open(self) -> Self:
        return self.filter(status=lifecycle.Status.OPEN)

    def acknowledged(self) -> Self:
        return self.filter(status=lifecycle.Status.ACKNOWLEDGED)

    def closed(self) -> Self:
        return self.filter(status=lifecycle.Status.CLOSED)

    def snoozed(self, now: datetime) -> Self:
        return self.not_closed().filter(snoozed_until__gt=now)

    def taken_by_nobody(self, now: datetime) -> Self:
        """Open alerts that are not kept quiet: what somebody should look at."""
        return self.open().exclude(snoozed_until__gt=now)

    def of_person(self, user_id: int) -> Self:
        """Alerts that a person owns or has acknowledged."""
        acknowledged = Alert.acknowledgers.through.objects.filter(user_id=user_id)
        return self.filter(Q(owner_id=user_id) | Q(pk__in=acknowledged.values("alert_id")))

    def under_way(self) -> Self:
        """The same as `not_closed`, asked so that the index of the status answers: for long lists."""
        return self.filter(status__in=(lifecycle.Status.OPEN, lifecycle.Status.ACKNOWLEDGED))

    def of_teams(self, team_ids: Sequence[int]) -> Self:
        """Alerts that concern teams: named in them, told by integration or policy, or a member has them."""
        sender: Any = Alert._meta.get_field("integration").related_model
        senders = sender.recipient_teams.through.objects.filter(team__in=team_ids)
        policies = EscalationStep.objects.filter(teams__in=team_ids)
        named = Alert.named_teams.through.objects.filter(team__in=team_ids)
        members = TeamMembership.objects.filter(team__in=team_ids)
        return self.filter(
            Q(integration__in=senders.values("integration"))
            | Q(policy__in=policies.values("policy"))
            | Q(pk__in=named.values("alert"))
            | Q(owner__in=members.values("user"))
        )

    def for_list(self) -> Self:
        """With what a row of a list shows, in one statement."""
        return self.select_related("integration", "owner", "policy")

    def due_for_waking(self, now: datetime) -> Self:
        """Snoozed alerts whose snooze is over."""
        return self.not_closed().filter(snoozed_until__lte=now).order_by("snoozed_until")

    def due_for_reminder(self, now: datetime) -> Self:
        """Acknowledged alerts whose owner is to hear that the acknowledgement is about to expire."""
        return self.filter(
            status=lifecycle.Status.ACKNOWLEDGED, acknowledgement_reminder_at__lte=now
        ).order_by("acknowledgement_reminder_at")

    def due_for_acknowledgement_timeout(self, now: datetime) -> Self:
        return self.filter(
            status=lifecycle.Status.ACKNOWLEDGED, acknowledgement_expires_at__lte=now
        ).order_by("acknowledgement_expires_at")

    def due_for_auto_close(self, now: datetime) -> Self:
        return self.not_closed().filter(auto_close_at__lte=now).order_by("auto_close_at")

    def due_for_sla(self, now: datetime) -> Self:
        """Alerts that should have been closed by now, of which nothing is on record yet."""
        late = self.not_closed().filter(sla_missed_at=None, sla_due_at__lte=now)
        return late.order_by("sla_due_at")

    def beyond_sla(self) -> Self:
        """Alerts that are not closed and should have been."""
        return self.under_way().filter(sla_missed_at__isnull=False)


class Alert(models.Model):
    """One problem, however often it is reported. Its number is its id."""

    integration = models.ForeignKey(
        "integrations.Integration",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("integration"),
    )
    key_digest = models.CharField(max_length=64, null=True, blank=True, editable=False)
    status = models.CharField(
        _("status"), max_length=12, choices=STATUS_CHOICES, default=lifecycle.Status.OPEN.value
    )
    severity = models.CharField(
        _("severity"), max_length=8, choices=SEVERITY_CHOICES, default=event.Severity.ERROR.value
    )
    subject = models.CharField(_("subject"), max_length=300)
    short_text = models.CharField(_("short text"), max_length=500, blank=True)
    long_text = models.TextField(_("long text"), blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    source_name = models.CharField(_("source name"), max_length=500, blank=True)
    source_id = models.CharField(_("source ID"), max_length=500, blank=True)
    source_status = models.CharField(_("source status"), max_length=200, blank=True)
    source_url = models.CharField(_("source URL"), max_length=2000, blank=True)
    runbook_url = models.CharField(_("runbook URL"), max_length=2000, blank=True)
    assignee = models.CharField(_("assignee at the source"), max_length=200, blank=True)
    tags = models.JSONField(_("tags"), default=dict, blank=True)
    topic = models.CharField(_("topic"), max_length=200, blank=True)
    service_name = models.CharField(_("service"), max_length=200, blank=True)
    priority = models.CharField(_("priority"), max_length=20, blank=True)
    is_test = models.BooleanField(_("test"), default=False)

    # People whom the events named, beside the integration's recipients.
    named_users = models.ManyToManyField(
        "alerts.User", blank=True, related_name="+", verbose_name=_("named users")
    )
    named_teams = models.ManyToManyField(
        "alerts.Team", blank=True, related_name="+", verbose_name=_("named teams")
    )

    owner = models.ForeignKey(
        "alerts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_alerts",
        verbose_name=_("owner"),
        db_index=False,  # an index below begins with it
    )
    acknowledgers = models.ManyToManyField(
        "alerts.User", blank=True, related_name="acknowledged_alerts", verbose_name=_("acknowledged by")
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged", verbose_name=_("merged into")
    )
    policy = models.ForeignKey(
        "alerts.EscalationPolicy",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("escalation policy"),
    )
    created_by = models.CharField(_("created by"), max_length=200, blank=True)
    resolution = models.TextField(_("resolution"), blank=True)
    closed_by = models.CharField(_("closed by"), max_length=200, blank=True)

    event_count = models.PositiveIntegerField(_("events"), default=1)
    created_at = models.DateTimeField(_("created"))
    opened_at = models.DateTimeField(_("opened"), help_text=_("Anew each time it is reopened."))
    last_event_at = models.DateTimeField(_("last event"))
    first_assigned_at = models.DateTimeField(_("first assigned"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # `lifecycle.UNTIL_RECOVERED` where the end of the problem is to end the snooze, too.
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    acknowledgement_reminder_at = models.DateTimeField(null=True, blank=True, editable=False)
    acknowledgement_expires_at = models.DateTimeField(
        _("acknowledgement ends"), null=True, blank=True, editable=False
    )
    auto_close_at = models.DateTimeField(_("closes by itself at"), null=True, blank=True)
    sla_due_at = models.DateTimeField(_("target of the SLA"), null=True, blank=True)
    sla_missed_at = models.DateTimeField(_("SLA missed"), null=True, blank=True, editable=False)
    # When it was reported lately, as `alerts.logic.delay.remember` keeps it; where telling waits for that.
    recent_reports = models.JSONField(null=True, blank=True, editable=False)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        permissions = [("respond_alert", _("Can acknowledge, close and otherwise answer alerts"))]
        constraints = [
            models.UniqueConstraint(
                fields=["key_digest"],
                condition=Q(key_digest__isnull=False) & NOT_CLOSED,
                name="one_alert_not_closed_per_key",
            )
        ]
        indexes = [
            models.Index(fields=["key_digest", "-id"], name="alert_key"),
            # A key may have a long past, of which only its last closings and what was merged matter.
            models.Index(
                fields=["key_digest", "closed_at"],
                condition=Q(closed_at__isnull=False),
                name="alert_key_closed",
            ),
            models.Index(
                fields=["key_digest", "merged_into"],
                condition=Q(merged_into__isnull=False),
                name="alert_key_merged",
            ),
            models.Index(fields=["status", "-id"], name="alert_status"),
            models.Index(fields=["severity", "-id"], name="alert_severity"),
            # Not by the time alone: the look-up of a key's last closing would be tempted to use it.
            models.Index(fields=["status", "closed_at"], name="alert_closed"),
            models.Index(fields=["owner", "status"], name="alert_owner"),
            models.Index(
                fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="alert_snoozed"
            ),
            models.Index(fields=["auto_close_at"], condition=NOT_CLOSED, name="alert_auto_close"),
            models.Index(fields=["sla_due_at"], condition=NOT_CLOSED & IN_TIME_SO_FAR, name="alert_sla_due"),
            # By the status, too: what was closed too late stays in it, and is not looked at.
            models.Index(
                fields=["status", "sla_missed_at"],
                condition=Q(sla_missed_at__isnull=False),
                name="alert_sla_missed",
            ),
            models.Index(
                fields=["acknowledgement_expires_at"],
                condition=Q(acknowledgement_expires_at__isnull=False),
                name="alert_acknowledgement_expires",
            ),
            models.Index(
                fields=["acknowledgement_reminder_at"],
                condition=Q(acknowledgement_reminder_at__isnull=False),
                name="alert_acknowledgement_remind",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    @property
    def is_muted(self) -> bool:
        """Whether it is quiet until its source says that it is over."""
        return self.snoozed_until == lifecycle.UNTIL_RECOVERED


class AlertEvent(models.Model):
    """One line of an alert's timeline. Only ever added."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        REOPENED = "reopened", _("reopened")
        JOINED = "joined", _("joined")
        UPDATED = "updated", _("updated")
        RAISED = "raised", _("severity raised")
        SEVERITY_CHANGED = "severity_changed", _("severity changed")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        UNACKNOWLEDGED = "unacknowledged", _("acknowledgement taken back")
        ACKNOWLEDGEMENT_TIMED_OUT = "acknowledgement_timed_out", _("acknowledgement ran out")
        ASSIGNED = "assigned", _("assigned")
        RESPONDER_ADDED = "responder_added", _("responder added")
        ESCALATED = "escalated", _("escalated by hand")
        SNOOZED = "snoozed", _("snoozed")
        MUTED = "muted", _("muted until recovered")
        WOKEN = "woken", _("snooze ended")
        STEP = "step", _("escalation step")
        NOBODY_REACHED = "nobody_reached", _("nobody reached")
        EXHAUSTED = "exhausted", _("escalation exhausted")
        TOLD = "told", _("told")
        NOT_TOLD = "not_told", _("could not be told")
        NOTE = "note", _("note")
        MERGED = "merged", _("merged")
        CLOSED = "closed", _("closed")
        SLA_MISSED = "sla_missed", _("SLA missed")

    alert = models.ForeignKey(
        Alert,
        models.CASCADE,
        related_name="events",
        verbose_name=_("alert"),
        db_index=False,  # an index below begins with it
    )
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("what happened"), max_length=30, choices=Kind)
    actor = models.ForeignKey(
        "alerts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    actor_label = models.CharField(
        _("who, as text"), max_length=200, blank=True, help_text=_("Stays when the person is deleted.")
    )
    via = models.CharField(_("by way of"), max_length=20, blank=True)
    text = models.TextField(_("text"), blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)
    message = models.ForeignKey(
        "integrations.InboundMessage",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="alert_events",
        verbose_name=_("inbound message"),
    )

    class Meta:
        verbose_name = _("alert event")
        verbose_name_plural = _("alert events")
        ordering = ["id"]
        indexes = [models.Index(fields=["alert", "id"], name="alertevent_alert")]

    def __str__(self) -> str:
        return self.get_kind_display()


class AlertKey(models.Model):
    """The time of the last decision on a key: an event older than it is stale."""

    digest = models.CharField(max_length=64, primary_key=True)
    decided_at = models.DateTimeField(_("last decision"), db_index=True)

    class Meta:
        verbose_name = _("alert key")
        verbose_name_plural = _("alert keys")

    def __str__(self) -> str:
        return self.digest
