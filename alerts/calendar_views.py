"""The calendar behind a secret address: who is on call, for programs that subscribe to it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from alertops.lib.languages import speaking
from alerts.logic import oncall_calendar
from alerts.operations.on_call import feeds


@require_safe
def calendar(_request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar as it is now; the address alone is the credential."""
    with speaking(""):
        found = feeds.read(token, now=timezone.now())  # noqa: TID251 (a door reads the clock)
    if found is None:
        raise Http404
    response = HttpResponse(oncall_calendar.written(found), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="on-call.ics"'
    response["Cache-Control"] = "private, max-age=300"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
