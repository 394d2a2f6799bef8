"""One asking for messages to be processed again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib.claims import Claimable, ClaimableQuerySet
from integrations.models.integration import Integration


class Replay(Claimable):
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

    objects = ClaimableQuerySet.as_manager()

    class Meta:
        verbose_name = _("process-again run")
        verbose_name_plural = _("process-again runs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk}"
