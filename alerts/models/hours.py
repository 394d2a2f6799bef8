"""When support is there: hours that steps, routes and delays ask for."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alerts.logic import hours
from alerts.models.user import server_time_zone, validate_time_zone

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def validate_day(value: str) -> None:
    try:
        hours.read_day(value)
    except hours.UnreadableHours as error:
        raise ValidationError(
            _("“%(text)s” are no hours. Write them like 09:00-17:00, or 08:00-12:00, 13:00-17:00."),
            params={"text": str(error)},
        ) from error


class SupportHours(models.Model):
    """Hours of the days of a week, in one time zone. A day without hours is closed."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=server_time_zone,
        validators=[validate_time_zone],
        help_text=_("The hours are those of the clocks there, like Europe/Berlin."),
    )
    monday = models.CharField(_("Monday"), max_length=100, blank=True, validators=[validate_day])
    tuesday = models.CharField(_("Tuesday"), max_length=100, blank=True, validators=[validate_day])
    wednesday = models.CharField(_("Wednesday"), max_length=100, blank=True, validators=[validate_day])
    thursday = models.CharField(_("Thursday"), max_length=100, blank=True, validators=[validate_day])
    friday = models.CharField(_("Friday"), max_length=100, blank=True, validators=[validate_day])
    saturday = models.CharField(_("Saturday"), max_length=100, blank=True, validators=[validate_day])
    sunday = models.CharField(_("Sunday"), max_length=100, blank=True, validators=[validate_day])

    history = History()

    class Meta:
        verbose_name = _("support hours")
        verbose_name_plural = _("support hours")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> hours.Hours:
        """The hours as rules read them."""
        return hours.hours_of(self.time_zone, [getattr(self, day) for day in DAYS])
