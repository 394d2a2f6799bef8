"""The form of a repository service, made of the fields that its broker declares."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib.wording import worded
from brokers import operations
from brokers.base import BaseBroker, Field, FieldError
from brokers.logic.branches import BranchFilter, InvalidFilter
from brokers.logic.fields import leads_elsewhere
from brokers.models import Repository, RepositoryService

# What begins the name of an input, so that no broker's field is taken for one of ours.
SETTING, REMOVE = "setting_", "remove_"


class ServiceForm(forms.Form):
    """Title and branches, then the broker's own fields. What is secret goes in and never comes out."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=100,
        help_text=gettext_lazy("It stands in lists and mails, and tells it from others of the same broker."),
        widget=UnfoldAdminTextInputWidget,
    )
    branch_filter = forms.CharField(
        label=gettext_lazy("Branches"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Like main, release/*, !release/old. Empty: all branches."),
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
    )

    def __init__(
        self,
        *args: Any,
        broker: type[BaseBroker],
        repository: Repository,
        service: RepositoryService | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.broker, self.repository, self.service = broker, repository, service
        self.kept = operations.secrets_of(service) if service else {}
        values = operations.settings_of(service) if service else {}
        self.fields["title"].initial = (
            service.title if service else operations.free_title(repository, _(broker.title))
        )
        self.fields["branch_filter"].initial = service.branch_filter if service else ""
        for declared in broker.fields:
            self._add(declared, values.get(declared.name, declared.default))

    def _add(self, declared: Field, value: Any) -> None:
        name = SETTING + declared.name
        self.fields[name] = field = _INPUTS.get(declared.kind, _line)(declared)
        field.label = _(declared.label or declared.name)
        field.required = declared.required and declared.name not in self.kept
        field.help_text = _(declared.help) if declared.help else ""
        if not declared.is_secret:
            field.initial = "\n".join(value) if isinstance(value, list | tuple) else value
            return
        if declared.name in self.kept:
            kept = _("It is set. Leave this empty to keep it.")
            field.help_text = f"{field.help_text} {kept}".strip()
            if not declared.required:
                self.fields[REMOVE + declared.name] = forms.BooleanField(
                    label=_("Remove: %(label)s") % {"label": field.label},
                    required=False,
                    widget=UnfoldBooleanSwitchWidget,
                )

    def clean_branch_filter(self) -> str:
        try:
            return BranchFilter.parse(self.cleaned_data["branch_filter"]).text
        except InvalidFilter as error:
            raise forms.ValidationError(worded(str(error))) from None

    def clean_title(self) -> str:
        title = " ".join(str(self.cleaned_data["title"]).split())
        leaves = self.service.pk if self.service else 0
        others = RepositoryService.objects.filter(repository=self.repository, title=title).exclude(pk=leaves)
        if others.exists():
            raise forms.ValidationError(_("Another service of this repository has this title."))
        return title

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.settings: dict[str, Any] = {}
        for declared in self.broker.fields:
            if SETTING + declared.name in self.errors:
                continue
            try:
                self.settings[declared.name] = declared.clean(self._given(declared, data))
            except FieldError as error:
                self.add_error(SETTING + declared.name, worded(str(error)))
        if self.service and not self.errors:
            self._refuse_to_send_secrets_elsewhere(self.service, data)
        return data

    def _refuse_to_send_secrets_elsewhere(self, service: RepositoryService, data: dict[str, Any]) -> None:
        """Ask again for what is kept where an address leads elsewhere: who may not see it must not get it."""
        old = operations.settings_of(service)
        addresses = [one.name for one in self.broker.fields if one.kind == "url"]
        if not any(leads_elsewhere(old[name], self.settings[name]) for name in addresses):
            return
        for name in self.kept.keys() - set(addresses):
            if self.settings.get(name) and not data.get(SETTING + name):
                text = _("The address leads to another host now: write this again, or remove it.")
                self.add_error(SETTING + name, text)

    def _given(self, declared: Field, data: dict[str, Any]) -> Any:
        """Return what was written; of a secret that was left empty, what is kept."""
        value = data.get(SETTING + declared.name)
        if not declared.is_secret or value or data.get(REMOVE + declared.name):
            return value
        return self.kept.get(declared.name, value)

    def save_to(self, service: RepositoryService) -> None:
        """Write what was entered onto a service, not yet saved."""
        service.title = self.cleaned_data["title"]
        service.branch_filter = self.cleaned_data["branch_filter"]
        operations.put_settings(service, self.settings)

    @property
    def changed_labels(self) -> list[str]:
        """What was changed, as histories keep it: in English."""
        declared = {
            prefix + one.name: one.label or one.name
            for one in self.broker.fields
            for prefix in (SETTING, REMOVE)
        }
        with translation.override(None):
            labels = [declared.get(name) or str(self.fields[name].label) for name in self.changed_data]
        return list(dict.fromkeys(labels))

    @property
    def ours(self) -> Iterator[Any]:
        """The inputs that every service has."""
        return (self[name] for name in self.fields if not name.startswith((SETTING, REMOVE)))

    @property
    def of_broker(self) -> list[Any]:
        """The inputs of the broker, each secret's removal behind it."""
        names: list[str] = []
        for declared in self.broker.fields:
            names += [SETTING + declared.name, REMOVE + declared.name]
        return [self[name] for name in names if name in self.fields]


def _line(declared: Field) -> forms.Field:
    if declared.is_secret:
        attributes = {"autocomplete": "new-password", "spellcheck": "false"}
        return forms.CharField(strip=False, widget=UnfoldAdminPasswordWidget(attrs=attributes))
    return forms.CharField(strip=False, widget=UnfoldAdminTextInputWidget)


def _address(declared: Field) -> forms.Field:
    if declared.is_secret:
        return _line(declared)
    attributes = {"inputmode": "url", "spellcheck": "false", "placeholder": "https://"}
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs=attributes))


def _lines(_declared: Field) -> forms.Field:
    return forms.CharField(strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))


def _addresses(_declared: Field) -> forms.Field:
    attributes = {"rows": 3, "spellcheck": "false", "inputmode": "email"}
    return forms.CharField(widget=UnfoldAdminTextareaWidget(attrs=attributes))


def _switch(_declared: Field) -> forms.Field:
    return forms.BooleanField(widget=UnfoldBooleanSwitchWidget)


def _choice(declared: Any) -> forms.Field:
    choices = [(value, _(label)) for value, label in declared.choices]
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget)


_INPUTS: dict[str, Callable[[Field], forms.Field]] = {
    "text": _lines,
    "boolean": _switch,
    "choice": _choice,
    "email_list": _addresses,
    "url": _address,
}
