"""How many rows are written at once: one statement where the database can, and never by way of a model.

Django's own bulk_create and bulk_update take several times as long: of a message's processing that would
be most.
"""

import functools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from alertops.lib.connections import lean_cursor

# Not in an array's type: what is too long would be cut off there, and is to be refused by the column.
_LENGTH = re.compile(r"\(\d+\)")
# What the fields of these kinds would hand on unchanged; asked one by one that is most of the work.
_PLAIN: dict[type, tuple[type, ...]] = {
    models.CharField: (str, type(None)),
    models.TextField: (str, type(None)),
    models.BigAutoField: (int,),
    models.PositiveIntegerField: (int, type(None)),
    models.PositiveSmallIntegerField: (int, type(None)),
    models.ForeignKey: (int, type(None)),
    models.BooleanField: (bool,),
    models.DateTimeField: (type(None),),
}
MOST_VALUES = 30_000  # of one statement; SQLite takes 32,766
_NUMBERS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, whose numbers nobody asks for: they are not brought back."""
    if not rows:
        return
    connection, shape = connections[DEFAULT_DB_ALIAS], _shape_of(rows[0])
    values = [_stored(shape.fields, row, connection) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(shape, values, connection, cursor)
        else:
            cursor.executemany(f"{shape.insert} VALUES {shape.places}", values)


def insert_numbered(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, and give each its number."""
    if not rows:
        return
    connection, shape = connections[DEFAULT_DB_ALIAS], _shape_of(rows[0])
    if connection.vendor == "postgresql":
        # The numbers first, for the sake of COPY: it takes a row in half the time, and returns nothing.
        with lean_cursor() as cursor:
            cursor.execute(_NUMBERS, [shape.table, rows[0]._meta.pk.column, len(rows)])
            numbers = cursor.fetchall()
    else:
        numbers = _insert(rows, f"RETURNING {shape.key}")
    for row, (number,) in zip(rows, numbers, strict=True):
        row.pk = number
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    if connection.vendor == "postgresql":
        insert_rows(rows)


def insert_missing(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, but for those that the database has already by one of its constraints."""
    if rows:
        _insert(rows, "ON CONFLICT DO NOTHING")


def update_rows(rows: Sequence[models.Model], columns: Collection[str]) -> None:
    """Write the named columns of rows of one model, as they are in memory."""
    if not rows:
        return
    connection = connections[DEFAULT_DB_ALIAS]
    shape = _shape(type(rows[0]), (*columns, rows[0]._meta.pk.name), connection.vendor)
    values = [_stored(shape.fields, row, connection) for row in rows]
    with lean_cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(shape.update_from_arrays, _columns(values))
        else:
            cursor.executemany(shape.update_one, values)


@dataclass(frozen=True)
class _Shape:
    """Some fields of a model, and the SQL that is about them.  key: the column of the model's own number."""

    fields: tuple[Any, ...]
    table: str
    columns: tuple[str, ...]
    key: str
    types: tuple[str, ...]

    @property
    def names(self) -> str:
        return ", ".join(self.columns)

    @cached_property
    def insert(self) -> str:
        return f"INSERT INTO {self.table} ({self.names})"

    @cached_property
    def places(self) -> str:
        return f"({', '.join(['%s'] * len(self.fields))})"

    @cached_property
    def arrays(self) -> str:
        """Rows for PostgreSQL from one array for each column: one statement, however many they are."""
        arrays = ", ".join(f"%s::{_LENGTH.sub('', each)}[]" for each in self.types)
        return f"unnest({arrays}) AS fresh ({self.names})"

    @cached_property
    def update_from_arrays(self) -> str:
        """The SQL of an update of all but the last field, by which rows are found."""
        assigned = ", ".join(f"{name} = fresh.{name}" for name in self.columns[:-1])
        return (
            f"UPDATE {self.table} SET {assigned} FROM {self.arrays}"  # noqa: S608 (names of ours)
            f" WHERE {self.table}.{self.key} = fresh.{self.key}"
        )

    @cached_property
    def update_one(self) -> str:
        assigned = ", ".join(f"{name} = %s" for name in self.columns[:-1])
        return f"UPDATE {self.table} SET {assigned} WHERE {self.key} = %s"  # noqa: S608 (names of ours)


def _shape_of(row: models.Model) -> _Shape:
    """Return what is written of a new row: all, but for its number as long as it has none."""
    has_key = row.pk is not None
    names = tuple(field.name for field in row._meta.concrete_fields if has_key or not field.primary_key)
    return _shape(type(row), names, connections[DEFAULT_DB_ALIAS].vendor)


@functools.cache
def _shape(model: type[models.Model], names: tuple[str, ...], vendor: str) -> _Shape:
    connection = connections[DEFAULT_DB_ALIAS]
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    return _Shape(
        fields=tuple(fields),
        table=quote(model._meta.db_table),
        columns=tuple(quote(field.column) for field in fields),
        key=quote(model._meta.pk.column or ""),
        types=tuple(field.rel_db_type(connection) for field in fields),
    )


def _copy(shape: _Shape, values: list[list[Any]], connection: Any, cursor: Any) -> None:
    copy_in = f"COPY {shape.table} ({shape.names}) FROM STDIN"
    with connection.wrap_database_errors, cursor.copy(copy_in) as copy:
        for row in values:
            copy.write_row(row)


def _insert(rows: Sequence[models.Model], ending: str) -> list[Any]:
    """Insert rows, together as far as the database takes so many values; return what it says of each."""
    connection, shape = connections[DEFAULT_DB_ALIAS], _shape_of(rows[0])
    values = [_stored(shape.fields, row, connection) for row in rows]
    answers: list[Any] = []
    with lean_cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{shape.insert} SELECT * FROM {shape.arrays} {ending}", _columns(values))  # noqa: S608 (names of ours)
            return cursor.fetchall() if cursor.description else []
        for some in _portions(values, MOST_VALUES // len(shape.fields)):
            insert = f"{shape.insert} VALUES {', '.join([shape.places] * len(some))} {ending}"
            cursor.execute(insert, list(chain(*some)))
            answers += cursor.fetchall() if cursor.description else []
    return answers


def _portions(values: list[list[Any]], size: int) -> Iterator[list[list[Any]]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]


def _stored(fields: Sequence[Any], row: models.Model, connection: Any) -> list[Any]:
    """Return a row's values as the database takes them; most it takes as they are."""
    return [
        value
        if type(value := getattr(row, field.attname)) in _PLAIN.get(type(field), ())
        else field.get_db_prep_save(value, connection)
        for field in fields
    ]


def _columns(values: list[list[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*values, strict=True)]
