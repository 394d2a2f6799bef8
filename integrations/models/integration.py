"""What is set up for a way in: the integration, whose turn it is, and the rules with their filters."""

from datetime import timedelta
from functools import cached_property

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib import conditions
from alertops.lib.claims import Claimable, ClaimableQuerySet
from alertops.lib.history import History
from alertops.lib.secrets import EncryptedTextField
from alerts.logic.delay import Delay, DelayKind
from integrations.logic import mapping, signature

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
DELAY_CHOICES = [
    (DelayKind.MINUTES.value, _("for some time")),
    (DelayKind.EVERY.value, _("until every Nth report of it")),
    (DelayKind.RATE.value, _("until N reports of it within some time")),
    (DelayKind.HOURS.value, _("until support hours, unless it is critical")),
]
SIGNATURE_CHOICES = [
    (signature.Scheme.HUB.value, _("X-Hub-Signature (Bitbucket, GitHub)")),
    (signature.Scheme.GITLAB.value, _("X-Gitlab-Token (GitLab)")),
    (signature.Scheme.GRAFANA.value, _("X-Grafana-Alerting-Signature (Grafana)")),
    (signature.Scheme.BEARER.value, _("Authorization: Bearer (Alertmanager and others)")),
]


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
    team = models.ForeignKey(
        "alerts.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="integrations",
        verbose_name=_("owned by"),
        help_text=_("The escalation managers of this team may change it, whatever their roles."),
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
    delay_kind = models.CharField(
        _("hold back the first message"),
        max_length=8,
        choices=DELAY_CHOICES,
        blank=True,
        help_text=_("The alert is there at once; if it is closed before, nobody is told. Empty: not at all."),
    )
    delay_count = models.PositiveSmallIntegerField(
        _("N"), default=3, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    delay_wait = models.DurationField(
        _("time"), default=timedelta(minutes=5), validators=[MinValueValidator(timedelta(seconds=1))]
    )
    delay_hours = models.ForeignKey(
        "alerts.SupportHours",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("support hours"),
    )
    sample_body = models.TextField(
        _("sample data"),
        blank=True,
        help_text=_("A delivery to try the rules with; Test posts it through the URL."),
    )
    sample_headers = models.JSONField(_("sample headers"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    # Nothing of the secrets, not even their digests; samples are data, and large.
    history = History(
        excluded_fields=[
            *("token", "token_digest", "previous_token_digest", "previous_token_expires_at"),
            *("signing_secret", "sample_body", "sample_headers", "created_at"),
        ],
        m2m_fields=["recipient_users", "recipient_teams"],
    )

    class Meta:
        verbose_name = _("inbound integration")
        verbose_name_plural = _("inbound integrations")
        ordering = ["name"]
        permissions = [("show_token", _("Can see and rotate the secret URL"))]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        return self.team_id

    @cached_property
    def delay(self) -> Delay | None:
        """What the first message about an alert waits for, as rules read it."""
        if not self.delay_kind:
            return None
        return Delay(
            DelayKind(self.delay_kind),
            count=self.delay_count,
            wait=self.delay_wait,
            hours=self.delay_hours.hours if self.delay_hours else None,
        )


class IntegrationLease(Claimable):
    """Whose turn it is to process an integration's messages; apart, so that no form overwrites it.

    in_hand_until: the last message of the batch that is worked on. Who takes a turn and finds it knows that
    whoever had the turn before did not come to its end.
    """

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="lease")
    in_hand_until = models.BigIntegerField(null=True, editable=False)

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

    history = History()

    class Meta:
        verbose_name = _("mapping rule")
        verbose_name_plural = _("mapping rules")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        """A rule belongs to whoever has its integration."""
        return self.integration.team_id if self.integration_id else None


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

    history = History()

    class Meta:
        verbose_name = _("filter")
        verbose_name_plural = _("filters")
        ordering = ["group", "position", "id"]

    def __str__(self) -> str:
        return f"{self.path} {self.get_operator_display()} {self.value}"
