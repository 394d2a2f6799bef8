"""The way to the database for the few statements that are asked at every delivery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")


@contextmanager
def lean_cursor() -> Iterator[Any]:
    """Give a cursor for the hottest statements: PostgreSQL takes their values as they are.

    Django's own writes all values into the statement, which PostgreSQL then has to read out of it again. It
    is used where statements are recorded.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


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
