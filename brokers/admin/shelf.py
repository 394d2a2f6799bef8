"""Which brokers there are, with the help page of each, and how one is written."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from alertops.lib import prose
from alertops.lib.languages import told
from brokers import operations

API = settings.BASE_DIR / "docs" / "broker-api.md"


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """List all brokers."""
    _refuse_strangers(admin, request)
    return admin.render(
        request,
        "admin/brokers/shelf.html",
        title=_("Brokers"),
        brokers=operations.all_cards(),
        has_api=API.is_file(),
    )


def one(admin: Any, request: HttpRequest, broker: str) -> HttpResponse:
    """Show the help page of a broker."""
    _refuse_strangers(admin, request)
    try:
        found = operations.broker_of(broker)
    except operations.UnknownBroker:
        raise Http404(_("There is no such broker.")) from None
    return admin.render(
        request,
        "admin/brokers/help.html",
        title=_(found.title),
        broker=operations.card_of(found),
        text=prose.html(operations.help_of(found.name)),
        may_add=admin.has_add_permission(request),
    )


def api(admin: Any, request: HttpRequest) -> HttpResponse:
    """Show how a broker is written."""
    _refuse_strangers(admin, request)
    if not API.is_file():
        raise Http404(_("This page is not part of this installation."))
    text = prose.html(told(API).read_text("utf-8"))
    return admin.render(
        request, "admin/brokers/help.html", title=_("How a broker is written"), broker=None, text=text
    )


def _refuse_strangers(admin: Any, request: HttpRequest) -> None:
    if not admin.has_view_permission(request):
        raise PermissionDenied
