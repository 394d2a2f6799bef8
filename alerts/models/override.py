"""What people decide against the rotations of a schedule: overrides, and times out of office."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alerts.logic import oncall
from alerts.models.schedule import ROLE_CHOICES, Schedule


class Override(models.Model):
    """What somebody decided for a time, whatever the rotations say."""

    class Change(models.TextChoices):
        REPLACE = "replace", _("replace")
        ADD = "add", _("add")
        REMOVE = "remove", _("remove")

    schedule = models.ForeignKey(
        Schedule,
        models.CASCADE,
        related_name="overrides",
        verbose_name=_("schedule"),
        db_index=False,  # an index below begins with it
    )
    change = models.CharField(_("what"), max_length=10, choices=Change, default=Change.REPLACE)
    role = models.CharField(_("role"), max_length=20, choices=ROLE_CHOICES, default=oncall.Role.PRIMARY.value)
    person = models.ForeignKey(
        "alerts.User",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("instead of"),
        help_text=_("Empty: whoever it is."),
    )
    substitute = models.ForeignKey(
        "alerts.User",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("on call"),
    )
    begin_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("until"))
    note = models.CharField(_("why"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        "alerts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("made"), editable=False)

    history = History(excluded_fields=["created_by", "created_at"])

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        ordering = ["begin_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(end_at__gt=F("begin_at")), name="override_ends_after_begin"),
            models.CheckConstraint(
                condition=Q(change="remove", substitute=None)
                | (~Q(change="remove") & Q(substitute__isnull=False)),
                name="override_has_substitute_unless_it_removes",
            ),
        ]
        indexes = [models.Index(fields=["schedule", "end_at"], name="override_end")]

    def __str__(self) -> str:
        return f"{self.get_change_display()}, {self.begin_at:%Y-%m-%d %H:%M}"

    @property
    def owning_team_id(self) -> int | None:
        return self.schedule.team_id


class OutOfOffice(models.Model):
    """When a person is away, and who stands in: in one schedule, or wherever nothing else is said."""

    user = models.ForeignKey(
        "alerts.User",
        models.CASCADE,
        related_name="absences",
        verbose_name=_("person"),
        db_index=False,  # an index below begins with it
    )
    cover = models.ForeignKey(
        "alerts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("covered by"),
        help_text=_("Empty: the others of a shift go on alone; who would leave nobody behind stays on call."),
    )
    schedule = models.ForeignKey(
        Schedule,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="absences",
        verbose_name=_("schedule"),
        help_text=_("Empty: all schedules."),
    )
    begin_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("until"))

    history = History()

    class Meta:
        verbose_name = _("time out of office")
        verbose_name_plural = _("out of office")
        ordering = ["begin_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(end_at__gt=F("begin_at")), name="absence_ends_after_begin")
        ]
        indexes = [
            models.Index(fields=["user", "end_at"], name="absence_user"),
            models.Index(fields=["end_at"], name="absence_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.begin_at:%Y-%m-%d}"
