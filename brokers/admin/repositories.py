"""The pages of repositories: the list, and one with its services and a drop-down of brokers."""

import copy
from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from alertops.lib.admin import OurList
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, page_of, when
from brokers import badges, operations
from brokers.admin.reach import OfRepository
from brokers.logic.fields import leads_elsewhere
from brokers.models import BrokerRun, Push, Repository, RepositoryService
from brokers.operations.recent import newest_run, pushes_to
from brokers.operations.removing import remove_repository

MOST_SHOWN = 5
ADMINISTRATORS = ("administrator_users", "administrator_teams")


class RepositoryForm(forms.ModelForm):
    """A repository. The access token goes in and never comes out. reader: who fills the form in."""

    reader: Any = None

    access_token = forms.CharField(
        label=gettext_lazy("Access token"),
        required=False,
        max_length=1000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    removes_token = forms.BooleanField(
        label=gettext_lazy("Remove the token"),
        required=False,
        help_text=gettext_lazy("Then services can no longer read diffs or act on issues."),
        widget=UnfoldBooleanSwitchWidget,
    )

    class Meta:
        model = Repository
        fields = ["host", "full_name", "kind", "url", *ADMINISTRATORS, "access_token"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("access_token", None)
        if "access_token" in self.fields and self.instance.access_token:
            self.fields["access_token"].help_text = _("A token is set. Leave this empty to keep it.")
        elif "access_token" in self.fields:
            self.fields["access_token"].help_text = _(
                "A token, or user:password: services read diffs and act on issues with it. Kept encrypted."
            )

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip().lower()
        host = host.removeprefix("https://").removeprefix("http://").partition("/")[0]
        if not host:
            raise forms.ValidationError(_("Write the host alone, like bitbucket.org."))
        return host

    def clean_full_name(self) -> str:
        name = str(self.cleaned_data["full_name"]).strip().strip("/").removesuffix(".git")
        owner, slash, slug = name.rpartition("/")
        if not (owner and slash and slug) or any(letter.isspace() for letter in name):
            raise forms.ValidationError(_("Write it with its owner, like acme/website."))
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("removes_token"):
            data["access_token"] = self.instance.access_token = ""
        elif not data.get("access_token"):
            data["access_token"] = self.instance.access_token
            self._refuse_to_send_it_elsewhere(data)
        self._refuse_to_lock_out(data)
        return data

    def _refuse_to_send_it_elsewhere(self, data: dict[str, Any]) -> None:
        """Ask for the token again where it would go to another host: who may not see it may not divert it."""
        after = copy.copy(self.instance)
        for name in ("host", "full_name", "url"):
            setattr(after, name, data.get(name, getattr(after, name)))
        if not after.access_token:
            return
        if leads_elsewhere(operations.url_of(self.instance), operations.url_of(after)):
            text = _("The address leads to another host now: write this again, or remove it.")
            self.add_error("access_token", text)

    def _refuse_to_lock_out(self, data: dict[str, Any]) -> None:
        """Keep people who administer this repository from taking themselves out unawares."""
        people, teams = (data.get(name) for name in ADMINISTRATORS)
        if people is None or teams is None:
            return
        if operations.stays_manager(self.reader, self.instance, people, teams):
            return
        text = _("You would no longer administer this repository. Have another administrator take you out.")
        self.add_error("administrator_users", text)


class _List(OurList):
    """The list, with the services of each row and its last push: two queries for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        ids = [row.pk for row in rows]
        services = RepositoryService.objects.filter(repository__in=ids).order_by()
        states = Counter(services.values_list("repository_id", "is_enabled"))
        pushes = Push.objects.defer("facts").in_bulk([row.last_push_id for row in rows if row.last_push_id])
        for row in rows:
            row.on_count, row.off_count = states[row.pk, True], states[row.pk, False]
            row.last_push = pushes.get(row.last_push_id)
        self.result_list = rows


@admin.register(Repository)
class RepositoryAdmin(OfRepository, ConfigurationAdmin):
    column = "pk"
    form = RepositoryForm
    list_display = ["what", "services", "last", "administrators"]
    list_display_links = None
    list_filter = ["kind"]
    search_fields = ["full_name", "host"]
    search_help_text = gettext_lazy("Search by name or host")
    actions: Any = []
    add_label = gettext_lazy("Add repository")
    empty_title = gettext_lazy("No repository yet")
    empty_text = gettext_lazy(
        "A repository gets services that act on every push: they mail the commits, start a build, tell a"
        " chat room or open an alert. Add one here, or let its first push make it known: set up the sender"
        " of an inbound integration to tell of pushes too."
    )
    change_form_outer_before_template = "admin/brokers/repository.html"
    fieldsets = [
        (
            gettext_lazy("Which repository"),
            {
                "description": gettext_lazy(
                    "Pushes are told apart by the host and the full name of their repository."
                ),
                "fields": ("host", "full_name", "kind", "url"),
            },
        ),
        (
            gettext_lazy("Administrators"),
            {
                "description": gettext_lazy("They add, change and try its services, without any role."),
                "fields": ADMINISTRATORS,
            },
        ),
        (
            gettext_lazy("Access to the host"),
            {
                "description": gettext_lazy(
                    "Only services that read diffs or act on issues need it. It is never shown again, and"
                    " sent to the web address above alone."
                ),
                "fields": ("access_token", "removes_token"),
            },
        ),
    ]

    # Who may what

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) or self.may_manage(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Repository | None = None) -> Any:
        """Who only administers it does not make it another one."""
        if obj is None or request.user.has_perm("brokers.change_repository"):
            return []
        return ["host", "full_name"]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Who may not look people up chooses them from a plain list."""
        models = {name: self.opts.get_field(name).related_model for name in ADMINISTRATORS}
        admins = {name: self.admin_site.get_model_admin(model) for name, model in models.items()}
        return [name for name, page in admins.items() if page.has_view_permission(request)]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.reader = request.user
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Repository | None = None) -> Any:
        """Who may only look is told whether there is a token, and no more."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, options) for title, options in fieldsets if "access_token" not in options["fields"]]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.created_at = clock()
        super().save_model(request, obj, form, change)

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Repository]:
        # By the time: by the number, PostgreSQL would read all pushes backwards for a repository without any.
        newest = Push.objects.filter(repository=OuterRef("pk")).order_by("-received_at").values("pk")[:1]
        rows = super().get_queryset(request).annotate(last_push_id=Subquery(newest))
        return rows.prefetch_related(*ADMINISTRATORS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[_List]:
        return _List

    @admin.display(description=gettext_lazy("repository"), ordering="full_name")
    def what(self, row: Repository) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row), row.full_name, row.host),
        )

    @admin.display(description=gettext_lazy("services"))
    def services(self, row: Any) -> SafeString:
        if not (row.on_count or row.off_count):
            return format_html('<span class="ao-quiet">{}</span>', _("none yet"))
        said = ngettext("%(n)d on", "%(n)d on", row.on_count) % {"n": row.on_count}
        off = ngettext("%(n)d off", "%(n)d off", row.off_count) % {"n": row.off_count}
        quiet = format_html('<span class="ao-quiet">{}</span>', off) if row.off_count else ""
        return format_html('<span class="ao-about">{}{}</span>', said, quiet)

    @admin.display(description=gettext_lazy("last push"))
    def last(self, row: Any) -> SafeString:
        if row.last_push is None:
            return format_html('<span class="ao-quiet">{}</span>', _("none yet"))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row.last_push), str(row.last_push), when(row.last_push.received_at, clock())),
        )

    @admin.display(description=gettext_lazy("administrators"))
    def administrators(self, row: Repository) -> str:
        people = [*row.administrator_users.all(), *row.administrator_teams.all()]
        return ", ".join(map(str, people[:MOST_SHOWN])) + (" …" if len(people) > MOST_SHOWN else "") or "–"

    # One repository

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        above = self._above(request, row)
        return super().change_view(request, object_id, form_url, {"above": above, **(extra_context or {})})

    def _above(self, request: HttpRequest, row: Repository) -> dict[str, Any]:
        services = list(RepositoryService.objects.filter(repository=row).order_by("pk"))
        ids = RepositoryService.objects.filter(repository=row).annotate(last=newest_run())
        last = dict(ids.values_list("pk", "last"))
        runs = BrokerRun.objects.defer("transcript").in_bulk([pk for pk in last.values() if pk])
        return {
            "repository": row,
            "url": operations.url_of(row),
            "sentence": _sentence(services),
            "services": [_Listed(service, runs.get(last[service.pk])) for service in services],
            "brokers": operations.all_cards(),
            "pushes": pushes_to(row).defer("facts")[:MOST_SHOWN],
            "may_manage": self.may_manage(request, row),
        }

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            self.log_deletions(request, [row])
            remove_repository(row)
            messages.success(request, _("%(name)s is deleted.") % {"name": row})
            return HttpResponseRedirect(reverse("admin:brokers_repository_changelist"))
        return self.render(
            request,
            "admin/brokers/delete.html",
            title=_("Delete %(name)s") % {"name": row},
            original=row,
            lines=[
                _("Its services with their settings, and what they did."),
                _("Its pushes, and which commits are known: what is pushed again would be news once more."),
            ],
            back=page_of(row),
        )


class _Listed:
    """A service as its repository's page lists it."""

    def __init__(self, service: RepositoryService, last: BrokerRun | None) -> None:
        self.service, self.last = service, last
        self.badge, self.sentence = badges.service(service), badges.state_sentence(service)
        self.broker = operations.title_of(service.broker)
        self.url = page_of(service)
        self.last_sentence = badges.sentence(last) if last else ""
        self.last_url = page_of(last) if last else ""


def _sentence(services: list[RepositoryService]) -> str:
    """Say in one sentence how it stands with a repository."""
    on = [service for service in services if service.is_enabled]
    failing = [service for service in services if service.failure_count or service.disabled_at]
    if failing:
        names = ", ".join(service.title for service in failing[:MOST_SHOWN])
        return _("Something fails: %(names)s.") % {"names": names}
    if on:
        text = ngettext("%(n)d service acts on its pushes.", "%(n)d services act on its pushes.", len(on))
        return text % {"n": len(on)}
    if services:
        return _("All its services are switched off: a push does nothing.")
    return _("A push does nothing yet: it has no services.")
