"""What is stored of every push to a repository that is known, and which commits have been seen on it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from alertops.lib.wording import worded
from brokers.models.repository import Repository


class Push(models.Model):
    """One push, as it was understood.

    integration: by whose URL it came, which is where its services open alerts.  message: its row in the
    inbound log, as long as that is kept.
    facts: {"push": all that `brokers.logic.push.Push` holds, "seen": [hashes that were known before]}.
    commit_count: of news, at least.
    """

    repository = models.ForeignKey(
        Repository,
        models.CASCADE,
        related_name="pushes",
        verbose_name=_("repository"),
        db_index=False,  # the index below begins with it
    )
    integration = models.ForeignKey(
        "integrations.Integration",
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("inbound integration"),
    )
    message = models.OneToOneField(
        "integrations.InboundMessage",
        models.SET_NULL,
        null=True,
        related_name="push",
        verbose_name=_("delivery"),
    )
    received_at = models.DateTimeField(_("received"))
    pusher = models.CharField(_("pushed by"), max_length=200, blank=True)
    branches = models.JSONField(_("branches"), default=list)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    commit_count = models.PositiveIntegerField(_("new commits"), default=0)
    facts = models.JSONField(_("facts"), default=dict)

    class Meta:
        verbose_name = _("push")
        verbose_name_plural = _("pushes")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["repository", "-id"], name="push_repository"),
            models.Index(fields=["repository", "received_at"], name="push_received"),
        ]

    def __str__(self) -> str:
        return worded(self.summary) or f"#{self.pk}"


class SeenCommit(models.Model):
    """A commit that was pushed to a repository before: whatever branch it turns up on, it is no news."""

    repository = models.ForeignKey(
        Repository,
        models.CASCADE,
        related_name="+",
        verbose_name=_("repository"),
        db_index=False,  # the constraint below begins with it
    )
    node = models.CharField(_("commit"), max_length=64)

    class Meta:
        verbose_name = _("seen commit")
        verbose_name_plural = _("seen commits")
        constraints = [models.UniqueConstraint(fields=["repository", "node"], name="a_commit_is_seen_once")]

    def __str__(self) -> str:
        return self.node[:12]
