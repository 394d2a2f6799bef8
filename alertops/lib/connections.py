"""The way to the database for the few statements that are asked all the time."""

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

Result = TypeVar("Result")

_FOR_WORKERS = (
    "synchronous_commit=off",
    # Each statement of a worker has its index. PostgreSQL would sooner read all of a table that it has not
    # counted yet, ten times a second while it grows; and then compile what has come to look so dear.
    "enable_seqscan=off",
    "jit=off",
)


@contextmanager
def lean_cursor() -> Iterator[Any]:
    """Give a cursor for the hottest statements: PostgreSQL gets their values beside them.

    So what has been asked a few times is prepared, and neither read nor planned again. Django's own cursor
    writes all values into the statement; it is used where statements are recorded.
    """
    own = connections[DEFAULT_DB_ALIAS]  # looked up once: it is another one in each thread
    if own.vendor != "postgresql" or own.queries_logged:
        with own.cursor() as cursor:
            yield cursor
        return
    own.ensure_connection()
    with own.wrap_database_errors, psycopg.Cursor(own.connection) as cursor:
        yield cursor


def fetch_wide(sql: str, values: Sequence[Any]) -> list[Any]:
    """Return what a statement with many values brings, its text not searched for their places each time.

    A lean cursor remembers where the places are only for texts of up to 4,096 characters and 50 values.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        return cursor.execute(_numbered(sql), values).fetchall()


@functools.lru_cache(maxsize=128)
def _numbered(sql: str) -> Any:
    """Return SQL with PostgreSQL's own places for values, $1 and so on."""
    number = itertools.count(1)
    return re.sub("%%|%s", lambda mark: "%" if mark[0] == "%%" else f"${next(number)}", sql)


def tune_for_workers() -> None:
    """Have the connections of this process, and of those it forks, suit who does the same things all day.

    A commit does not wait until the disk has it: what the database's machine loses in a power cut, the last
    moment in any case, is due again when it is back. What is lost is never older than what somebody else
    committed and waited for.
    """
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        options["init_command"] += " PRAGMA synchronous=NORMAL;"
    elif not settings.HAS_POOLER:
        options["options"] = " ".join((options.get("options", ""), *(f"-c {each}" for each in _FOR_WORKERS)))
    connection.close()


def ask(question: Callable[[], Result]) -> Result:
    """Return what is asked of the database, on a new connection if the old one turns out to be dead.

    question: changes nothing. It is asked instead of Django's `SELECT 1`, which would be one way more to the
    database and back before each batch of deliveries.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return question()
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return question()
