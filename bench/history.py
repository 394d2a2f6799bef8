"""A database that has been in use for long: rows by the million, written by SQL alone.

Ten deliveries make one alert: one opens it, one joins it, one closes it, seven are green builds with
nothing to close. Of a hundred alerts one is still open. All of it lies within the last 80 days, so that
nothing is due and nothing is old enough to be deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction

from alerts.models import Alert, AlertEvent, AlertKey, Attempt, Escalation, Notification
from integrations.models import InboundMessage, Outcome

INTEGRATIONS = 20
DAYS = 80
CHUNK = 500_000  # rows of one statement


@dataclass(frozen=True)
class Dialect:
    """How a database counts, tells times and makes up keys."""

    series: str
    ago: str
    digest: str
    body: str
    without_checks: str
    with_checks: str


DIALECTS = {
    "postgresql": Dialect(
        series="SELECT n FROM generate_series({first}, {last}) AS series(n)",
        ago="now() - make_interval(secs => {seconds})",
        digest="encode(sha256(n::text::bytea), 'hex')",
        body="convert_to({text}, 'UTF8')",
        without_checks="SET session_replication_role = replica",
        with_checks="SET session_replication_role = origin",
    ),
    "sqlite": Dialect(
        series="WITH RECURSIVE series(n) AS"
        " (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last}) SELECT n FROM series",
        ago="datetime('now', '-' || ({seconds}) || ' seconds')",
        digest="lower(hex(randomblob(32)))",
        body="CAST({text} AS BLOB)",
        without_checks="PRAGMA foreign_keys = OFF",
        with_checks="PRAGMA foreign_keys = ON",
    ),
}

_STATUS = (
    "CASE n % 10 WHEN 0 THEN 'mapped' WHEN 1 THEN 'mapped_appended' WHEN 2 THEN 'mapped'"
    " ELSE 'mapped_ignored' END"
)
_REASON = (
    "CASE n % 10 WHEN 0 THEN 'opened' WHEN 1 THEN 'duplicate' WHEN 2 THEN 'closed'"
    " ELSE 'close_without_open' END"
)
_ALERT_OF_MESSAGE = "CASE WHEN n % 10 < 3 THEN n / 10 + 1 END"
_IS_OPEN = "n % 100 = 0"

# For each ten messages: so many rows, and what is in them, by columns; other columns have their defaults.
# n counts rows from 0.  {at}: when it happened.  {ahead}: a time that is yet to come.
HISTORY: list[tuple[type[models.Model], int, dict[str, str]]] = [
    (
        Alert,
        1,
        {
            "id": "n + 1",
            "integration_id": "{integration}",
            "key_digest": "{digest}",
            "status": f"CASE WHEN {_IS_OPEN} THEN 'open' ELSE 'closed' END",
            "severity": "CASE n % 3 WHEN 0 THEN 'error' ELSE 'warning' END",
            "subject": "'acme/website: Build ' || n || ' FAILED'",
            "source": "'Bitbucket'",
            "source_name": "'acme/website'",
            "source_id": "'build-' || n || ' main'",
            "event_count": "2",
            "created_at": "{at}",
            "opened_at": "{at}",
            "last_event_at": "{at}",
            "closed_at": f"CASE WHEN {_IS_OPEN} THEN NULL ELSE {{at}} END",
            "auto_close_at": "{ahead}",
        },
    ),
    (AlertKey, 1, {"digest": "{digest}", "decided_at": "{at}"}),
    (
        InboundMessage,
        10,
        {
            "id": "n + 1",
            "integration_id": "{integration}",
            "received_at": "{at}",
            "method": "'POST'",
            "content_type": "'application/json'",
            "headers": """'{{"X-Event-Key": "repo:commit_status_updated"}}'""",
            "body": "{body}",
            "body_size": "{body_size}",
            "remote_address": "'192.0.2.7'",
            "delivery_id": "'delivery-' || n",
            "status": _STATUS,
            "reason": _REASON,
            "detail": "'Nothing to close'",
            "alert_id": _ALERT_OF_MESSAGE,
            "event_count": "1",
            "start_count": "1",
            "processed_at": "{at}",
        },
    ),
    (
        Outcome,
        10,
        {
            "id": "n + 1",
            "message_id": "n + 1",
            "event_index": "0",
            "status": _STATUS,
            "reason": _REASON,
            "alert_id": _ALERT_OF_MESSAGE,
            "trace": """'{{"action": "close", "rules": [{{"name": "Build statuses"}}]}}'""",
            "at": "{at}",
        },
    ),
    (
        AlertEvent,
        5,
        {
            "id": "n + 1",
            "alert_id": "n / 5 + 1",
            "at": "{at}",
            "kind": "CASE n % 5 WHEN 0 THEN 'opened' WHEN 2 THEN 'joined' WHEN 4 THEN 'closed'"
            " ELSE 'step' END",
            "actor_label": "'Builds 1'",
            "text": "'acme/website: Build FAILED'",
            "message_id": "CASE n % 5 WHEN 0 THEN n * 2 + 1 END",
        },
    ),
    (
        Escalation,
        1,
        {
            "id": "n + 1",
            "alert_id": "n + 1",
            "status": f"CASE WHEN {_IS_OPEN} THEN 'exhausted' ELSE 'ended' END",
            "due_at": f"CASE WHEN {_IS_OPEN} THEN {{ahead}} END",
            "started_at": "{at}",
            "ended_at": f"CASE WHEN {_IS_OPEN} THEN NULL ELSE {{at}} END",
        },
    ),
    (
        Notification,
        2,
        {
            "id": "n + 1",
            "alert_id": "n / 2 + 1",
            "escalation_id": "n / 2 + 1",
            "user_id": "{user}",
            "user_label": "'Anna'",
            "kind": "CASE n % 2 WHEN 0 THEN 'page' ELSE 'closed' END",
            "channel": "'email'",
            "address": "'anna@example.com'",
            "urgency": "'high'",
            "dedup_key": "'step:' || n || ':email'",
            "status": "CASE WHEN n % 500 = 7 THEN 'failed' WHEN n % 9 = 5 THEN 'cancelled' ELSE 'sent' END",
            "created_at": "{at}",
            "due_at": "{at}",
            "sent_at": "{at}",
        },
    ),
    (
        Attempt,
        2,
        {
            "id": "n + 1",
            "notification_id": "n + 1",
            "number": "1",
            "started_at": "{at}",
            "ended_at": "{at}",
            "result": "'sent'",
            "provider": "'email'",
        },
    ),
]


def write(messages: int, *, integration_id: int, user_id: int, body_bytes: int) -> None:
    """Write a history of so many messages into a database that has none.

    integration_id: the first of INTEGRATIONS.  body_bytes: about so long is each body.
    """
    dialect = DIALECTS[connection.vendor]
    padding = "x" * max(0, body_bytes - 22)
    words = {
        "integration": f"{integration_id} + n % {INTEGRATIONS}",
        "user": str(user_id),
        "digest": dialect.digest,
        "body": dialect.body.format(text=f"""'{{"n":' || n || ',"padding":"{padding}"}}'"""),
        "body_size": str(body_bytes),
        "ahead": dialect.ago.format(seconds="-86400"),
    }
    execute(dialect.without_checks)
    try:
        for model, rows, columns in HISTORY:
            words["at"] = spread(dialect, rows * messages // 10)
            written = {name: expression.format(**words) for name, expression in columns.items()}
            insert(model, rows * messages // 10, written, dialect)
    finally:
        execute(dialect.with_checks)
    for statement in connection.ops.sequence_reset_sql(no_style(), [model for model, *_rest in HISTORY]):
        execute(statement)


def analyze() -> None:
    """Have the database look at what it holds, as it does by itself in production."""
    execute("ANALYZE")


def spread(dialect: Dialect, rows: int) -> str:
    """Return when row n was written: they are spread evenly, and the last is an hour old."""
    return dialect.ago.format(seconds=f"3600 + ({rows} - n) * {DAYS * 86400 / max(1, rows):.6f}")


def insert(model: type[models.Model], rows: int, columns: Mapping[str, str], dialect: Dialect) -> None:
    """Insert rows in chunks; n counts from 0, and a column that is not named gets the model's default."""
    names, values, parameters = [], [], []
    for field in model._meta.concrete_fields:
        names.append(f'"{field.column}"')
        if field.attname in columns:
            values.append(columns[field.attname].replace("%", "%%"))
        else:
            values.append("%s")
            parameters.append(field.get_db_prep_save(field.get_default(), connection))
    for first in range(0, rows, CHUNK):
        series = dialect.series.format(first=first, last=min(first + CHUNK, rows) - 1)
        statement = (
            f'INSERT INTO "{model._meta.db_table}" ({", ".join(names)})'
            f" SELECT {', '.join(values)} FROM ({series}) AS numbers"
        )
        with transaction.atomic():
            execute(statement, parameters)


def execute(statement: str, parameters: Any = None) -> None:
    """Execute one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
