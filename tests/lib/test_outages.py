"""What is wrong with a database is told in the operator's words, and not in its own."""

import pytest
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError
from psycopg import errors

from alertops.lib import outages


def of_postgresql(kind, cause):
    error = kind("secret")
    error.__cause__ = cause("secret")
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationalError("database or disk is full"), "disk is full"),
        (OperationalError("disk I/O error"), "disk is full"),
        (OperationalError("attempt to write a readonly database"), "only be read"),
        (OperationalError("database is locked"), "held up"),
        (OperationalError("no such table: x"), "manage.py migrate"),
        (of_postgresql(OperationalError, errors.DiskFull), "disk is full"),
        (of_postgresql(InternalError, errors.ReadOnlySqlTransaction), "only be read"),
        (of_postgresql(OperationalError, errors.QueryCanceled), "held up"),
        (of_postgresql(OperationalError, errors.TooManyConnections), "no connection left"),
        (of_postgresql(ProgrammingError, errors.UndefinedTable), "manage.py migrate"),
        (DatabaseError("secret"), "does not answer"),
    ],
    ids=str,
)
def test_an_outage_is_described(error, words):
    assert words in outages.describe(error)
    assert "secret" not in outages.describe(error)
