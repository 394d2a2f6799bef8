"""What is stored about the ways in: integrations, their rules, every delivery and what became of it."""

from datetime import timedelta
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alertops.lib import conditions
from alertops.lib.claims import Claimable, ClaimableQuerySet
from alertops.lib.secrets import EncryptedTextField
from integrations.logic import mapping, outcome, signature

MATCH_CHOICES = [
    (mapping.Match.EQUALS.value, _("equals, ignoring case")),
    (mapping.Match.CONTAINS.value, _("contains")),
    (mapping.Match.REGEX.value, _("matches regular expression")),
]
OPERATOR_CHOICES = [
    (conditions.Operator.EQUALS.value, _("equals")),
    (conditions.Operator.CONTAINS.value, _("contains")),
    (conditions.Operator.STARTS_WITH.value, _("starts with")),
    (conditions.Operator.IN_LIST.value, _("is one of (comma-separated)")),
    (conditions.Operator.EXISTS.value, _("exists")),
    (conditions.Operator.REGEX.value, _("matches regular expression")),
    (conditions.Operator.GREATER.value, _("is greater than")),
    (conditions.Operator.LESS.value, _("is less than")),
]
SIGNATURE_CHOICES = [
    (signature.Scheme.HUB.value, _("X-Hub-Signature (Bitbucket, GitHub)")),
    (signature.Scheme.GITLAB.value, _("X-Gitlab-Token (GitLab)")),
    (signature.Scheme.GRAFANA.value, _("X-Grafana-Alerting-Signature (Grafana)")),
    (signature.Scheme.BEARER.value, _("Authorization: Bearer (Alertmanager and others)")),
]
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


class Integration(models.Model):
    """One inbound endpoint: a secret URL, mapping rules, an escalation policy and recipients."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    preset = models.SlugField(_("preset"), max_length=50, default="custom", editable=False)
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("When off, deliveries are refused and listed.")
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    token = EncryptedTextField(editable=False)
    previous_token_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)
    previous_token_expires_at = models.DateTimeField(null=True, editable=False)
    signature_scheme = models.CharField(
        _("signature"),
        max_length=10,
        choices=SIGNATURE_CHOICES,
        default=signature.Scheme.HUB.value,
        help_text=_("How the sender proves that it knows the signing secret."),
    )
    signing_secret = EncryptedTextField(
        _("signing secret"),
        blank=True,
        default="",
        help_text=_("When set, deliveries without a valid signature are refused."),
    )
    allows_get = models.BooleanField(
        _("accept GET"),
        default=False,
        help_text=_("Off is safer: chat programs fetch links that people paste."),
    )
    escalation_policy = models.ForeignKey(
        "alerts.EscalationPolicy",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="integrations",
        verbose_name=_("escalation policy"),
    )
    recipient_users = models.ManyToManyField(
        "alerts.User", blank=True, related_name="+", verbose_name=_("recipient users")
    )
    recipient_teams = models.ManyToManyField(
        "alerts.Team", blank=True, related_name="+", verbose_name=_("recipient teams (groups)")
    )
    reopen_window = models.DurationField(
        _("reopen window"),
        default=timedelta(minutes=5),
        validators=[MinValueValidator(timedelta(0))],
        help_text=_("The same problem within this time of its closing reopens the same alert. 0: never."),
    )
    auto_close_after = models.DurationField(
        _("close by itself after"),
        null=True,
        blank=True,
        validators=[MinValueValidator(timedelta(minutes=1))],
        help_text=_("An alert without events for this time is closed. Empty: never."),
    )
    sample_body = models.TextField(
        _("sample data"),
        blank=True,
        help_text=_("A delivery to try the rules with; Test posts it through the URL."),
    )
    sample_headers = models.JSONField(_("sample headers"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("inbound integration")
        verbose_name_plural = _("inbound integrations")
        ordering = ["name"]
        permissions = [("show_token", _("Can see and rotate the secret URL"))]

    def __str__(self) -> str:
        return self.name


class IntegrationLease(Claimable):
    """Whose turn it is to process an integration's messages; apart, so that no form overwrites it."""

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="lease")

    objects = ClaimableQuerySet.as_manager()


class MappingRule(models.Model):
    """How a payload becomes a decision.

    fields: field name to {"kind": "path" | "constant" | "template", "value": str}.
    severity_cases: list of {"match": ..., "value": str, "severity": ...}; the first that matches decides.
    """

    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="rules", verbose_name=_("integration")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    name = models.CharField(_("name"), max_length=100)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    iterate_over = models.CharField(
        _("for each element of"),
        max_length=500,
        blank=True,
        help_text=_(
            "The path of a list: each of its elements becomes one event. Empty: the whole delivery is one."
        ),
    )
    fields = models.JSONField(_("fields"), default=dict, blank=True)
    open_match = models.CharField(
        _("opens when the status"), max_length=10, choices=MATCH_CHOICES, default=mapping.Match.EQUALS.value
    )
    open_values = models.JSONField(_("open values"), default=list, blank=True)
    close_match = models.CharField(
        _("closes when the status"), max_length=10, choices=MATCH_CHOICES, default=mapping.Match.EQUALS.value
    )
    close_values = models.JSONField(_("close values"), default=list, blank=True)
    update_match = models.CharField(
        _("updates when the status"), max_length=10, choices=MATCH_CHOICES, default=mapping.Match.EQUALS.value
    )
    update_values = models.JSONField(_("update values"), default=list, blank=True)
    severity_cases = models.JSONField(_("severities"), default=list, blank=True)

    class Meta:
        verbose_name = _("mapping rule")
        verbose_name_plural = _("mapping rules")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Filter(models.Model):
    """One condition of a rule."""

    class Group(models.TextChoices):
        ALL = "all", _("all of these")
        ANY = "any", _("any of these")

    rule = models.ForeignKey(MappingRule, models.CASCADE, related_name="filters", verbose_name=_("rule"))
    group = models.CharField(_("set"), max_length=3, choices=Group, default=Group.ALL)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    path = models.CharField(
        _("path"), max_length=500, help_text=_("Like commit_status^state, or @header^X-Event-Key.")
    )
    is_negated = models.BooleanField(_("not"), default=False)
    operator = models.CharField(
        _("operator"), max_length=12, choices=OPERATOR_CHOICES, default=conditions.Operator.EQUALS.value
    )
    value = models.CharField(_("value"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("filter")
        verbose_name_plural = _("filters")
        ordering = ["group", "position", "id"]

    def __str__(self) -> str:
        return f"{self.path} {self.get_operator_display()} {self.value}"


class InboundMessageQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Messages that have not been processed to their end, oldest first."""
        return self.filter(WAITING).order_by("id")


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
    )
    event_count = models.PositiveIntegerField(_("events"), default=0)
    start_count = models.PositiveSmallIntegerField(_("starts"), default=0)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    objects = InboundMessageQuerySet.as_manager()

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


class Replay(models.Model):
    """One *process again* over messages of one integration, with its progress and report.

    report: list of {"message": id, "before": reason, "after": reason, "alert": number | null}.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="replays", verbose_name=_("integration")
    )
    message_ids = models.JSONField(_("messages"), default=list)
    notifies = models.BooleanField(_("tells people"), default=False)
    requested_by = models.ForeignKey(
        "alerts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("asked by")
    )
    requested_at = models.DateTimeField(_("asked"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    done_count = models.PositiveIntegerField(_("done"), default=0)
    report = models.JSONField(_("report"), default=list)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("process-again run")
        verbose_name_plural = _("process-again runs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk}"


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
