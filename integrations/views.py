"""The door for machines, and where a sender asks what became of its delivery."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations import operations
from integrations.logic.outcome import Reason
from integrations.models import InboundMessage

logger = logging.getLogger(__name__)

HTTP_STATUS = {
    Reason.BAD_SIGNATURE: 403,
    Reason.DISABLED: 403,
    Reason.TOO_LARGE: 413,
    Reason.UNREADABLE_BODY: 400,
}
SECONDS_UNTIL_RETRY = 5


class AnyClient(BaseContentNegotiation):
    """Every client gets JSON, whatever it says it accepts: a delivery must not fail over that."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class Machine(APIView):
    """What both doors share: the token is the only permission, and the body is nobody's but ours."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    content_negotiation_class = AnyClient
    schema = None

    def http_method_not_allowed(self, request: Any, *_args: Any, **_kwargs: Any) -> Response:
        methods = ", ".join(method.upper() for method in self.http_method_names)
        return _error("method_not_allowed", _("Use %(methods)s.") % {"methods": methods}, 405, Allow=methods)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            logger.error("The database is away, a sender was asked to try again: %s", exc)
            detail = _("The database is away. Send this again.")
            return _error("unavailable", detail, 503, **{"Retry-After": str(SECONDS_UNTIL_RETRY)})
        return super().handle_exception(exc)


class DeliveryView(Machine):
    """`/in/<token>`: takes a delivery."""

    http_method_names = ["post", "put", "get"]

    def post(self, request: Request, token: str) -> HttpResponse:
        try:
            message_id = operations.accept(token, _delivery(request._request), now=_now())
        except operations.UnknownToken:
            return _unknown_token()
        except operations.MethodRefused:
            return _method_refused()
        except operations.Refused as refused:
            return _error(refused.reason, refused.detail, HTTP_STATUS[refused.reason])
        status_url = f"{operations.door(token)}/messages/{message_id}"
        return JsonResponse({"id": message_id, "status_url": status_url}, status=202)

    put = get = post


class StatusView(Machine):
    """`/in/<token>/messages/<id>`: tells what became of a delivery; a person is led to the log."""

    authentication_classes = (SessionAuthentication,)
    http_method_names = ["get"]

    def get(self, request: Request, token: str, message_id: int) -> HttpResponse:
        integration = operations.find(token, _now())
        if integration is None:
            return _unknown_token()
        message = InboundMessage.objects.defer("body").filter(integration=integration, pk=message_id).first()
        if message is None:
            return _error("unknown_message", _("This integration has no such message."), 404)
        if _is_for_the_log(request):
            return HttpResponseRedirect(
                reverse("admin:integrations_inboundmessage_change", args=[message_id])
            )
        return JsonResponse(_as_json(message), headers={"Cache-Control": "no-store"})


def _delivery(request: HttpRequest) -> operations.Delivery:
    """Hand over the request with its body unread.

    Django reads by Content-Length: a body in chunks would arrive empty, one that broke off as whole.
    """
    return operations.Delivery(
        method=request.method or "",
        content_type=request.META.get("CONTENT_TYPE", ""),
        content_length=_content_length(request),
        query_string=request.META.get("QUERY_STRING", ""),
        headers=request.headers,
        remote_address=_remote_address(request),
        stream=request.META["wsgi.input"],
    )


def _content_length(request: HttpRequest) -> int | None:
    # Without wsgi.input_terminated a read beyond the end would wait for ever.
    if "HTTP_TRANSFER_ENCODING" in request.META and request.META.get("wsgi.input_terminated"):
        return None
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _remote_address(request: HttpRequest) -> str:
    """Return who sent it: what the outermost trusted proxy saw, or the peer itself."""
    proxies = settings.TRUSTED_PROXY_COUNT
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and seen:
        return seen[-min(proxies, len(seen))]
    return request.META.get("REMOTE_ADDR", "")


def _is_for_the_log(request: Request) -> bool:
    user = request.user
    return (
        "text/html" in request.headers.get("Accept", "")
        and user.is_active
        and user.is_staff
        and user.has_perm("integrations.view_inboundmessage")
    )


def _as_json(message: InboundMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "status": message.status,
        "reason": message.reason,
        "sentence": operations.sentence(message),
        "alert": _alert_as_json(message.alert_id),
        "received_at": message.received_at.isoformat(),
        "processed_at": message.processed_at and message.processed_at.isoformat(),
    }


def _alert_as_json(number: int | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"number": number, "url": settings.BASE_URL + reverse("admin:alerts_alert_change", args=[number])}


def _unknown_token() -> Response:
    return _error("unknown_url", _("No integration has this URL: copy it anew from the admin."), 404)


def _method_refused() -> Response:
    detail = _(
        "This address takes deliveries by POST or PUT. GET with values in the query works only where the"
        " integration accepts it."
    )
    return _error("method_not_allowed", detail, 405, Allow="POST, PUT")


def _error(code: str, detail: str, status: int, **headers: str) -> Response:
    return Response({"error": code, "detail": detail}, status=status, headers=headers)


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (a door reads the clock)
