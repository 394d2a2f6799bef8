"""The pages of people and teams."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from alertops.lib.admin import choice_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, page_of, what, when
from alertops.lib.forms import OrderedFormSet
from alerts import rights
from alerts.admin import accounts, own
from alerts.admin.own import LanguageField, ZoneField
from alerts.models import Invitation, Team, TeamMembership, User
from alerts.operations import leaving

LOGIN: Any = (None, {"fields": ("username", "password_state")})
PERSON: Any = (
    _("Person"),
    {
        "description": _("The e-mail address is where this person is told of alerts."),
        "fields": ("first_name", "last_name", "email", "language", "time_zone"),
    },
)
RIGHTS: Any = (
    _("Rights"),
    {
        "description": _(
            "Roles say what a person may see and do. They have nothing to do with who is told: that is what"
            " teams and escalation policies are for."
        ),
        "fields": ("is_staff", "is_superuser", "groups"),
    },
)
WORDS = {
    "username": (_("Log-in name"), _("Letters, digits and @ . + - _")),
    "email": (_("E-mail address"), ""),
    "is_staff": (_("May log in"), _("Off: is told of alerts, and answers by the links in mails alone.")),
    "is_superuser": (_("Superuser"), _("May do everything, whatever the roles say.")),
}
DATES: Any = (_("Dates"), {"fields": ("seen", "joined")})


@admin.register(User)
class UserAdmin(BaseUserAdmin, ConfigurationAdmin):  # type: ignore[misc]
    form = UserChangeForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["person", "state", "role_names", "team_names", "seen"]
    list_display_links = None
    list_filter = [
        choice_filter(
            _("account"),
            "account",
            [
                ("active", _("Active"), lambda rows, _request: rows.filter(is_active=True)),
                (
                    "invited",
                    _("Invited"),
                    lambda rows, _request: rows.filter(
                        is_active=True, invitation__in=Invitation.objects.unanswered()
                    ),
                ),
                ("inactive", _("Deactivated"), lambda rows, _request: rows.filter(is_active=False)),
            ],
        ),
        "groups",
        "teams",
    ]
    list_before_template = "admin/chips.html"
    chips = "account"
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = _("Search by name or e-mail address")
    fieldsets = [LOGIN, PERSON, RIGHTS, DATES]
    readonly_fields = ["password_state", "seen", "joined"]
    filter_horizontal = []
    change_form_outer_before_template = "admin/alerts/person.html"
    add_label = _("Invite a person")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("invitation").prefetch_related("groups", "teams")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        is_choice = request.path == reverse("admin:autocomplete")
        return found.filter(is_active=True) if is_choice else found, has_duplicates

    # Who may what

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        beyond = [] if request.user.is_superuser else ["is_superuser"]
        return [*self.readonly_fields, *beyond]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only who is deactivated, and no longer named anywhere, can be deleted: nobody else would notice."""
        if not super().has_delete_permission(request, obj) or not self._is_within_reach(request, obj):
            return False
        return obj is None or not (obj.is_active or leaving.is_named_anywhere(obj))

    @staticmethod
    def _is_within_reach(request: HttpRequest, user: User | None) -> bool:
        return user is None or rights.may_manage(request.user, user)  # type: ignore[arg-type]

    # One person

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(partial(view, self))

        return [
            path("me/", door(own.me), name="alerts_user_me"),
            path("<int:number>/invite/", door(accounts.invite_again), name="alerts_user_invite"),
            path("<int:number>/revoke/", door(accounts.revoke), name="alerts_user_revoke"),
            path("<int:number>/deactivate/", door(accounts.deactivate), name="alerts_user_deactivate"),
            path("<int:number>/activate/", door(accounts.activate), name="alerts_user_activate"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return accounts.invite(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        state = accounts.standing(row, clock(), may_change=self.has_change_permission(request, row))
        return super().change_view(request, object_id, form_url, {"standing": state, **(extra_context or {})})

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(
            db_field,
            request,
            **kwargs,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            queryset=rights.grantable_groups(request.user, db_field.related_model.objects.all()),  # type: ignore[arg-type]
        )
        field.label, field.help_text = _("Roles"), _("Only roles that give no more than you have yourself.")
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            return ZoneField()
        if db_field.name == "language":
            return LanguageField()
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in WORDS:
            field.label, field.help_text = WORDS[db_field.name]
        if db_field.name == "groups":
            field.widget.can_add_related = False
        return field

    @admin.display(description=_("password"))
    def password_state(self, user: User) -> SafeString:
        state = _("set") if user.has_usable_password() else _("none: cannot log in with a password")
        return format_html('{} · <a class="ao-link" href="../password/">{}</a>', state, _("change it"))

    # The list

    @admin.display(description=_("person"), ordering="username")
    def person(self, user: User) -> SafeString:
        where = " · ".join(filter(None, (user.username, user.email or str(_("no e-mail address")))))
        return what(page_of(user), user, where)

    @admin.display(description=_("account"), ordering="is_active")
    def state(self, user: User) -> SafeString:
        return accounts.standing(user, clock()).badge

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        if user.is_superuser:
            return str(_("superuser: everything"))
        return ", ".join(sorted(group.name for group in user.groups.all())) or "–"

    @admin.display(description=_("teams"))
    def team_names(self, user: User) -> str:
        return ", ".join(team.name for team in user.teams.all()) or "–"

    @admin.display(description=_("last log-in"), ordering="last_login")
    def seen(self, user: User) -> str:
        return when(user.last_login, clock()) or str(_("never"))

    @admin.display(description=_("account made"))
    def joined(self, user: User) -> str:
        return when(user.date_joined, clock())


class MembershipInline(TabularInline):
    model = TeamMembership
    formset = OrderedFormSet
    verbose_name_plural = _("members, in the order in which they are told")
    extra = 0
    autocomplete_fields = ["user"]
    fields = ["user", "role", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    hide_title = True


@admin.register(Team)
class TeamAdmin(ConfigurationAdmin):
    list_display = ["team", "member_count"]
    list_display_links = None
    search_fields = ["name"]
    search_help_text = _("Search by name")
    inlines = [MembershipInline]
    fieldsets = [
        (
            None,
            {
                "description": _(
                    "People who are told together. An escalation policy tells them all at once, or one by"
                    " one in the order below. Its escalation managers may change the policies and"
                    " integrations that it owns. While it owns one, or one tells it, it cannot be deleted."
                ),
                "fields": ("name", "description"),
            },
        )
    ]
    add_label = _("Add team")
    empty_title = _("No team yet")
    empty_text = _("A team is told as a whole, or one by one in its order. A policy names it once.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(members_found=Count("memberships"))

    def has_change_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or not (leaving.is_told_anywhere(obj) or rights.owns_anything(obj))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        silent = leaving.silent_places_of(form.instance)
        if silent:
            names = ", ".join(dict.fromkeys(map(leaving.name_of, silent)))
            said = _(
                "Nobody is told any more by %(names)s: put somebody into the team, or choose others there."
            )
            messages.warning(request, said % {"names": names})

    @staticmethod
    def _is_within_reach(request: HttpRequest, team: Team | None) -> bool:
        return team is None or rights.may_man(request.user, team)  # type: ignore[arg-type]

    @admin.display(description=_("team"), ordering="name")
    def team(self, team: Team) -> SafeString:
        return what(page_of(team), team.name, team.description)

    @admin.display(description=_("members"), ordering="members_found")
    def member_count(self, team: Team) -> int:
        return team.members_found  # type: ignore[attr-defined]
