"""Whether the process lives (`/healthz`), whether work is done (`/readyz`), and what nobody else answers."""

from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import translation
from django.views import csrf, defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alertops import health
from alertops.lib import outages
from alertops.lib.display import clock


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is looked at."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
@translation.override("en")
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether deliveries are processed and people are told; 503 with the reasons in words if not."""
    checks: dict[str, Any] = {}
    try:
        reasons = [*_migrations(checks), *_readings(checks)]
    except Error as error:
        reasons = [outages.describe(error)]
        checks["database"] = {"ok": False}
    else:
        checks["database"] = {"ok": True}
    status = "not ready" if reasons else "ready"
    return JsonResponse(
        {"status": status, "reasons": reasons, "checks": checks}, status=503 if reasons else 200
    )


def _migrations(checks: dict[str, Any]) -> list[str]:
    missing = health.missing_migrations()
    checks["migrations"] = {"ok": not missing, "missing": missing}
    return ["The database is older than the program: run `manage.py migrate`."] if missing else []


def _readings(checks: dict[str, Any]) -> list[str]:
    readings = health.readings(clock())
    for reading in readings:
        checks[reading.name] = {
            "ok": not reading.reason,
            "age_seconds": round(reading.age.total_seconds(), 1) if reading.age is not None else None,
            "limit_seconds": reading.limit.total_seconds(),
        }
    return [reading.reason for reading in readings if reading.reason]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that Django itself refused."""
    if _is_for_a_person(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        detail = (
            "This server has another name: use ALERTOPS_BASE_URL, or add yours to ALERTOPS_ALLOWED_HOSTS."
        )
        return _refused("unknown_host", detail, 400)
    return _refused("bad_request", "This is not a request that can be understood.", 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request for an address that is none."""
    if _is_for_a_person(request):
        return defaults.page_not_found(request, exception)
    return _refused("unknown_url", _NOTHING_HERE, 404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form without our token: somebody's other tab, or a machine at an address for people."""
    if _is_for_a_person(request):
        return csrf.csrf_failure(request, reason)
    return _refused("unknown_url", _NOTHING_HERE, 404)


def failed(request: HttpRequest) -> HttpResponseBase:
    """Answer a request that failed by a fault of ours."""
    if _is_for_a_person(request):
        return defaults.server_error(request)
    return _refused("failed", "This failed by a fault of the server; its log tells more.", 500)


_NOTHING_HERE = "Nothing is taken at this address: deliveries go to /in/<token>."


def _is_for_a_person(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/in/")


def _refused(code: str, detail: str, status: int) -> JsonResponse:
    return JsonResponse({"error": code, "detail": detail}, status=status)
