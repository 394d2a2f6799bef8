"""How many rows are written at once: one statement where the database can, and never by way of a model.

Django's own bulk_create and bulk_update take several times as long: of a message's processing that would
be most.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, models


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, whose numbers nobody asks for: they are not brought back."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    table, names = _quote(model._meta.db_table), ", ".join(_quote(field.column) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copy_in = f"COPY {table} ({names}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(copy_in) as copy:
                for row in rows:
                    copy.write_row(_stored(fields, row))
        else:
            places = ", ".join(["%s"] * len(fields))
            insert = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 (names of ours)
            cursor.executemany(insert, [_stored(fields, row) for row in rows])


def update_rows(rows: Sequence[models.Model], columns: Collection[str]) -> None:
    """Write the named columns of rows of one model, as they are in memory."""
    if not rows:
        return
    model = type(rows[0])
    fields = [model._meta.get_field(name) for name in columns]
    keyed = [*fields, model._meta.pk]
    values = [_stored(keyed, row) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_from_arrays(model, keyed), [list(column) for column in zip(*values, strict=True)])
        else:
            cursor.executemany(_one_by_one(model, fields), values)


def _stored(fields: Sequence[Any], row: models.Model) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _from_arrays(model: type[models.Model], fields: Sequence[Any]) -> str:
    names = [_quote(field.column) for field in fields]
    assigned = ", ".join(f"{name} = fresh.{name}" for name in names[:-1])
    arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)
    table = _quote(model._meta.db_table)
    return (
        f"UPDATE {table} SET {assigned} FROM unnest({arrays}) AS fresh ({', '.join(names)})"  # noqa: S608
        f" WHERE {table}.{names[-1]} = fresh.{names[-1]}"
    )


def _one_by_one(model: type[models.Model], fields: Sequence[Any]) -> str:
    assigned = ", ".join(f"{_quote(field.column)} = %s" for field in fields)
    key = _quote(model._meta.pk.column)
    return f"UPDATE {_quote(model._meta.db_table)} SET {assigned} WHERE {key} = %s"  # noqa: S608


def _quote(name: str | None) -> str:
    return connection.ops.quote_name(name or "")
