"""Whether the process lives (`/healthz`) and whether work is done (`/readyz`)."""

from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alertops import health
from alertops.lib.display import clock


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is looked at."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether deliveries are processed and people are told; 503 with the reasons in words if not."""
    checks: dict[str, Any] = {}
    try:
        reasons = [*_migrations(checks), *_readings(checks)]
    except Error:
        reasons = [_("The database does not answer.")]
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
    return [_("The database is older than the program: run `manage.py migrate`.")] if missing else []


def _readings(checks: dict[str, Any]) -> list[str]:
    readings = health.readings(clock())
    for reading in readings:
        checks[reading.name] = {
            "ok": not reading.reason,
            "age_seconds": round(reading.age.total_seconds(), 1) if reading.age is not None else None,
            "limit_seconds": reading.limit.total_seconds(),
        }
    return [reading.reason for reading in readings if reading.reason]
