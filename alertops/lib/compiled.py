"""Statements that Django compiles once, and sends with other values each time.

To have the SQL made of a QuerySet takes several times as long as to have the database answer it, and what
is asked a thousand times a minute is always the same but for its values. So the QuerySet stays the only
place where the statement is written, and is built once, from parameters instead of values.
"""

import copy
import functools
import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin, overload

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from alertops.lib.connections import lean_cursor

Values = ParamSpec("Values")
Answer = TypeVar("Answer")

_FIELDS: dict[type, models.Field] = {
    int: models.BigIntegerField(),
    str: models.TextField(),
    bool: models.BooleanField(),
    datetime: models.DateTimeField(),
}
# What stands for a list of values until all is compiled, and what each database has there.
_LIST = "IN (LIST%s)"
_LISTS = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


class Statement(Generic[Values, Answer]):
    """A function that makes one statement of its arguments: a QuerySet that is to be read, or an update.

    It is called once for each database, with parameters in place of values, so nothing in it may depend
    on a value, and whatever else it looks at is kept for ever. Its arguments are annotated int, str, bool
    or datetime, one of these or None (to be written, never to be compared with), or Sequence of one of these,
    which goes with `__in` alone. What deletes is called in a transaction.
    Returns: the rows of the QuerySet as a list, or how many rows were changed.
    """

    def __init__(self, build: Callable[Values, Any]) -> None:
        functools.update_wrapper(self, build)
        self._build: Any = build
        self._signature = inspect.signature(build)
        self._form = functools.cache(self._compile)

    def __call__(self, *arguments: Values.args, **options: Values.kwargs) -> Answer:
        values = self._signature.bind(*arguments, **options).arguments
        own = connections[DEFAULT_DB_ALIAS]  # looked up once: it is another one in each thread
        answer: Answer = self._form(own.vendor).ask(values, own)
        return answer

    def _compile(self, vendor: str) -> "_Form":
        parameters = {
            name: _Parameter(name, parameter.annotation)
            for name, parameter in self._signature.parameters.items()
        }
        with _recorded() as statements:
            made = self._build(**parameters)
        if not isinstance(made, models.QuerySet):
            [statement] = statements
            return _Form(*_written(vendor, *statement))
        compiler = made.query.get_compiler(made.db)
        written = _written(vendor, *compiler.as_sql())
        columns = [column for column, *_alias in compiler.select[: compiler.col_count]]
        return _Select(*written, made, compiler, compiler.get_converters(columns))


@overload
def compiled(build: Callable[Values, models.QuerySet]) -> Statement[Values, list[Any]]: ...
@overload
def compiled(build: Callable[Values, int]) -> Statement[Values, int]: ...
def compiled(build: Callable[Values, Any]) -> Statement[Values, Any]:
    """Have a function that makes a statement compile it once; see `Statement`."""
    return Statement(build)


def _written(vendor: str, sql: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return SQL as it is to be sent, with what never changes written into it, and the rest of the values.

    A partial index is used only where its condition is written out: what a parameter will be, neither
    database knows when it plans.
    """
    given, kept = iter(values), []

    def write(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return mark[0]
        value = next(given)
        if type(value) is int:
            return str(value)
        if isinstance(value, str):
            return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"
        kept.append(value)
        return mark[0]

    return re.sub("%%|%s", write, sql).replace(_LIST, _LISTS[vendor]), tuple(kept)


@dataclass(frozen=True)
class _Form:
    """The SQL of an update. values: parameters, and what does not change."""

    sql: str
    values: tuple[Any, ...]

    def ask(self, given: dict[str, Any], own: BaseDatabaseWrapper) -> Any:
        with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS), lean_cursor() as cursor:
            cursor.execute(self.sql, self.filled(given, own))
            return cursor.rowcount

    def filled(self, given: dict[str, Any], own: BaseDatabaseWrapper) -> tuple[Any, ...]:
        return tuple(
            value.fill(given[value.name], own) if isinstance(value, _Parameter) else value
            for value in self.values
        )


@dataclass(frozen=True)
class _Select(_Form):
    """The SQL of a QuerySet, and what Django has to know to make rows of the answer."""

    queryset: models.QuerySet
    compiler: SQLCompiler
    converters: dict[int, Any]

    def ask(self, given: dict[str, Any], own: BaseDatabaseWrapper) -> list[Any]:
        if self.queryset.query.select_for_update and own.get_autocommit():
            raise transaction.TransactionManagementError("Rows are locked in a transaction only.")
        with lean_cursor() as cursor:
            cursor.execute(self.sql, self.filled(given, own))
            found = cursor.fetchall()
        compiler, query = copy.copy(self.compiler), copy.copy(self.queryset.query)
        compiler.connection = own
        _have_return(compiler, "execute_sql", [found])
        _have_return(compiler, "get_converters", self.converters)
        _have_return(query, "get_compiler", compiler)
        return list(self._rows_of(query))

    def _rows_of(self, query: Any) -> models.QuerySet:
        """Return the QuerySet with another query; its own way to a copy would copy the whole query."""
        rows = type(self.queryset)(self.queryset.model, query)
        for name in ("_fields", "_iterable_class", "_prefetch_related_lookups"):
            setattr(rows, name, getattr(self.queryset, name))
        return rows


def _have_return(owner: Any, method: str, answer: Any) -> None:
    """Have a method of one object return what is known."""
    setattr(owner, method, lambda *_arguments, **_options: answer)


class _Parameter(models.Expression):
    """Stands for a value that is not known yet, or for a list of them."""

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.is_list = get_origin(annotation) is Sequence
        # Of `int | None`, too, the first is what counts.
        self._type = _FIELDS[(*get_args(annotation), annotation)[0]]
        super().__init__(output_field=self._type)

    def as_sql(self, _compiler: Any, _connection: Any) -> Any:
        return "LIST%s" if self.is_list else "%s", [self]

    def fill(self, value: Any, own: BaseDatabaseWrapper) -> Any:
        """Return a value as the database takes it."""
        if not self.is_list:
            return self._type.get_db_prep_value(value, own)
        stored = [self._type.get_db_prep_value(each, own) for each in value]
        return stored if own.vendor == "postgresql" else json.dumps(stored)


@contextmanager
def _recorded() -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """Give a list for the statements that are made within; they are neither sent nor logged."""
    statements: list[tuple[str, Sequence[Any]]] = []

    def record(_execute: Any, sql: str, values: Any, *_rest: Any) -> None:
        statements.append((sql, values))

    connection.make_debug_cursor = connection.make_cursor  # type: ignore[assignment, method-assign]
    try:
        with connection.execute_wrapper(record):
            yield statements
    finally:
        del connection.make_debug_cursor
