"""A new integration: a gallery of senders, then four fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import EscalationPolicy
from integrations import operations
from integrations.admin.integration_forms import AddForm
from integrations.admin.marks import draw
from integrations.models import Integration
from integrations.operations.presets import CUSTOM, presets

# The headings of the gallery, for those who read another language.
PURPOSES = {"Builds": gettext_lazy("Builds"), "Monitoring": gettext_lazy("Monitoring")}


@dataclass(frozen=True)
class Card:
    """One preset in the gallery. words: by which it is found while somebody types."""

    slug: str
    name: str
    description: str
    mark: SafeString
    words: str

    @classmethod
    def of(cls, preset: operations.Preset) -> "Card":
        words = f"{preset.name} {preset.purpose} {preset.words} {preset.description}"
        return cls(preset.slug, preset.name, preset.description, draw(preset.mark), words.casefold())


def add(page: Any, request: HttpRequest) -> HttpResponse:
    """Show the gallery, and the fields once a sender is chosen; what is made goes on with its set-up."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    slug = request.GET.get("preset", "")
    try:
        chosen = operations.preset(slug)
    except operations.UnknownPreset:
        return _gallery(page, request, unknown=slug)
    form = AddForm(request.POST if request.method == "POST" else None, preset=chosen, request=request)
    if form.is_valid():
        created = form.create()
        _record(page, request, created, form)
        address = reverse("admin:integrations_integration_setup", args=[created.pk])
        return HttpResponseRedirect(address)
    return page.render(
        request,
        "admin/integrations/add.html",
        title=_("Add API integration"),
        card=Card.of(chosen),
        form=form,
        media=page.media + form.media,
    )


def _gallery(page: Any, request: HttpRequest, *, unknown: str) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:100]
    found = [preset for preset in presets() if preset.is_found_by(query)]
    return page.render(
        request,
        "admin/integrations/gallery.html",
        title=_("Add API integration"),
        query=query,
        unknown=unknown[:100],
        groups=list(_grouped(found)),
        custom=Card.of(operations.preset(CUSTOM)),
    )


def _grouped(found: list[operations.Preset]) -> Iterator[tuple[str, list[Card]]]:
    """Yield each purpose with its presets; Custom stands by itself."""
    named = [preset for preset in found if preset.slug != CUSTOM]
    for purpose in sorted({preset.purpose for preset in named}):
        yield (
            str(PURPOSES.get(purpose, purpose)),
            [Card.of(preset) for preset in named if preset.purpose == purpose],
        )


def _record(page: Any, request: HttpRequest, created: Integration, form: AddForm) -> None:
    """Put on record what was made, the policy that came with it too."""
    page.log_addition(request, created, [{"added": {}}])
    if form.makes_policy and created.escalation_policy:
        policies = page.admin_site.get_model_admin(EscalationPolicy)
        policies.log_addition(request, created.escalation_policy, [{"added": {}}])
