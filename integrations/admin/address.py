"""The secret URL of an integration: shown on request, replaced, and tried. Each showing is on record."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from alertops.lib import http
from alertops.lib.display import clock, page_of
from integrations import operations
from integrations.admin.setup import steps
from integrations.models import Integration

SHOWN, ROTATED = gettext_lazy("Saw the secret URL."), gettext_lazy("Replaced the secret URL.")
OVERLAPS = [
    (3600, gettext_lazy("for one hour")),
    (86400, gettext_lazy("for one day")),
    (7 * 86400, gettext_lazy("for seven days")),
    (0, gettext_lazy("not at all: it stops working now")),
]


class RotateForm(forms.Form):
    keep_old_for = forms.TypedChoiceField(
        label=gettext_lazy("The old URL works on"),
        choices=OVERLAPS,
        coerce=int,
        initial=86400,
        help_text=gettext_lazy("Time to enter the new URL at the sender. After it, the old one is unknown."),
        widget=UnfoldAdminSelectWidget,
    )


def may_show(request: HttpRequest) -> bool:
    return request.user.has_perm("integrations.show_token")


def show(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show the URL, and put on record who saw it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    integration = _allowed(page, request, number)
    return _shown(page, request, integration, str(SHOWN))


def rotate(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Replace the URL; the old one works on for a chosen time."""
    integration = _allowed(page, request, number)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        overlap = timedelta(seconds=form.cleaned_data["keep_old_for"])
        try:
            operations.rotate(integration, keep_old_for=overlap, now=clock())
        except operations.AlreadyRotated as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(page_of(integration))
        return _shown(page, request, integration, str(ROTATED))
    return page.render(
        request,
        "admin/integrations/rotate.html",
        title=_("New secret URL"),
        integration=integration,
        form=form,
    )


def test(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Post the sample through the real URL, and go to its row in the log."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    integration = page.get_viewable(request, str(number))
    if not page.has_change_permission(request, integration):
        raise PermissionDenied
    try:
        answer = operations.post_sample(integration, now=clock())
    except http.Unreachable as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(page_of(integration))
    return _answered(request, integration, answer)


def _answered(request: HttpRequest, integration: Integration, answer: http.Answer) -> HttpResponse:
    if answer.status == 202:
        messages.success(request, _("The sample was delivered. This is its row in the log."))
        number = json.loads(answer.text)["id"]
        return HttpResponseRedirect(reverse("admin:integrations_inboundmessage_change", args=[number]))
    text = _("The URL answered with %(status)d: %(text)s")
    messages.error(request, text % {"status": answer.status, "text": answer.text[:500]})
    return HttpResponseRedirect(page_of(integration))


def _allowed(page: Any, request: HttpRequest, number: int) -> Integration:
    integration = page.get_viewable(request, str(number))
    if not may_show(request):
        raise PermissionDenied
    return integration


def _shown(page: Any, request: HttpRequest, integration: Integration, record: str) -> HttpResponse:
    page.log_change(request, integration, record)
    url = operations.url_of(integration)
    return page.render(
        request,
        "admin/integrations/url.html",
        title=_("The secret URL"),
        integration=integration,
        url=url,
        steps=steps(integration, url),
        is_local=urlsplit(settings.BASE_URL).hostname in ("localhost", "127.0.0.1"),
    )
