"""The door for machines, and where a sender asks what became of its delivery."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from alertops.lib import outages
from alertops.lib.addresses import client_address
from alertops.lib.environ import CUT_OFF
from alertops.lib.sayings import saying
from alertops.lib.seldom import Seldom
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
SECONDS_UNTIL_RETRY = 10
OUTCOME = "alertops.outcome"  # in the environ of a delivery that has been taken in already: `gathering`
_outages = Seldom()
# What is said here is said to machines, in English; what the log keeps is worded for its readers.
_TOO_SLOW = saying("The body came too slowly: send it at one go.")
_BROKEN_OFF = saying("The body broke off: send it again.")


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

    def http_method_not_allowed(self, request: Any, *_args: Any, **_kwargs: Any) -> Any:
        methods = ", ".join(method.upper() for method in self.http_method_names)
        return _error("method_not_allowed", f"Use {methods}.", 405, Allow=methods)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, DatabaseError):
            return _unavailable(exc)
        return super().handle_exception(exc)


class DeliveryView(Machine):
    """`/in/<token>`: takes a delivery."""

    http_method_names = ["post", "put", "get"]

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        """Look at nobody's permission: there is no person, and this costs as much as the answer."""

    def post(self, request: Request, token: str) -> HttpResponse:
        try:
            message_id = _accepted(request._request, token)
        except operations.UnknownToken:
            return _unknown_token()
        except operations.MethodRefused:
            return _method_refused()
        except operations.Refused as refused:
            status = 408 if isinstance(refused, TooSlow) else HTTP_STATUS[refused.reason]
            return _error(refused.reason, refused.detail, status)
        status_url = f"{operations.door(token)}/messages/{message_id}"
        return JsonResponse({"id": message_id, "status_url": status_url}, status=202)

    put = get = post


class StatusView(Machine):
    """`/in/<token>/messages/<id>`: tells what became of a delivery; a person is led to the log."""

    authentication_classes = (SessionAuthentication,)
    http_method_names = ["get"]

    def get(self, request: Request, token: str, message_id: int) -> HttpResponse:
        doorway = operations.find(token, _now())
        if doorway is None:
            return _unknown_token()
        message = InboundMessage.objects.defer("body").filter(integration=doorway.id, pk=message_id).first()
        if message is None:
            return _error("unknown_message", "This integration has no such message.", 404)
        if _is_for_the_log(request):
            return HttpResponseRedirect(
                reverse("admin:integrations_inboundmessage_change", args=[message_id])
            )
        return JsonResponse(_as_json(message), headers={"Cache-Control": "no-store"})


class TooSlow(operations.Refused):
    """The body did not come to its end in time."""


@dataclass(frozen=True)
class CutOffBody:
    """A body that did not come to its end: whoever reads it refuses the delivery."""

    why: str

    def read(self, _size: int, /) -> bytes:
        if self.why == "late":
            raise TooSlow(Reason.UNREADABLE_BODY, _TOO_SLOW)
        raise operations.Refused(Reason.UNREADABLE_BODY, _BROKEN_OFF)


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """Answer what is sent to an address beside the doors."""
    return _unknown_token()


def _accepted(request: HttpRequest, token: str) -> int:
    """Return the id that this delivery got together with others, or take it in now."""
    outcome = request.META.get(OUTCOME)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome or operations.accept(token, delivery_of(request), now=_now())


def delivery_of(request: HttpRequest) -> operations.Delivery:
    """Hand over the request with its body unread.

    Django reads by Content-Length: a body in chunks would arrive empty, one that broke off as whole.
    """
    cut_off = request.META.get(CUT_OFF)
    return operations.Delivery(
        method=request.method or "",
        content_type=request.META.get("CONTENT_TYPE", ""),
        content_length=_content_length(request),
        query_string=request.META.get("QUERY_STRING", ""),
        headers=request.headers,
        remote_address=client_address(request),
        stream=CutOffBody(cut_off) if cut_off else request.META["wsgi.input"],
    )


def _content_length(request: HttpRequest) -> int | None:
    # Without wsgi.input_terminated a read beyond the end would wait for ever.
    if "HTTP_TRANSFER_ENCODING" in request.META and request.META.get("wsgi.input_terminated"):
        return None
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


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


def _unknown_token() -> HttpResponse:
    return _error("unknown_url", "No integration has this URL: copy it anew from the admin.", 404)


def _method_refused() -> HttpResponse:
    detail = (
        "This address takes deliveries by POST or PUT. GET with values in the query works only where the"
        " integration accepts it."
    )
    return _error("method_not_allowed", detail, 405, Allow="POST, PUT")


def _unavailable(error: DatabaseError) -> HttpResponse:
    """Ask the sender to try again; the log is told what is wrong, but not once per delivery."""
    what = outages.describe(error)
    if counted := _outages.count():
        logger.error("%s senders were asked to try again: %s (%s)", counted, what, type(error).__name__)
    return _error("unavailable", what + " Send this again.", 503, **{"Retry-After": str(SECONDS_UNTIL_RETRY)})


def _error(code: str, detail: str, status: int, **headers: str) -> JsonResponse:
    response = JsonResponse({"error": code, "detail": detail}, status=status, headers=headers)
    # It is on record in the inbound log; Django's own line would show the secret URL.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (a door reads the clock)
