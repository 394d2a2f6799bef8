"""A person's own page: the alerts they have, where they are told, and their settings."""

import zoneinfo
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from alertops.lib.display import clock, exact, list_of
from alertops.lib.languages import languages, speaking
from alerts import badges
from alerts.models import Alert, EscalationPolicy, User

MOST_ALERTS = 20


def zones() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield all time zones by continent, as the choices of a drop-down."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(zoneinfo.available_timezones()):
        region, _slash, _rest = zone.rpartition("/")
        regions.setdefault(region.partition("/")[0], []).append((zone, zone.replace("_", " ")))
    others = regions.pop("", [])
    yield from regions.items()
    yield _("Others"), others


class ZoneField(forms.ChoiceField):
    """A time zone, chosen from all there are."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, **options: Any) -> None:
        options = {"label": gettext_lazy("Time zone"), "choices": lambda: list(zones()), **options}
        options.setdefault(
            "help_text", gettext_lazy("Times are shown and written to this person in this zone.")
        )
        super().__init__(**options)


class LanguageField(forms.ChoiceField):
    """A language of those there are, or none of one's own."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, **options: Any) -> None:
        options = {"label": gettext_lazy("Language"), "choices": self._all, "required": False, **options}
        options.setdefault("help_text", gettext_lazy("Of the pages and mails for this person."))
        super().__init__(**options)

    @staticmethod
    def _all() -> list[tuple[str, Any]]:
        return [("", _("as the browser asks")), *languages()]


class OwnForm(forms.ModelForm):
    """A person's own settings. Who changes the address shows to be the person: passwords are mailed there."""

    time_zone = ZoneField(help_text=gettext_lazy("All times here and in your mails are in this zone."))
    language = LanguageField(help_text=gettext_lazy("Of all pages here and of your mails."))
    current_password = forms.CharField(
        label=gettext_lazy("Your password, to change the address"),
        required=False,
        strip=False,
        help_text=gettext_lazy("Only needed for a new address: new passwords are mailed there."),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "language", "time_zone"]
        labels = {"email": gettext_lazy("E-mail address")}
        help_texts = {"email": gettext_lazy("You are told of alerts there.")}
        widgets = {
            "first_name": UnfoldAdminTextInputWidget,
            "last_name": UnfoldAdminTextInputWidget,
            "email": UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not email and self.initial["email"]:
            raise forms.ValidationError(_("Without an address nobody could tell you anything."))
        if email and User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Somebody else has this address."))
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_new = "email" in data and data["email"] != self.initial["email"]
        if is_new and not self.instance.check_password(data.get("current_password") or ""):
            self.add_error("current_password", _("Write your password: the address is new."))
        return data


def me(page: Any, request: HttpRequest) -> HttpResponse:
    """Show a person their own page; the settings are saved from it."""
    person = User.objects.get(pk=cast(User, request.user).pk)
    form = OwnForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_valid():
        form.save()
        with speaking(person.language or request.LANGUAGE_CODE):
            messages.success(request, _("Your settings are saved."))
        return HttpResponseRedirect(reverse("admin:alerts_user_me"))
    person.refresh_from_db()
    return page.render(request, "admin/alerts/me.html", title=_("My page"), form=form, **_contents(person))


def _contents(person: User) -> dict[str, Any]:
    """Return what the page tells: a fixed number of queries."""
    mine = Alert.objects.not_closed().filter(owner=person).select_related("integration").order_by("-id")
    rows = list(mine[: MOST_ALERTS + 1])
    teams = list(person.teams.order_by("name"))
    steps = EscalationPolicy.objects.filter(steps__users=person) | EscalationPolicy.objects.filter(
        steps__teams__in=teams
    )
    return {
        "heading": _("My page"),
        "person": person,
        "alerts": [(alert, badges.severity(alert), badges.status(alert)) for alert in rows[:MOST_ALERTS]],
        "has_more": len(rows) > MOST_ALERTS,
        "all_of_mine": list_of(Alert, whose="mine"),
        "teams": teams,
        "policies": list(steps.distinct().order_by("name")),
        "now": exact(clock()),
        "zone": timezone.get_current_timezone_name(),
        "roles": [group.name for group in person.groups.order_by("name")],
    }
