"""Form fields that people can write in: lengths of time in words, lists one per line, rows in an order."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from alertops.lib import durations


class DurationField(forms.Field):
    """A length of time, written as "5 minutes" or "1 hour 30 minutes"."""

    widget = UnfoldAdminTextInputWidget
    default_error_messages = {
        "invalid": _("Write a length of time with its unit, like 5 minutes, 1 hour 30 minutes or 2 days."),
    }

    def prepare_value(self, value: Any) -> Any:
        return durations.spell(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        if value in self.empty_values:
            return None
        if isinstance(value, timedelta):
            return value
        try:
            return durations.read(str(value))
        except durations.UnreadableDuration as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class LinesField(forms.Field):
    """A list of texts, one on each line; empty lines are left out."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class OrderedFormSet(PaginationInlineFormSet):
    """Rows in an order that people choose by dragging: numbered from 1 as they stand when saved.

    New rows come last unless they were moved: they bring the number 0.
    """

    ordering_field = "position"

    def save(self, commit: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 (Django's signature)
        saved = super().save(commit=commit)
        if commit:
            for number, row in enumerate(self._in_order(), start=1):
                if getattr(row, self.ordering_field) != number:
                    setattr(row, self.ordering_field, number)
                    row.save(update_fields=[self.ordering_field])
        return saved

    def _in_order(self) -> list[Any]:
        deleted, new = {id(form) for form in self.deleted_forms}, set(map(id, self.new_objects))
        rows = [form.instance for form in self.forms if form.instance.pk and id(form) not in deleted]

        def place(row: Any) -> tuple[bool, int]:
            number = getattr(row, self.ordering_field)
            return id(row) in new and not number, number

        return sorted(rows, key=place)
