"""How deliveries that came at the same time are taken in together, before Django answers each of them.

The server calls `take_in`; the view finds in each environ what has become of its delivery. A server that
does not call it loses nothing but speed: then the view takes in the delivery by itself.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils import timezone

from integrations import operations
from integrations.urls import DELIVERY
from integrations.views import OUTCOME, DeliveryView, delivery_of


def is_delivery(path: str) -> bool:
    """Tell whether this path is a door."""
    return DELIVERY.pattern.match(path.removeprefix("/")) is not None


def take_in(environs: list[dict[str, Any]]) -> None:
    """Take in the deliveries among these requests."""
    found = list(_deliveries(environs))
    outcomes = operations.accept_all(
        [(token, delivery) for _environ, token, delivery in found],
        now=timezone.now(),  # noqa: TID251 (a door reads the clock)
    )
    for (environ, _token, _delivery), outcome in zip(found, outcomes, strict=True):
        environ[OUTCOME] = outcome


def _deliveries(environs: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str, operations.Delivery]]:
    for environ in environs:
        request = WSGIRequest(dict(environ))  # of a copy: it changes the path
        match = DELIVERY.pattern.match(request.path_info.removeprefix("/"))
        is_meant = match is not None and str(request.method).lower() in DeliveryView.http_method_names
        # What came without TLS is not taken in: Django tells the sender to come back with it.
        if match is not None and is_meant and (request.is_secure() or not settings.SECURE_SSL_REDIRECT):
            yield environ, str(match[2]["token"]), delivery_of(request)
