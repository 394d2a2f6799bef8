"""Work on many items at once that must not fail for all of them because of one."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError

Item = TypeVar("Item")
Result = TypeVar("Result")


def together(work: Callable[[list[Item]], Sequence[Result]], items: list[Item]) -> list[Result | Exception]:
    """Return for each item its result, or the exception that it alone has raised.

    work: does all or nothing. When it fails, each item is tried alone, so that only the guilty one fails;
    but when the database is away, all do: it may have been done, and must not be done twice.
    """
    if not items:
        return []
    try:
        return list(work(items))
    except (OperationalError, InterfaceError) as error:
        return [error] * len(items)
    except Exception as error:  # noqa: BLE001 (it is for those whom it concerns)
        return [error] if len(items) == 1 else [together(work, [item])[0] for item in items]
