"""What is set up: a code repository with its administrators, and the services that are enabled on it."""

from typing import Any

from django.core.validators import URLValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from alertops.lib.history import History
from alertops.lib.secrets import EncryptedTextField


class HostKind(models.TextChoices):
    """What kind of code host a repository is on, by the names that pushes have."""

    BITBUCKET = "bitbucket", "Bitbucket Cloud"
    BITBUCKET_DATA_CENTER = "bitbucket_data_center", "Bitbucket Data Center"
    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    GITEA = "gitea", "Gitea, Forgejo"
    GOGS = "gogs", "Gogs"


class RepositoryQuerySet(models.QuerySet):
    def named(self, host: str, full_name: str) -> "RepositoryQuerySet":
        """Return the repository of a host with a name; hosts do not tell upper case from lower."""
        rows = self.alias(_host=Lower("host"), _name=Lower("full_name"))
        return rows.filter(_host=host.lower(), _name=full_name.lower())

    def administered_by(self, user: Any) -> "RepositoryQuerySet":
        """Return those that a person administers, by name or by a team."""
        by_name = models.Q(administrator_users=user.pk)
        by_team = models.Q(administrator_teams__members=user.pk)
        return self.filter(pk__in=self.model._default_manager.filter(by_name | by_team).values("pk"))


class Repository(models.Model):
    """A code repository, known by its host and full name.

    is_by_push: nobody entered it, its first push did.
    """

    host = models.CharField(
        _("host"),
        max_length=200,
        help_text=_("The host in its web address, like bitbucket.org or git.example.com:8443."),
    )
    full_name = models.CharField(
        _("full name"), max_length=300, help_text=_("With its owner, like acme/website.")
    )
    kind = models.CharField(_("kind of host"), max_length=30, choices=HostKind, blank=True)
    url = models.CharField(
        _("web address"),
        max_length=500,
        blank=True,
        validators=[URLValidator(["http", "https"])],
        help_text=_("Empty: the host and the full name make it."),
    )
    administrator_users = models.ManyToManyField(
        "alerts.User",
        blank=True,
        related_name="+",
        verbose_name=_("administrators"),
        help_text=_("They manage its services, without any role."),
    )
    administrator_teams = models.ManyToManyField(
        "alerts.Team",
        blank=True,
        related_name="+",
        verbose_name=_("administrator teams (groups)"),
        help_text=_("Everybody in them manages its services."),
    )
    access_token = EncryptedTextField(
        _("access token"),
        blank=True,
        default="",
        help_text=_("With it, services read diffs from the host and act on its issues."),
    )
    is_by_push = models.BooleanField(_("made by a push"), default=False, editable=False)
    created_at = models.DateTimeField(_("known since"), editable=False)

    objects = RepositoryQuerySet.as_manager()
    history = History(
        excluded_fields=["access_token", "created_at"],
        m2m_fields=["administrator_users", "administrator_teams"],
    )

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        ordering = ["full_name", "host"]
        constraints = [
            models.UniqueConstraint(
                Lower("host"),
                Lower("full_name"),
                name="one_repository_per_name",
                violation_error_message=_("This repository is here already."),
            )
        ]

    def __str__(self) -> str:
        return self.full_name


class RepositoryService(models.Model):
    """One broker enabled on a repository, with its settings.

    settings: by the names of the broker's fields; what is secret is in `secrets`, a JSON text.
    failure_count: of runs in a row.  disabled_at, disabled_because: when it was switched off by itself.
    note_due_at: when the administrators are to be told of that; null when there is nothing to tell.
    """

    repository = models.ForeignKey(
        Repository, models.CASCADE, related_name="services", verbose_name=_("repository")
    )
    broker = models.SlugField(_("broker"), max_length=50, editable=False)
    title = models.CharField(
        _("title"), max_length=100, help_text=_("Tells it from others of the same broker.")
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    branch_filter = models.CharField(
        _("branches"),
        max_length=500,
        blank=True,
        help_text=_("Like main, release/*, !release/old. Empty: all branches."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = EncryptedTextField(editable=False, blank=True, default="")
    failure_count = models.PositiveSmallIntegerField(_("failures in a row"), default=0, editable=False)
    disabled_at = models.DateTimeField(_("switched off by itself"), null=True, editable=False)
    disabled_because = models.TextField(_("why"), blank=True, editable=False)
    note_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)

    history = History(excluded_fields=["secrets", "failure_count", "note_due_at", "created_at"])

    class Meta:
        verbose_name = _("repository service")
        verbose_name_plural = _("repository services")
        ordering = ["repository_id", "id"]
        indexes = [
            models.Index(
                fields=["note_due_at"], condition=models.Q(note_due_at__isnull=False), name="service_note"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.repository})"
