"""The secret URL of an integration: shown and copied on request, replaced, and tried. Each is on record."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from alertops.lib import http
from alertops.lib.admin import may
from alertops.lib.display import clock, page_of
from alertops.lib.sayings import saying
from alertops.lib.wording import worded
from integrations import operations
from integrations.admin import setup
from integrations.models import Integration

# What is put on record
SHOWN, COPIED = saying("Saw the secret URL."), saying("Copied the secret URL.")
ROTATED = saying("Replaced the secret URL.")
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
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


def show(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show the URL on its set-up page, or hand it to a copy button; put on record who had it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    integration = _allowed(page, request, number)
    if request.POST.get("for") == "copying":
        page.log_change(request, integration, COPIED)
        return JsonResponse({"url": operations.url_of(integration)})
    page.log_change(request, integration, SHOWN)
    return setup.render(page, request, integration, is_shown=True)


def rotate(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Replace the URL; the old one works on for a chosen time."""
    integration = _allowed(page, request, number)
    version = integration.token_digest[:12]
    form = RotateForm(request.POST if request.method == "POST" else None, initial={"seen": version})
    if form.is_valid():
        if form.cleaned_data["seen"] not in ("", version):
            return _replaced_meanwhile(request, integration)
        overlap = timedelta(seconds=form.cleaned_data["keep_old_for"])
        try:
            operations.rotate(integration, keep_old_for=overlap, now=clock())
        except operations.AlreadyRotated:
            return _replaced_meanwhile(request, integration)
        page.log_change(request, integration, ROTATED)
        messages.success(request, _("This integration has a new secret URL. Enter it at the sender."))
        return HttpResponseRedirect(reverse("admin:integrations_integration_setup", args=[integration.pk]))
    return page.render(
        request,
        "admin/integrations/rotate.html",
        title=_("New secret URL"),
        original=integration,
        integration=integration,
        form=form,
    )


def test(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Post the sample through the real URL, and go to its row in the log.

    The set-up page stays where it is: what comes of it turns up there.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    integration = page.get_viewable(request, str(number))
    if not page.has_change_permission(request, integration):
        raise PermissionDenied
    number_in_log, problem = _posted(integration)
    if "HX-Request" in request.headers:
        return TemplateResponse(request, "admin/integrations/sent.html", {"problem": problem})
    if problem:
        messages.error(request, problem)
        return HttpResponseRedirect(page_of(integration))
    messages.success(request, _("The sample was delivered. This is its row in the log."))
    return HttpResponseRedirect(reverse("admin:integrations_inboundmessage_change", args=[number_in_log]))


def _posted(integration: Integration) -> tuple[int, str]:
    """Post the sample; return its number in the log, and what went wrong if anything did."""
    try:
        answer = operations.post_sample(integration, now=clock())
    except http.Unreachable as error:
        return 0, worded(str(error))
    if answer.status == 202:
        return json.loads(answer.text)["id"], ""
    text = _("The URL answered with %(status)d: %(text)s")
    return 0, text % {"status": answer.status, "text": _detail(answer.text)}


def _detail(text: str) -> str:
    """Return what the door says is wrong; another server's answer as it is."""
    try:
        return worded(str(json.loads(text)["detail"]))
    except (ValueError, KeyError, TypeError):
        return text[:500]


def _allowed(page: Any, request: HttpRequest, number: int) -> Integration:
    integration = page.get_viewable(request, str(number))
    if not may(request, "integrations.show_token", integration):
        raise PermissionDenied
    return integration


def _replaced_meanwhile(request: HttpRequest, integration: Integration) -> HttpResponse:
    text = _("Somebody else has replaced the secret URL meanwhile, so nothing was done.")
    messages.error(request, text)
    return HttpResponseRedirect(page_of(integration))
