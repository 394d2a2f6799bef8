"""An integration is switched off and on, and deleted: each asks first, and says what is lost."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops.lib.display import page_of
from alertops.lib.sayings import saying
from alerts.models import Alert
from integrations.models import InboundMessage, Integration
from integrations.operations.switching import StillOnRecord, delete_integration, switch

SWITCHED = {True: saying("Switched on."), False: saying("Switched off.")}  # what is put on record
MOST_COUNTED = 1000


def switch_off(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Ask, then have the deliveries of an integration refused."""
    integration = _allowed(page, request, number)
    if request.method == "POST":
        return _switched(page, request, integration, is_enabled=False)
    return _ask(
        page,
        request,
        integration,
        title=_("Switch off %(name)s") % {"name": integration.name},
        lines=[
            _("What its sender posts is refused: the log lists it, and nothing opens or closes by it."),
            *_living(integration),
            _("Its URL, rules and settings stay, and it can be switched on again at any time."),
        ],
        button=_("Switch it off"),
    )


def switch_on(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Have the deliveries of an integration taken again."""
    integration = _allowed(page, request, number)
    if request.method == "POST":
        return _switched(page, request, integration, is_enabled=True)
    return HttpResponseRedirect(page_of(integration))


def delete(page: Any, request: HttpRequest, number: str) -> HttpResponse:
    """Ask, then delete an integration that nothing has been delivered to; say why not of another."""
    integration = page.get_viewable(request, number)
    if not page.has_delete_permission(request, integration):
        raise PermissionDenied
    if request.method != "POST":
        return _ask_to_delete(page, request, integration)
    name = str(integration)
    try:
        with transaction.atomic():
            page.log_deletions(request, [integration])
            delete_integration(integration)
    except StillOnRecord:
        return _ask_to_delete(page, request, integration)
    messages.success(request, _("%(name)s is deleted.") % {"name": name})
    return HttpResponseRedirect(reverse("admin:integrations_integration_changelist"))


def _ask_to_delete(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    kept = _kept(integration)
    if kept:
        return page.render(
            request,
            "admin/integrations/undeletable.html",
            title=_("Delete %(name)s") % {"name": integration.name},
            original=integration,
            integration=integration,
            kept=kept,
            may_change=page.has_change_permission(request, integration),
        )
    rules = integration.rules.count()
    return _ask(
        page,
        request,
        integration,
        title=_("Delete %(name)s") % {"name": integration.name},
        lines=[
            _("Its secret URL: what is posted there is answered “no integration has this URL”."),
            ngettext("%d mapping rule with its filters.", "%d mapping rules with their filters.", rules)
            % (rules,),
            _("Its settings and sample data."),
        ],
        button=_("Delete it for good"),
        lost=True,
    )


def _kept(integration: Integration) -> list[str]:
    """Say what is on record and keeps an integration from being deleted."""
    deliveries = InboundMessage.objects.filter(integration=integration).order_by()
    alerts = Alert.objects.filter(integration=integration).order_by()
    counted = [_counted(deliveries), _counted(alerts)]
    words = [
        ngettext("%(n)s delivery", "%(n)s deliveries", counted[0]) % {"n": _figure(counted[0])},
        ngettext("%(n)s alert", "%(n)s alerts", counted[1]) % {"n": _figure(counted[1])},
    ]
    return [word for word, count in zip(words, counted, strict=True) if count]


def _counted(rows: Any) -> int:
    return rows.values("pk")[: MOST_COUNTED + 1].count()


def _figure(count: int) -> str:
    return _("more than %(n)d") % {"n": MOST_COUNTED} if count > MOST_COUNTED else str(count)


def _living(integration: Integration) -> list[str]:
    count = _counted(Alert.objects.not_closed().filter(integration=integration).order_by())
    if not count:
        return []
    text = ngettext(
        "%d alert of it is not closed, and no delivery will close it: somebody has to.",
        "%d alerts of it are not closed, and no delivery will close them: somebody has to.",
        count,
    )
    return [text % (count,)]


def _switched(page: Any, request: HttpRequest, integration: Integration, *, is_enabled: bool) -> HttpResponse:
    if switch(integration, is_enabled=is_enabled):
        page.log_change(request, integration, SWITCHED[is_enabled])
    text = (
        _("%(name)s is on: what its sender posts is taken.")
        if is_enabled
        else _("%(name)s is off: what its sender posts is refused.")
    )
    messages.success(request, text % {"name": integration.name})
    return HttpResponseRedirect(page_of(integration))


def _ask(page: Any, request: HttpRequest, integration: Integration, **context: Any) -> HttpResponse:
    context |= {"original": integration, "integration": integration}
    return page.render(request, "admin/integrations/ask.html", **context)


def _allowed(page: Any, request: HttpRequest, number: int) -> Integration:
    integration = page.get_viewable(request, str(number))
    if not page.has_change_permission(request, integration):
        raise PermissionDenied
    return integration
