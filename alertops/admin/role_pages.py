"""The pages of roles: what each permits, in words and by area, and which roles a person may change."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from alertops import roles
from alertops.admin.role_words import AREAS, OURS, Right
from alertops.lib.admin import ModelAdmin
from alertops.lib.display import page_of, what
from alerts import rights
from alerts.models import User

if admin.site.is_registered(Group):
    admin.site.unregister(Group)


class RoleForm(forms.ModelForm):
    """A role: its name, and a box for each right. What stands behind no box stays as it is."""

    actor: User
    rights = forms.MultipleChoiceField(
        label=_("Its people may"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Group
        fields = ["name"]
        widgets = {"name": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: Any = self.fields["rights"]
        own = self.actor.get_all_permissions()
        found = ((area, [(one.key, one.words) for one in given if one.codes <= own]) for area, given in AREAS)
        offered.choices = [(area, choices) for area, choices in found if choices]
        held = _codes(self.instance)
        self.initial["rights"] = [one.key for _area, given in AREAS for one in given if one.codes <= held]

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]
        everything = [one for _area, given in AREAS for one in given]
        beyond = _codes(self.instance) - {code for one in everything for code in one.codes}
        chosen = {code for one in everything if one.key in self.cleaned_data["rights"] for code in one.codes}
        rows = Permission.objects.values_list("pk", "content_type__app_label", "codename")
        wanted = beyond | chosen
        self.instance.permissions.set([pk for pk, app, code in rows if f"{app}.{code}" in wanted])


@admin.register(Group)
class RoleAdmin(ModelAdmin):
    """Django's groups: they say what people may do, never who is told."""

    form = RoleForm
    fieldsets = [
        (
            None,
            {
                "description": _(
                    "A role says what its people may see and do. Viewer, Responder, Integrations admin and"
                    " Admin belong to alertops and are the same everywhere: for another combination of"
                    " rights, add a role of your own."
                ),
                "fields": ("name", "rights"),
            },
        )
    ]
    list_display = ["role", "people"]
    list_display_links = None
    search_fields = ["name"]
    search_help_text = _("Search by name")
    ordering = ["name"]
    heading = _("Roles")
    add_label = _("Add role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        found = super().get_queryset(request).annotate(people_found=Count("user"))
        return found.prefetch_related("permissions__content_type")

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, *args, **kwargs)
        form.actor = request.user
        return form

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within_reach(request, obj)

    @admin.display(description=_("role"), ordering="name")
    def role(self, group: Group) -> SafeString:
        said = OURS.get(group.name) or ", ".join(str(area) for area, _given in _given_by(group))
        return what(page_of(group), group.name, said or _("permits nothing"))

    @admin.display(description=_("people"), ordering="people_found")
    def people(self, group: Group) -> int:
        return group.people_found  # type: ignore[attr-defined]

    @admin.display(description=_("Its people may"))
    def rights(self, group: Group) -> SafeString | str:
        """Return what a role permits, for who may not change it."""
        areas = (
            (area, format_html_join("", "<li>{}</li>", ((one.words,) for one in given)))
            for area, given in _given_by(group)
        )
        listed = format_html_join("", "<h3>{}</h3><ul>{}</ul>", areas)
        return format_html('<div class="ao-rights">{}</div>', listed) if listed else ""


def _given_by(group: Group) -> Iterator[tuple[Any, list[Right]]]:
    """Yield each area in which a role permits something, with what."""
    held = _codes(group)
    for area, offered in AREAS:
        given = [one for one in offered if one.codes <= held]
        if given:
            yield area, given


def _codes(group: Group) -> set[str]:
    """Return a role's permissions as Django writes them: "alerts.view_alert"."""
    if group.pk is None:
        return set()
    return {f"{row.content_type.app_label}.{row.codename}" for row in group.permissions.all()}


def _is_within_reach(request: HttpRequest, group: Group | None) -> bool:
    """Tell whether a role is no part of the product, and gives nothing that the actor has not."""
    if group is None:
        return True
    one = rights.grantable_groups(request.user, Group.objects.filter(pk=group.pk))  # type: ignore[arg-type]
    return group.name not in roles.ROLES and one.exists()
