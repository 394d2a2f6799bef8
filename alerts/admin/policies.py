"""What the page of a policy has beside its form: policies to begin with, its time line, where it is used."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops.lib.display import link, list_of, page_of
from alerts.models import Escalation, EscalationPolicy
from alerts.operations import drawing
from alerts.operations import policies as operations
from alerts.operations.drawing import Drawing
from alerts.operations.starters import STARTERS, Starter


@dataclass(frozen=True)
class Above:
    """What stands above the form. starters: for a new policy.  used: by what, each with its link."""

    policy: EscalationPolicy | None = None
    starters: tuple[Starter, ...] = ()
    drawing: Drawing | None = None
    used: tuple[SafeString | str, ...] = ()
    may_clone: bool = False


def above(policy: EscalationPolicy | None, request: HttpRequest, now: datetime) -> Above:
    """Return what stands above the form of a policy; of a new one where there is none."""
    may_add = request.user.has_perm("alerts.add_escalationpolicy")
    if policy is None:
        return Above(starters=STARTERS if may_add else ())
    drawn = drawing.drawing_of(policy, now=now)
    return Above(policy, drawing=drawn, used=tuple(_used(policy, request)), may_clone=may_add)


def warning_of(policy: EscalationPolicy) -> str:
    """Return what may keep a policy from telling anybody; empty when nothing does."""
    steps = list(policy.steps.all())
    if steps and all(step.severities or step.tag or step.hours_id for step in steps):
        return _(
            "Every step has conditions: where none of them are met, nobody is told before the last resort."
        )
    return ""


def adopt(page: Any, request: HttpRequest, slug: str) -> HttpResponse:
    """Make a policy of one to begin with, and show it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not page.has_add_permission(request):
        raise PermissionDenied
    try:
        made = operations.adopt(operations.starter(slug))
    except operations.UnknownStarter:
        raise Http404 from None
    return _show(page, request, made)


def clone(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Make a copy of a policy, and show it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = page.get_viewable(request, str(number))
    if not page.has_add_permission(request):
        raise PermissionDenied
    return _show(page, request, operations.clone(row))


def _show(page: Any, request: HttpRequest, made: EscalationPolicy) -> HttpResponse:
    page.log_addition(request, made, [{"added": {}}])
    messages.success(request, _("This policy is new: change what you like, and choose it in an integration."))
    return HttpResponseRedirect(page_of(made))


def _used(policy: Any, request: HttpRequest) -> Iterator[SafeString | str]:
    sees = request.user.has_perm("integrations.view_integration")
    for integration in policy.integrations.order_by("name"):
        yield link(page_of(integration), integration) if sees else str(integration)
    for route in policy.routes.select_related("integration").order_by("integration__name", "position"):
        words = _("%(route)s of %(integration)s") % {"route": route, "integration": route.integration}
        yield link(page_of(route.integration), words) if sees else words
    if policy.is_offered_for_manual_alerts:
        yield _("alerts opened by hand")
    running = Escalation.objects.live().filter(policy=policy).count()
    if running:
        words = ngettext("%(count)d alert now", "%(count)d alerts now", running) % {"count": running}
        alerts: Any = Escalation._meta.get_field("alert").related_model
        url = list_of(alerts, policy__id__exact=policy.pk, status="not_closed")
        yield link(url, words) if request.user.has_perm("alerts.view_alert") else words
