"""The pages of people and teams."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from alertops.lib.admin import ModelAdmin, choice_filter
from alertops.lib.display import clock, when
from alertops.lib.forms import OrderedFormSet
from alerts import rights
from alerts.models import Team, TeamMembership, User

LOGIN: Any = (None, {"fields": ("username", "password_state")})
PERSON: Any = (
    _("Person"),
    {
        "description": _("The e-mail address is where this person is told of alerts."),
        "fields": ("first_name", "last_name", "email", "time_zone"),
    },
)
RIGHTS: Any = (
    _("Rights"),
    {
        "description": _(
            "Roles say what a person may see and do. They have nothing to do with who is told: that is what"
            " teams and escalation policies are for."
        ),
        "fields": ("is_active", "is_staff", "is_superuser", "groups"),
    },
)
WORDS = {
    "is_active": (_("Active"), _("Off: cannot log in and is not told of anything. Better than deleting.")),
    "is_staff": (_("May log in"), _("Off: is told of alerts, and answers by the links in mails alone.")),
    "is_superuser": (_("Superuser"), _("May do everything, whatever the roles say.")),
}
DATES: Any = (_("Dates"), {"fields": ("last_login", "date_joined")})


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["person", "email", "role_names", "is_active", "seen"]
    list_filter = [
        "groups",
        choice_filter(
            _("account"),
            "account",
            [
                ("active", _("active"), lambda rows, _request: rows.filter(is_active=True)),
                ("inactive", _("inactive"), lambda rows, _request: rows.filter(is_active=False)),
            ],
        ),
    ]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = _("Search by name or e-mail address")
    fieldsets = [LOGIN, PERSON, RIGHTS, DATES]
    add_fieldsets = [
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        PERSON,
        (RIGHTS[0], {**RIGHTS[1], "fields": ("is_staff", "groups")}),
    ]
    readonly_fields = ["password_state", "last_login", "date_joined"]
    filter_horizontal = []
    add_label = _("Add user")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        is_choice = request.path == reverse("admin:autocomplete")
        return found.filter(is_active=True) if is_choice else found, has_duplicates

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        beyond = [] if request.user.is_superuser else ["is_superuser"]
        return [*self.readonly_fields, *beyond]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_within_reach(request, obj)

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

    @admin.display(description=_("person"), ordering="username")
    def person(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        if user.is_superuser:
            return str(_("superuser: everything"))
        return ", ".join(sorted(group.name for group in user.groups.all()))

    @admin.display(description=_("last log-in"), ordering="last_login")
    def seen(self, user: User) -> str:
        return when(user.last_login, clock())

    @staticmethod
    def _is_within_reach(request: HttpRequest, user: User | None) -> bool:
        return user is None or rights.may_manage(request.user, user)  # type: ignore[arg-type]


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
class TeamAdmin(ModelAdmin):
    list_display = ["name", "description", "member_count"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    inlines = [MembershipInline]
    fieldsets = [
        (
            None,
            {
                "description": _(
                    "People who are told together. An escalation policy tells them all at once, or one by"
                    " one in the order below."
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

    @admin.display(description=_("members"), ordering="members_found")
    def member_count(self, team: Team) -> int:
        return team.members_found  # type: ignore[attr-defined]
