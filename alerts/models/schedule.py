"""Who is on call when: schedules, and the rotations that they are made of.

What is over is never changed: a rotation that is edited leaves its old rules behind as a row of its own
(`past_of`), which counts until the change.
"""

from datetime import datetime, time
from typing import Any, Self
from zoneinfo import ZoneInfo

import holidays
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alertops.lib.secrets import EncryptedTextField
from alerts.logic import oncall
from alerts.models.user import server_time_zone, validate_time_zone

ROLE_CHOICES = [
    (oncall.Role.PRIMARY.value, _("primary")),
    (oncall.Role.SECONDARY.value, _("secondary")),
    (oncall.Role.ESCALATION_MANAGER.value, _("escalation manager")),
]
WEEKDAY_CHOICES = [
    *((0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday"))),
    *((4, _("Friday")), (5, _("Saturday")), (6, _("Sunday"))),
]
MOST_EVERY = 1000
NINE = time(9)


def validate_region(value: str) -> None:
    country, _dash, part = value.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None, years=2026)
    except NotImplementedError:
        raise ValidationError(
            _("The holidays of “%(region)s” are not known. Write it like DE, DE-BY or US-CA."),
            params={"region": value},
        ) from None


class ScheduleQuerySet(models.QuerySet):
    def due_for_hand_over(self, now: datetime) -> Self:
        return self.filter(hand_over_at__lte=now).order_by("hand_over_at")


class Schedule(models.Model):
    """Who is on call when: rotations, one above the other, and what people decided against them.

    hand_over_at: when it is to be looked again whether somebody else is on call.
    last_cover: the numbers of those who were, when it was looked last; null before the first time.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=server_time_zone,
        validators=[validate_time_zone],
        help_text=_("In which it is drawn, and in which new rotations count; each may have its own."),
    )
    holiday_region = models.CharField(
        _("public holidays"),
        max_length=10,
        blank=True,
        validators=[validate_region],
        help_text=_("Marked on the time line. Like DE, DE-BY or US-CA."),
    )
    is_uncovered_time_intended = models.BooleanField(
        _("uncovered time is intended"),
        default=False,
        help_text=_(
            "On: alerts wait until somebody is on call again; critical ones go on to the next step. Off:"
            " a time without anybody is a gap, and the next step runs at once."
        ),
    )
    team = models.ForeignKey(
        "alerts.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="schedules",
        verbose_name=_("owned by"),
        help_text=_("The escalation managers of this team may change it, whatever their roles."),
    )
    hand_over_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_cover = models.JSONField(null=True, blank=True, editable=False)

    objects = ScheduleQuerySet.as_manager()
    history = History(excluded_fields=["hand_over_at", "last_cover"])

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]
        indexes = [
            models.Index(
                fields=["hand_over_at"], condition=Q(hand_over_at__isnull=False), name="schedule_hand_over"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        return self.team_id

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class RotationQuerySet(models.QuerySet):
    def current(self) -> Self:
        """Rotations as they are now or will be; not what they were, nor those that were ended."""
        return self.filter(past_of=None, until=None)

    def due_for_reading(self, now: datetime) -> Self:
        """Imported calendars whose time to be read has come."""
        return self.current().filter(calendar_due_at__lte=now).order_by("calendar_due_at")

    def counting_after(self, moment: datetime) -> Self:
        return self.filter(Q(until=None) | Q(until__gt=moment))


class Rotation(models.Model):
    """One layer of a schedule, as it is from `since` until `until`.

    past_of: the layer whose former rules these are; null for the layer itself.
    first_turn: whose turn the first was, as a place in the order; set so that a change keeps who has it.
    """

    class Kind(models.TextChoices):
        HOURLY = "hourly", _("hours")
        DAILY = "daily", _("days")
        WEEKLY = "weekly", _("weeks")
        MONTHLY = "monthly", _("months")
        CALENDAR = "calendar", _("an imported calendar")

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="rotations", verbose_name=_("schedule")
    )
    past_of = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="past", editable=False
    )
    since = models.DateTimeField(_("counts from"), null=True, blank=True, editable=False)
    until = models.DateTimeField(_("counts until"), null=True, blank=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    role = models.CharField(_("role"), max_length=20, choices=ROLE_CHOICES, default=oncall.Role.PRIMARY.value)
    position = models.PositiveSmallIntegerField(
        _("order"),
        default=0,
        help_text=_("Where several rotations of a role have somebody, the lowest number counts."),
    )
    is_beside = models.BooleanField(
        _("told beside those above"),
        default=False,
        help_text=_("Off: only on call where no rotation above it with the same role has anybody."),
    )
    kind = models.CharField(
        _("the turn passes on in"), max_length=10, choices=Kind, default=oncall.Kind.WEEKLY.value
    )
    every = models.PositiveSmallIntegerField(
        _("every"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_EVERY)]
    )
    hand_off = models.TimeField(_("hand-off at"), default=NINE, help_text=_("By the clock of its time zone."))
    weekday = models.PositiveSmallIntegerField(
        _("hand-off on"), choices=WEEKDAY_CHOICES, default=0, help_text=_("For weeks.")
    )
    day = models.PositiveSmallIntegerField(
        _("hand-off on day"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("For months; in a shorter month its last day."),
    )
    starts_on = models.DateField(
        _("starts on"), help_text=_("At the time of the hand-off; the first turn is then.")
    )
    ends_on = models.DateField(
        _("ends on"), null=True, blank=True, help_text=_("At the time of the hand-off. Empty: never.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=server_time_zone, validators=[validate_time_zone]
    )
    holiday_region = models.CharField(
        _("public holidays count as Sundays"),
        max_length=10,
        blank=True,
        validators=[validate_region],
        help_text=_("Of a region like DE, DE-BY or US-CA. Empty: they are days like any other."),
    )
    first_turn = models.PositiveSmallIntegerField(default=0, editable=False)
    calendar_url = EncryptedTextField(
        _("address of the calendar"), blank=True, default="", help_text=_("An iCal address; it stays secret.")
    )
    calendar_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    calendar_read_at = models.DateTimeField(_("read"), null=True, blank=True, editable=False)
    calendar_error = models.CharField(_("why it was not read"), max_length=500, blank=True, editable=False)

    objects = RotationQuerySet.as_manager()
    history = History(
        excluded_fields=[
            *("past_of", "since", "until", "first_turn"),
            *("calendar_url", "calendar_due_at", "calendar_read_at", "calendar_error"),
        ]
    )

    class Meta:
        verbose_name = _("rotation")
        verbose_name_plural = _("rotations")
        ordering = ["position", "id"]
        indexes = [
            models.Index(
                fields=["calendar_due_at"],
                condition=Q(calendar_due_at__isnull=False),
                name="rotation_calendar_due",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> int:
        """The number of the layer, whichever of its rules these are."""
        return self.past_of_id or self.pk

    @property
    def owning_team_id(self) -> int | None:
        return self.schedule.team_id


class OfRotation(models.Model):
    """Base of what a rotation is made of."""

    class Meta:
        abstract = True

    rotation: Any

    @property
    def owning_team_id(self) -> int | None:
        return self.rotation.owning_team_id


class RotationTurn(OfRotation):
    """Who has a turn together, one turn after another."""

    rotation = models.ForeignKey(Rotation, models.CASCADE, related_name="turns", verbose_name=_("rotation"))
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    users = models.ManyToManyField("alerts.User", related_name="+", verbose_name=_("people"))

    history = History(m2m_fields=["users"])

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return _("Turn %(number)d") % {"number": max(1, self.position)}


class RotationHours(OfRotation):
    """Hours of some weekdays in which a rotation counts; without any it always does."""

    rotation = models.ForeignKey(Rotation, models.CASCADE, related_name="hours", verbose_name=_("rotation"))
    weekdays = models.JSONField(_("on"), default=list, help_text=_("The days on which the hours begin."))
    begins = models.TimeField(_("from"))
    ends = models.TimeField(
        _("until"), help_text=_("Not after the beginning: on the next day; equal: a whole day.")
    )

    history = History()

    class Meta:
        verbose_name = _("hours")
        verbose_name_plural = _("hours")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}–{self.ends:%H:%M}"


class CalendarShift(models.Model):
    """An entry of an imported calendar for one person. What is over stays when it is read anew."""

    rotation = models.ForeignKey(
        Rotation,
        models.CASCADE,
        related_name="calendar_shifts",
        db_index=False,  # an index below begins with it
    )
    user = models.ForeignKey("alerts.User", models.CASCADE, related_name="+")
    begin_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("shift of a calendar")
        verbose_name_plural = _("shifts of calendars")
        ordering = ["begin_at", "id"]
        indexes = [models.Index(fields=["rotation", "end_at"], name="calendarshift_end")]

    def __str__(self) -> str:
        return f"{self.user}, {self.begin_at:%Y-%m-%d %H:%M}"
