"""Who is told, in which order, after which wait; and the running of that for one alert."""

from datetime import datetime, timedelta
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alerts.logic import escalation, event
from alerts.models.turns import InTurnsQuerySet, TakesTurns

STOP_CHOICES = [
    (escalation.Stop.ACKNOWLEDGED.value, _("somebody acknowledges")),
    (escalation.Stop.ASSIGNED.value, _("it has an owner")),
    (escalation.Stop.CLOSED.value, _("it is closed")),
]
URGENCY_CHOICES = [(event.Urgency.HIGH.value, _("high")), (event.Urgency.LOW.value, _("low"))]


class EscalationPolicy(models.Model):
    """Who is told about an alert, step by step, until somebody takes it."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    stop = models.CharField(
        _("stops when"), max_length=12, choices=STOP_CHOICES, default=escalation.Stop.ACKNOWLEDGED.value
    )
    runs = models.PositiveSmallIntegerField(
        _("runs"),
        default=2,
        validators=[MinValueValidator(1)],
        help_text=_("How many times the steps are gone through in all."),
    )
    acknowledgement_timeout_critical = models.DurationField(
        _("acknowledgement of a critical alert lasts"),
        default=timedelta(minutes=60),
        null=True,
        blank=True,
        help_text=_("Then the alert is open again and the policy starts anew. Empty: for ever."),
    )
    acknowledgement_timeout_error = models.DurationField(
        _("acknowledgement of an error lasts"),
        default=timedelta(hours=4),
        null=True,
        blank=True,
        help_text=_("Warnings and infos stay acknowledged. Empty: for ever."),
    )
    assignment_timeout = models.DurationField(
        _("who is given an alert has"),
        default=timedelta(minutes=10),
        null=True,
        blank=True,
        help_text=_("Then the steps go on if it is not acknowledged. Empty: they do not wait."),
    )
    last_resort = models.ForeignKey(
        "alerts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("last resort"),
        help_text=_("Told when the steps are used up and nobody took the alert. Empty: all superusers."),
    )
    priority = models.CharField(_("priority"), max_length=20, blank=True)
    sla_hours = models.DecimalField(
        _("SLA, hours"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("An alert should be closed within this time."),
    )
    is_offered_for_manual_alerts = models.BooleanField(_("offered for manual alerts"), default=True)
    team = models.ForeignKey(
        "alerts.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=_("owned by"),
        help_text=_("The escalation managers of this team may change it, whatever their roles."),
    )

    history = History()

    class Meta:
        verbose_name = _("escalation policy")
        verbose_name_plural = _("escalation policies")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        return self.team_id


class EscalationStep(models.Model):
    """One step of a policy."""

    class TeamOrder(models.TextChoices):
        ALL = "all", _("all at once")
        ONE_BY_ONE = "one_by_one", _("one by one, in the team's order")

    class Role(models.TextChoices):
        EVERYBODY = "everybody", _("everybody")
        PRIMARY = "primary", _("primary")
        SECONDARY = "secondary", _("secondary")
        ESCALATION_MANAGER = "escalation_manager", _("escalation managers")

    policy = models.ForeignKey(
        EscalationPolicy, models.CASCADE, related_name="steps", verbose_name=_("escalation policy")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    wait = models.DurationField(
        _("wait"),
        default=timedelta(0),
        help_text=_("After the step before it; the first step: after the alert. Like 5 minutes."),
    )
    users = models.ManyToManyField("alerts.User", blank=True, related_name="+", verbose_name=_("users"))
    teams = models.ManyToManyField(
        "alerts.Team", blank=True, related_name="+", verbose_name=_("teams (groups)")
    )
    team_order = models.CharField(
        _("teams are told"), max_length=12, choices=TeamOrder, default=TeamOrder.ALL
    )
    member_wait = models.DurationField(
        _("wait between members"),
        default=timedelta(minutes=5),
        help_text=_("Only when teams are told one by one."),
    )
    team_role = models.CharField(
        _("of teams"),
        max_length=20,
        choices=Role,
        default=Role.EVERYBODY,
        help_text=_("Also of the recipients' teams."),
    )
    schedules = models.ManyToManyField(
        "alerts.Schedule", blank=True, related_name="+", verbose_name=_("who is on call by the schedules")
    )
    schedule_role = models.CharField(_("of those on call"), max_length=20, choices=Role, default=Role.PRIMARY)
    tells_recipients = models.BooleanField(
        _("the integration's recipients"), default=False, help_text=_("And whom the event itself names.")
    )
    tells_owner = models.BooleanField(
        _("the alert's owner"),
        default=False,
        help_text=_("With schedules: while on call; else those on call."),
    )
    stop = models.CharField(
        _("skipped when"),
        max_length=12,
        choices=STOP_CHOICES,
        blank=True,
        help_text=_("Empty: as the policy says."),
    )
    urgency = models.CharField(
        _("urgency"),
        max_length=4,
        choices=URGENCY_CHOICES,
        blank=True,
        help_text=_("Empty: critical and error are high, warning and info low."),
    )

    severities = models.JSONField(
        _("only when it is"), default=list, blank=True, help_text=_("None: whatever it is.")
    )
    tag = models.CharField(
        _("only with the tag"), max_length=100, blank=True, help_text=_("Like environment.")
    )
    tag_values = models.CharField(
        _("and its value"),
        max_length=300,
        blank=True,
        help_text=_("Like production; several with commas. Empty: any."),
    )
    hours = models.ForeignKey(
        "alerts.SupportHours",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only in the hours"),
    )
    is_outside_hours = models.BooleanField(_("or only outside of them"), default=False)

    history = History(m2m_fields=["users", "teams", "schedules"])

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return _("Step %(number)d") % {"number": max(1, self.position)}


class EscalationQuerySet(InTurnsQuerySet):
    def live(self) -> Self:
        return self.exclude(status=Escalation.Status.ENDED)

    def due_for_escalation(self, now: datetime) -> Self:
        return self.filter(due_at__lte=now).free(now).order_by("due_at")


class Escalation(TakesTurns):
    """One running of a policy for one alert.

    steps: the frozen steps, as `alerts.logic.escalation.Step.as_json` wrote them.
    due_at: when the next thing happens; null when nothing will by itself.
    urgency: of the alert, when the escalation was last moved on.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        WAITING = "waiting", _("waiting: more reports are needed")
        HELD = "held", _("held: by plan nobody is on call")
        PAUSED = "paused", _("paused: somebody has taken it")
        EXHAUSTED = "exhausted", _("exhausted: nobody took it")
        ENDED = "ended", _("ended")

    alert = models.ForeignKey(
        "alerts.Alert", models.CASCADE, related_name="escalations", verbose_name=_("alert")
    )
    policy = models.ForeignKey(
        EscalationPolicy, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("policy")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RUNNING)
    steps = models.JSONField(_("frozen steps"), default=list)
    runs = models.PositiveSmallIntegerField(_("runs"), default=1)
    run = models.PositiveSmallIntegerField(_("run"), default=0)
    step = models.PositiveSmallIntegerField(_("step"), default=0)
    member = models.PositiveSmallIntegerField(_("member"), default=0)
    urgency = models.CharField(
        _("urgency"), max_length=4, choices=URGENCY_CHOICES, default="high", db_default="high"
    )
    due_at = models.DateTimeField(_("next at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert"], condition=~Q(status="ended"), name="one_live_escalation_per_alert"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="escalation_due"),
            models.Index(
                fields=["integration", "urgency", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="escalation_turn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert}, {self.get_status_display()}"
