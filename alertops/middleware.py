"""What every request of a person gets: texts in that person's language, times in that person's zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from alertops.lib import languages

# Programs ask there, and look for words in the answers: they are English for everybody.
FOR_MACHINES = ("/api/", "/in/", "/healthz", "/readyz", "/metrics")


class LanguageMiddleware:
    """Speak the language that a person has chosen, else the browser's, else the installation's.

    In place of Django's own middleware, which does not know the person, and does not end.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = "en" if request.path_info.startswith(FOR_MACHINES) else _chosen(request)
        language = chosen or translation.get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not chosen:
            patch_vary_headers(response, ("Accept-Language",))
        return response


def _chosen(request: HttpRequest) -> str:
    # Only a session cookie can mean a person.
    language = request.user.language if request.COOKIES and request.user.is_authenticated else ""
    return language if languages.is_known(language) else ""


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
