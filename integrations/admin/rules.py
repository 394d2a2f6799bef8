"""The page of a mapping rule, reached from its integration alone."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from alertops.lib.admin import OwnedInline, may
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import page_of
from alertops.lib.forms import OrderedFormSet
from alertops.lib.wording import worded
from integrations import operations
from integrations.admin import workbench
from integrations.admin.rule_form import names_of, rule_form
from integrations.admin.story import pretty
from integrations.logic import mapping
from integrations.models import Filter, Integration, MappingRule


class FilterFormSet(OrderedFormSet):
    """Filters that cannot work are refused, each where it stands."""

    def clean(self) -> None:
        super().clean()
        rows = [
            form for form in self.forms if form.is_valid() and form.has_changed() | bool(form.instance.pk)
        ]
        rule = operations.rule_of(MappingRule(name="filters"), [form.instance for form in rows])
        for problem in mapping.problems(rule):
            if problem.field.startswith("filters."):
                _filters, index, column = problem.field.split(".")
                rows[int(index)].add_error(column, worded(problem.message))


class FilterInline(OwnedInline, TabularInline):
    model = Filter
    formset = FilterFormSet
    extra = 0
    fields = ["group", "path", "is_negated", "operator", "value", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    hide_title = True
    verbose_name_plural = _(
        "filters: the rule decides if all of the first set hold and, where there are some, any of the second"
    )

    def owner_of(self, request: HttpRequest, obj: MappingRule | None) -> Any:
        return obj or _named_integration(request)


# Which inputs stand together; `case_*` and `tag_*` are as many as the rule has.
FIELDSETS: list[tuple[Any, dict[str, Any]]] = [
    (None, {"fields": ["name", "is_enabled", "iterate_over"]}),
    (
        _("What it is about"),
        {
            "description": _(
                "A <em>path</em> reads the delivery, like <code>commit_status^state</code>; a"
                " <em>constant</em> is always the same; a <em>template</em> is a text with paths in"
                " angle brackets, like <code>&lt;repository^full_name&gt; is down</code>."
            ),
            "fields": ["field_source", "field_source_name", "field_source_id"],
        },
    ),
    (
        _("What opens, closes and updates"),
        {
            "description": _(
                "The lists are looked through in this order. A value in none of them does nothing."
            ),
            "fields": [
                "field_source_status",
                ("open_values", "open_match"),
                ("close_values", "close_match"),
                ("update_values", "update_match"),
            ],
        },
    ),
    (
        _("Severity"),
        {
            "description": _("The first row that fits decides. Critical and error are told loudly."),
            "fields": ["field_severity", "case_*"],
        },
    ),
    (
        _("Texts"),
        {
            "fields": [
                *("field_subject", "field_short_text", "field_long_text"),
                *("field_source_url", "field_runbook_url"),
            ]
        },
    ),
    (
        _("Time and people"),
        {
            "classes": ["collapse"],
            "fields": ["field_event_time", "field_assignee", "field_users", "field_teams"],
        },
    ),
    (
        _("Tags"),
        {
            "description": _("Shown on the alert, like branch = main."),
            "classes": ["collapse"],
            "fields": ["tag_*"],
        },
    ),
]


@admin.register(MappingRule)
class RuleAdmin(ConfigurationAdmin):
    inlines = [FilterInline]
    change_form_outer_before_template = "admin/integrations/rule_before.html"
    change_form_outer_after_template = "admin/integrations/rule_after.html"
    compressed_fields = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "integrations.add_mappingrule", _named_integration(request))

    def get_urls(self) -> list[URLPattern]:
        return [*workbench.urls(self), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Rules are listed in their integration, nowhere else."""
        return HttpResponseRedirect(reverse("admin:integrations_integration_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        rule = self.get_viewable(request, object_id)
        if self.has_change_permission(request, rule):
            return super().change_view(request, object_id, form_url, extra_context)
        template = "admin/integrations/rule_view.html"
        return self.render(
            request, template, title=rule.name, rule=rule, spec=operations.rule_of(rule, rule.filters.all())
        )

    def get_form(self, request: HttpRequest, obj: MappingRule | None = None, **kwargs: Any) -> Any:
        return rule_form(obj)

    def get_fieldsets(self, request: HttpRequest, obj: MappingRule | None = None) -> Any:
        inputs = rule_form(obj).base_fields
        return [
            (title, {**options, "fields": list(_expanded(options["fields"], inputs))})
            for title, options in FIELDSETS
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        rule = kwargs.get("obj")
        integration = rule.integration if rule else _integration_of(request)
        context |= {"integration": integration, "sample": pretty(integration.sample_body)}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: MappingRule, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.integration = _integration_of(request)
            obj.position = obj.integration.rules.count() + 1
        super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: MappingRule) -> HttpResponse:
        return HttpResponseRedirect(page_of(obj.integration))

    def response_post_save_change(self, request: HttpRequest, obj: MappingRule) -> HttpResponse:
        return HttpResponseRedirect(page_of(obj.integration))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:integrations_integration_changelist"))


def _expanded(names: Iterable[Any], inputs: Iterable[str]) -> Iterator[Any]:
    """Yield the names, and for `case_*` every input that begins so."""
    for name in names:
        if isinstance(name, str) and name.endswith("*"):
            yield from names_of(inputs, name.removesuffix("*"))
        else:
            yield name


def _integration_of(request: HttpRequest) -> Integration:
    """Return the integration that a new rule is for: named in the address."""
    found = _named_integration(request)
    if found is None:
        raise Http404(_("Add a rule from the page of its integration."))
    return found


def _named_integration(request: HttpRequest) -> Integration | None:
    number = request.GET.get("integration", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    return Integration.objects.filter(pk=int(number)).first() if is_number else None
