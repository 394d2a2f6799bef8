"""`/metrics`: for whoever has the token, or may view the inbound log."""

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from alertops.lib.display import clock
from alertops.metrics import exposition


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the figures to Prometheus."""
    given = request.headers.get("Authorization", "")
    if _is_the_token(given):
        return HttpResponse(exposition(clock()), content_type=CONTENT_TYPE_LATEST)
    if given or not request.user.is_authenticated:
        return _refusal(401, "no_token", str(_HOW), **{"WWW-Authenticate": "Bearer"})
    if not request.user.has_perm("integrations.view_inboundmessage"):
        return _refusal(403, "forbidden", _("You may not view the inbound log: ask for that permission."))
    return HttpResponse(exposition(clock()), content_type=CONTENT_TYPE_LATEST)


_HOW = gettext_lazy(
    "Set ALERTOPS_METRICS_TOKEN, and send it as “Authorization: Bearer <token>”;"
    " or log in as somebody who may view the inbound log."
)


def _is_the_token(given: str) -> bool:
    """Compare in a time that tells nothing; without a token set, none is right."""
    expected = f"Bearer {settings.METRICS_TOKEN}"
    is_same = hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
    return is_same and bool(settings.METRICS_TOKEN)


def _refusal(status: int, code: str, detail: str, **headers: str) -> HttpResponse:
    return JsonResponse({"error": code, "detail": detail}, status=status, headers=headers)
