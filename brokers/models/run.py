"""What is stored of runs: one repository service at work on one push, and what it asks of alerts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alertops.lib.claims import Claimable, ClaimableQuerySet
from brokers.models.push import Push
from brokers.models.repository import Repository, RepositoryService


class BrokerRun(Claimable):
    """One run of one repository service for one push.

    push, sample: what it acts on; a test may act on an example, which has the facts of a push.
    next_attempt_at: when it is to be tried; null once it has ended, however.
    attempt_count: attempts that came to an end.  start_count: those begun in a row that did not.
    sentence: what came of it, in words.
    transcript: lines in order, each {"kind": ..., "at": seconds since it began, ...}.
    is_first: the one that the push itself made; nobody asked for it.
    again_of: the run that somebody had run again.  is_test: somebody tried it out with a recorded push.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        SET_ASIDE = "set_aside", _("Set aside")

    service = models.ForeignKey(
        RepositoryService,
        models.CASCADE,
        related_name="runs",
        verbose_name=_("repository service"),
        db_index=False,  # the indexes below begin with it
    )
    repository = models.ForeignKey(
        Repository,
        models.CASCADE,
        related_name="+",
        verbose_name=_("repository"),
        db_index=False,
    )
    push = models.ForeignKey(Push, models.CASCADE, null=True, related_name="runs", verbose_name=_("push"))
    sample = models.JSONField(_("example"), null=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    sentence = models.TextField(_("what came of it"), blank=True)
    created_at = models.DateTimeField(_("asked for"))
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    started_at = models.DateTimeField(_("began"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    transcript = models.JSONField(_("transcript"), default=list)
    is_first = models.BooleanField(default=True, editable=False)
    is_test = models.BooleanField(_("test"), default=False)
    again_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="+", verbose_name=_("run again of")
    )
    requested_by = models.ForeignKey(
        "alerts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )

    objects = ClaimableQuerySet.as_manager()

    class Meta:
        verbose_name = _("broker run")
        verbose_name_plural = _("broker runs")
        ordering = ["-id"]
        constraints = [
            # However often a delivery is processed, its services act on it once.
            models.UniqueConstraint(
                fields=["service", "push"],
                condition=Q(is_first=True),
                name="one_run_per_service_and_push",
            )
        ]
        indexes = [
            models.Index(fields=["service", "-id"], name="run_service"),
            models.Index(fields=["repository", "-id"], name="run_repository"),
            models.Index(fields=["status", "-id"], name="run_status"),
            models.Index(
                fields=["next_attempt_at", "id"], condition=Q(next_attempt_at__isnull=False), name="run_due"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class RunRequest(models.Model):
    """What a run asks of alerts. It is done by others: brokers know nothing of alerts.

    what: {"act": "open" or "close", "key": ..., and the rest of what the broker said}.
    outcome: a reason of `alerts`, or why nothing could be done.
    """

    run = models.ForeignKey(
        BrokerRun,
        models.CASCADE,
        related_name="requests",
        verbose_name=_("run"),
        db_index=False,  # the constraint below begins with it
    )
    index = models.PositiveSmallIntegerField(_("number"))
    what = models.JSONField(_("request"), default=dict)
    done_at = models.DateTimeField(_("done"), null=True)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    alert = models.ForeignKey(
        "alerts.Alert", models.SET_NULL, null=True, related_name="+", verbose_name=_("alert")
    )

    class Meta:
        verbose_name = _("request of a run")
        verbose_name_plural = _("requests of runs")
        ordering = ["run_id", "index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="one_request_per_run_and_index")]
        indexes = [
            models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="request_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}.{self.index}"
