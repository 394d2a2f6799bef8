"""How many rows a second can be read, answered by another row and marked as done, with nothing thought."""

import json
import sqlite3
import time
from pathlib import Path

import psycopg

from bench import builds
from bench.contract import Run

BATCH = 50
TABLES = """
    CREATE TABLE {name}_message (
        id {key}, integration_id INTEGER NOT NULL, body {bytes} NOT NULL, headers TEXT NOT NULL,
        status VARCHAR(16) NOT NULL, reason VARCHAR(30) NOT NULL, detail TEXT NOT NULL
    );
    CREATE TABLE {name}_outcome (
        id {key}, message_id BIGINT NOT NULL UNIQUE, status VARCHAR(16) NOT NULL, trace TEXT NOT NULL
    );
    CREATE INDEX {name}_waiting ON {name}_message (integration_id, id) WHERE status = 'pending';
"""
BODY = builds.body("limit", "SUCCESSFUL")
HEADERS = json.dumps(builds.HEADERS)
TRACE = json.dumps({"rules": [{"name": "Build statuses", "fields": {str(n): "x" * 40 for n in range(12)}}]})
INSERT = "INSERT INTO bench_message (integration_id, body, headers, status, reason, detail) VALUES "
NEXT = (
    "SELECT id, body FROM bench_message WHERE integration_id = 1 AND status = 'pending' ORDER BY id LIMIT 50"
)
ANSWER = "INSERT INTO bench_outcome (message_id, status, trace) VALUES "
DONE = "UPDATE bench_message SET status = 'mapped', reason = 'opened', detail = 'Opened' WHERE id "


def on_postgresql(url: str, *, rows: int) -> Run:
    """Work off so many rows in batches, each committed, by psycopg; the figure is rows a second."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_message, bench_outcome")
        key = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        connection.execute(TABLES.format(name="bench", key=key, bytes="BYTEA"))
        connection.execute(
            INSERT.replace("VALUES", "SELECT 1, %s, %s, 'pending', '', '' FROM generate_series(1, %s)"),
            (BODY, HEADERS, rows),
        )
        began, count = time.perf_counter(), 0
        while batch := [row[0] for row in connection.execute(NEXT).fetchall()]:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(
                    ANSWER.replace("VALUES", "SELECT id, 'mapped', %s FROM unnest(%s::bigint[]) AS ids(id)"),
                    (TRACE, batch),
                )
                cursor.execute(DONE + "= ANY(%s)", (batch,))
            count += len(batch)
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bench_message, bench_outcome")
    return Run(figure=count / seconds)


def on_sqlite(folder: Path, *, rows: int) -> Run:
    """The same by sqlite3, in a file of its own with the product's settings."""
    path = folder / "rows.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        connection.executescript(TABLES.format(name="bench", key="INTEGER PRIMARY KEY", bytes="BLOB"))
        connection.execute("BEGIN")
        connection.executemany(INSERT + "(1, ?, ?, 'pending', '', '')", [(BODY, HEADERS)] * rows)
        connection.execute("COMMIT")
        began, count = time.perf_counter(), 0
        while batch := connection.execute(NEXT).fetchall():
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(ANSWER + "(?, 'mapped', ?)", [(row[0], TRACE) for row in batch])
            connection.executemany(DONE + "= ?", [(row[0],) for row in batch])
            connection.execute("COMMIT")
            count += len(batch)
        return Run(figure=count / (time.perf_counter() - began))
    finally:
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
