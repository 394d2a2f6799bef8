"""Where the alerts of an integration go in some cases: to another policy, or to further teams."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib import conditions
from alertops.lib.history import History
from integrations.models.integration import OPERATOR_CHOICES, Integration


class Route(models.Model):
    """One case, and what is so in it. The first that fits says the policy; all that fit add their teams."""

    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="routes", verbose_name=_("integration")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    path = models.CharField(
        _("path"),
        max_length=500,
        blank=True,
        help_text=_("Like commit_status^state, or @header^X-Event-Key. Empty: whatever was delivered."),
    )
    is_negated = models.BooleanField(_("not"), default=False)
    operator = models.CharField(
        _("operator"), max_length=12, choices=OPERATOR_CHOICES, default=conditions.Operator.EQUALS.value
    )
    value = models.CharField(_("value"), max_length=1000, blank=True)
    hours = models.ForeignKey(
        "alerts.SupportHours",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("in the hours"),
    )
    is_outside_hours = models.BooleanField(_("or outside of them"), default=False)
    policy = models.ForeignKey(
        "alerts.EscalationPolicy",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="routes",
        verbose_name=_("other escalation policy"),
    )
    teams = models.ManyToManyField(
        "alerts.Team", blank=True, related_name="+", verbose_name=_("further teams (groups)")
    )

    history = History(m2m_fields=["teams"])

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return _("Route %(number)d") % {"number": max(1, self.position)}

    @property
    def owning_team_id(self) -> int | None:
        """A route belongs to whoever has its integration."""
        return self.integration.team_id if self.integration_id else None
