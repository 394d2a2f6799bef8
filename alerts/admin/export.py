"""The list of alerts as a file for spreadsheets: AlertOps' 20 columns, and little memory for any length."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from alerts.models import Alert

BATCH = 1000
# Programs that open such files take what begins so for a formula, and run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(alerts: QuerySet[Alert], *, file_name: str) -> StreamingHttpResponse:
    """Answer with a list as a file, newest first, times in the reader's zone.

    alerts: filtered, in whatever order; they are read in batches by their numbers, while the file is sent.
    """
    body = _lines(alerts.select_related("integration", "owner", "policy"), timezone.get_current_timezone())
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["Cache-Control"] = "no-store"
    return response


class _Line:
    """What csv writes into: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def _lines(alerts: QuerySet[Alert], zone: tzinfo) -> Iterator[str]:
    writer = csv.writer(_Line())
    # With the mark by which spreadsheets know UTF-8.
    yield "\ufeff" + writer.writerow(COLUMNS)
    below: dict[str, int] = {}
    while batch := list(alerts.filter(**below).order_by("-pk")[:BATCH]):
        yield "".join(writer.writerow(_row(alert, zone)) for alert in batch)
        below = {"pk__lt": batch[-1].pk}


def _row(alert: Alert, zone: tzinfo) -> list[str]:
    return [_safe(_as_text(value(alert), zone)) for value in COLUMNS.values()]


def _as_text(value: Any, zone: tzinfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(" ", "seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _since_creation(end: datetime | None, alert: Alert) -> timedelta | None:
    return max(end - alert.created_at, timedelta(0)) if end else None


def _within_sla(alert: Alert) -> str:
    if alert.sla_due_at is None or alert.closed_at is None:
        return ""
    return "Yes" if alert.closed_at <= alert.sla_due_at else "No"


# The words of AlertOps' own export, untranslated: whoever has a sheet for those can go on using it.
COLUMNS: dict[str, Callable[[Alert], Any]] = {
    "Alert ID": lambda alert: alert.pk,
    "Created Date": lambda alert: alert.created_at,
    "Created By": lambda alert: alert.created_by,
    "Priority": lambda alert: alert.priority or alert.severity,
    "IntegrationName": lambda alert: alert.integration.name if alert.integration else "",
    "ServiceName": lambda alert: alert.service_name,
    "Escalation Policy/Response Play": lambda alert: alert.policy,
    "Topic": lambda alert: alert.topic,
    "Message": lambda alert: alert.subject,
    "Source": lambda alert: alert.source,
    "SourceName": lambda alert: alert.source_name,
    "SourceID": lambda alert: alert.source_id,
    "Status": lambda alert: alert.status,
    "Owner": lambda alert: alert.owner,
    "InitialAssignedDate": lambda alert: alert.first_assigned_at,
    "TimeToAssign": lambda alert: _since_creation(alert.first_assigned_at, alert),
    "TimeToResolve": lambda alert: _since_creation(alert.closed_at, alert),
    "Resolution Date": lambda alert: alert.closed_at,
    "Within SLA": _within_sla,
    "Resolution": lambda alert: alert.resolution,
}
