"""Who is told: people, and teams of people."""

import zoneinfo
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alertops.lib.languages import languages


def server_time_zone() -> str:
    """Return the zone of a person who has not chosen one."""
    return settings.TIME_ZONE


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(zone)s” is no time zone. Write it like Europe/Berlin or America/New_York."),
            params={"zone": value},
        )


class User(AbstractUser):
    """A person who logs in, is on call, and is told."""

    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=server_time_zone,
        validators=[validate_time_zone],
        help_text=_("Times are shown to this person in this zone, like Europe/Berlin."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        default="",
        choices=languages,
        help_text=_("Empty: pages in the browser's, mails in that of this installation."),
    )

    # Without the password's hash, and without what every log-in changes.
    history = History(excluded_fields=["password", "last_login"], m2m_fields=["groups"])

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @cached_property
    def managed_team_ids(self) -> frozenset[int]:
        """The teams whose escalation manager the person is; for as long as a request lasts."""
        managing = self.memberships.filter(role=TeamMembership.Role.ESCALATION_MANAGER)
        return frozenset(managing.values_list("team_id", flat=True))


class Team(models.Model):
    """People who are told together, in order. AlertOps calls it a group."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    members = models.ManyToManyField(
        User, through="TeamMembership", related_name="teams", verbose_name=_("members")
    )

    history = History()

    class Meta:
        verbose_name = _("team (group)")
        verbose_name_plural = _("teams (groups)")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """One person's place and role in a team."""

    class Role(models.TextChoices):
        PRIMARY = "primary", _("primary")
        SECONDARY = "secondary", _("secondary")
        ESCALATION_MANAGER = "escalation_manager", _("escalation manager")

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships", verbose_name=_("team"))
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.PRIMARY)
    position = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("When a team is told one by one, the lowest comes first.")
    )

    history = History()

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team_and_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"
