"""The fields by which people choose people: all who are active, found by typing."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple

from alerts.models import Alert, User


def one_person(label: Any, **options: Any) -> forms.ModelChoiceField:
    """Return a field for one person."""
    widget = AutocompleteSelect(Alert._meta.get_field("owner"), admin.site)
    return forms.ModelChoiceField(User.objects.filter(is_active=True), label=label, widget=widget, **options)


def several_people(label: Any, **options: Any) -> forms.ModelMultipleChoiceField:
    """Return a field for as many people as one likes."""
    people = User.objects.filter(is_active=True)
    widget = AutocompleteSelectMultiple(Alert._meta.get_field("named_users"), admin.site)
    return forms.ModelMultipleChoiceField(people, label=label, widget=widget, **options)
