"""What every request of a person gets: times in that person's zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class TimeZoneMiddleware:
    """Show times in the zone of who is logged in; the server's zone for everybody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Only a session cookie can mean a person: the door is spared the session look-up.
        zone = request.user.time_zone if request.COOKIES and request.user.is_authenticated else ""
        try:
            known = zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return self.get_response(request)  # nobody, or a zone that has been renamed
        with timezone.override(known):
            return self.get_response(request)
