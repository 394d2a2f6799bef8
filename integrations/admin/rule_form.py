"""The form of a mapping rule: each field of an event with where its value comes from."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    SELECT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib.forms import LinesField
from alertops.lib.wording import worded
from alerts.models.alert import SEVERITY_CHOICES
from integrations import operations
from integrations.logic import mapping
from integrations.models import MATCH_CHOICES, MappingRule

SPARE_ROWS = 3
KIND_CHOICES = [
    ("", _("not set")),
    (mapping.FieldKind.PATH.value, _("path")),
    (mapping.FieldKind.CONSTANT.value, _("constant")),
    (mapping.FieldKind.TEMPLATE.value, _("template")),
]
ACTIONS = [
    ("open", _("Opens"), _("when the status")),
    ("close", _("Closes"), _("when the status")),
    ("update", _("Updates"), _("when the status")),
]
LINES = {"short_text": 2, "long_text": 5}
HELP: dict[str, Any] = {
    "source": _("The system that sends, as a constant, like Bitbucket."),
    "source_name": _("What the problem is about, like a repository or a host. Needed."),
    "source_id": _("Which problem of it. Deliveries with the same Source, Name and Id are one alert."),
    "source_status": _("Its value is looked for in the three lists below."),
    "severity": _("Its value is looked for in the table below. Left out, or not listed: error."),
    "event_time": _(
        "When it happened, by the sender's clock. What is older than the last decision is ignored."
    ),
    "subject": _("The headline of the alert and of the mail. Left out: made of the source and its status."),
    "users": _("User names or e-mail addresses at the sender, told beside the recipients."),
    "teams": _("Names of teams, told beside the recipients."),
}


class PartsWidget(forms.MultiWidget):
    """Some inputs in one line."""

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [""] * len(self.widgets)


class PartsField(forms.MultiValueField):
    """Some texts that belong together, as a tuple."""

    def compress(self, data_list: list[Any]) -> tuple[str, ...]:
        parts = data_list or [""] * len(self.fields)
        return tuple(str(part or "").replace("\r\n", "\n").strip() for part in parts)


def _parts(label: Any, *inputs: tuple[Any, str], help_text: Any = "", lines: int = 1) -> PartsField:
    """Make a field of some inputs.

    inputs: (choices, css class) for a choice, ("", css class) for a text.  lines: of the texts; what has
    several may not be put into an input of one line, which would lose the line ends.
    """
    widgets: list[forms.Widget] = []
    fields: list[forms.Field] = []
    for choices, css in inputs:
        if choices:
            classes = {"class": " ".join([*SELECT_CLASSES, css])}
            widgets.append(forms.Select(attrs=classes, choices=choices))
            fields.append(forms.ChoiceField(choices=choices, required=False))
        else:
            attrs = {"class": " ".join([*INPUT_CLASSES, css])}
            widgets.append(forms.Textarea({**attrs, "rows": lines}) if lines > 1 else forms.TextInput(attrs))
            fields.append(forms.CharField(required=False, max_length=mapping.MAX_TEXT))
    return PartsField(
        label=label,
        fields=fields,
        widget=PartsWidget(widgets),
        required=False,
        require_all_fields=False,
        help_text=help_text,
    )


_COLUMNS = ["name", "is_enabled", "iterate_over"]


class RuleForm(forms.ModelForm):
    """A rule. Its fields, tags and severities are added by `rule_form`, for they depend on the row."""

    name = forms.CharField(label=_("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    is_enabled = forms.BooleanField(
        label=_("Enabled"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget
    )
    iterate_over = forms.CharField(
        label=_("For each element of"),
        required=False,
        max_length=500,
        help_text=MappingRule._meta.get_field("iterate_over").help_text,
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = MappingRule
        fields = _COLUMNS

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._refuse_half_rows(data)
        columns = {name: data.get(name, "") for name in _COLUMNS} | self._columns(data)
        for name, value in columns.items():
            setattr(self.instance, name, value)
        as_sent = dict(data)  # what is refused leaves `data`
        for problem in mapping.problems(operations.rule_of(MappingRule(**columns), ())):
            place = self._input_of(problem.field, as_sent)
            if place not in self.errors:
                self.add_error(place, worded(problem.message))
        return data

    def _refuse_half_rows(self, data: dict[str, Any]) -> None:
        """What has a value but no kind would be lost."""
        seen: set[str] = set()
        for name, parts in list(data.items()):
            if name.startswith(("field_", "tag_")) and parts and parts[-1] and not parts[-2]:
                self.add_error(name, _("Choose whether this is a path, a constant or a template."))
            if name.startswith("tag_") and parts and parts[0]:
                if parts[0] in seen:
                    self.add_error(name, _("Another tag has this name."))
                seen.add(parts[0])

    def _columns(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the rule's JSON columns as the form has them."""
        columns: dict[str, Any] = {
            "fields": {**_specs(data), **_tags(data)},
            "severity_cases": [
                {"match": match, "value": value, "severity": severity}
                for match, value, severity in _rows(data, "case")
                if value or severity
            ],
        }
        for action in ("open", "close", "update"):
            columns[f"{action}_match"] = data.get(f"{action}_match", mapping.Match.EQUALS)
            columns[f"{action}_values"] = data.get(f"{action}_values", [])
        return columns

    def _input_of(self, place: str, data: dict[str, Any]) -> str | None:
        """Return the input where a problem is shown; None is the top of the form."""
        kind, _dot, rest = place.partition(".")
        if kind == "fields" and rest.startswith(mapping.TAG):
            tags = names_of(self.fields, "tag_")
            return next(
                (tag for tag in tags if data.get(tag, ("",))[0] == rest.removeprefix(mapping.TAG)), None
            )
        if kind == "severity_cases" and rest:
            filled = [name for name in names_of(self.fields, "case_") if any(data.get(name, ("", ""))[1:])]
            return filled[int(rest.partition(".")[0])]
        name = f"field_{rest}" if kind == "fields" else place
        return name if name in self.fields else None


def rule_form(rule: MappingRule | None) -> type[RuleForm]:
    """Make the form class of a rule, with as many rows for tags and severities as it needs and some more."""
    row = rule or MappingRule()
    inputs = {
        **dict(_field_inputs(row)),
        **dict(_status_inputs(row)),
        **dict(_case_inputs(row)),
        **dict(_tag_inputs(row)),
    }
    return type("RuleForm", (RuleForm,), inputs)


def _field_inputs(rule: MappingRule) -> Iterator[tuple[str, forms.Field]]:
    for name, label in mapping.FIELDS.items():
        spec = rule.fields.get(name)
        kind, value = (
            (spec.get("kind", ""), str(spec.get("value", ""))) if isinstance(spec, dict) else ("", "")
        )
        inputs = ((KIND_CHOICES, "ao-kind"), ("", "ao-value"))
        lines = max(LINES.get(name, 1), value.count("\n") + 1)
        field = _parts(_(label), *inputs, help_text=HELP.get(name, ""), lines=min(lines, 12))
        field.initial = (kind, value)
        yield f"field_{name}", field


def _status_inputs(rule: MappingRule) -> Iterator[tuple[str, forms.Field]]:
    for action, label, match_label in ACTIONS:
        yield (
            f"{action}_match",
            forms.ChoiceField(
                label=match_label,
                choices=MATCH_CHOICES,
                initial=getattr(rule, f"{action}_match"),
                widget=UnfoldAdminSelectWidget,
            ),
        )
        yield (
            f"{action}_values",
            LinesField(
                label=label,
                required=False,
                initial=getattr(rule, f"{action}_values"),
                help_text=_("One value on each line."),
            ),
        )


def _case_inputs(rule: MappingRule) -> Iterator[tuple[str, forms.Field]]:
    severities = [("", _("is …")), *SEVERITY_CHOICES]
    for number, case in enumerate([*rule.severity_cases, *[{}] * SPARE_ROWS]):
        label = _("If the value") if number == 0 else _("or else")
        field = _parts(label, (MATCH_CHOICES, "ao-match"), ("", "ao-value"), (severities, "ao-kind"))
        field.initial = (
            (case.get("match", ""), case.get("value", ""), case.get("severity", "")) if case else None
        )
        yield f"case_{number}", field


def _tag_inputs(rule: MappingRule) -> Iterator[tuple[str, forms.Field]]:
    tags = [(name, spec) for name, spec in rule.fields.items() if name.startswith(mapping.TAG)]
    for number, (name, spec) in enumerate([*tags, *[("", {})] * SPARE_ROWS]):
        field = _parts(_("Tag"), ("", "ao-name"), (KIND_CHOICES, "ao-kind"), ("", "ao-value"))
        field.initial = (
            (name.removeprefix(mapping.TAG), spec.get("kind", ""), spec.get("value", "")) if name else None
        )
        yield f"tag_{number}", field


def names_of(form: Iterable[str], prefix: str) -> list[str]:
    """Return the inputs of a form that begin with a prefix, in order."""
    return [name for name in form if name.startswith(prefix)]


def _specs(data: dict[str, Any]) -> dict[str, dict[str, str]]:
    found = {name: data.get(f"field_{name}") or ("", "") for name in mapping.FIELDS}
    return {name: {"kind": kind, "value": value} for name, (kind, value) in found.items() if kind}


def _tags(data: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        mapping.TAG + name: {"kind": kind, "value": value}
        for name, kind, value in _rows(data, "tag")
        if name or value
    }


def _rows(data: dict[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, value in data.items():
        if name.startswith(f"{prefix}_") and value:
            yield value
