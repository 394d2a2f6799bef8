"""How a push is kept as JSON and had back, field by field as its classes declare them."""

import dataclasses
import types
import typing
from datetime import datetime
from functools import cache
from typing import Any

from brokers.logic.push import Push


def dump(push: Push) -> dict[str, Any]:
    """Return all that a push holds as JSON."""
    return {name: _plain(value) for name, value in dataclasses.asdict(push).items()}


def load(facts: dict[str, Any]) -> Push:
    """Return the push that was kept; what an older version did not keep has its default."""
    push: Push = _made(Push, facts)
    return push


def push_of(row: Any) -> Push:
    """Return the push of a row."""
    return load(row.facts["push"])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _made(kind: Any, facts: dict[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: _read(hints[name], value) for name, value in facts.items() if name in hints})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(hint: Any, value: Any) -> Any:
    """Return a value as its annotation says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return None
    if origin in (typing.Union, types.UnionType):
        [only] = [each for each in arguments if each is not types.NoneType]
        return _read(only, value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_read(arguments[0], part) for part in value)
        return tuple(_read(each, part) for each, part in zip(arguments, value, strict=True))
    if dataclasses.is_dataclass(hint):
        return _made(hint, value)
    return datetime.fromisoformat(value) if hint is datetime else value
