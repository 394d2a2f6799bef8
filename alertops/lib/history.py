"""Who changed what in the configuration, from what to what: how it is recorded, and how it reads.

One record is one row as it was after one change. What is secret is never part of a record.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.models import HistoricalRecords

from alertops.lib import display, durations
from alertops.lib.wording import worded

# What one person changes within this time of the change before is one save, as people see it.
ONE_SAVE = timedelta(seconds=3)
MOST_RECORDS = 300
LONGEST = 300


class History(HistoricalRecords):
    """The records of a model. A save that changes nothing that is recorded leaves none."""

    def post_save(self, instance: Any, created: bool, using: Any = None, **options: Any) -> None:  # noqa: FBT001
        if created or self._differs(instance):
            super().post_save(instance, created, using=using, **options)

    def m2m_changed(self, instance: Any, action: str, **options: Any) -> None:
        if not options["reverse"]:  # from the other side it is no row of this model that changed
            super().m2m_changed(instance, action, **options)

    def _differs(self, instance: Any) -> bool:
        last = getattr(instance, self.manager_name).order_by("-history_id").first()
        if last is None:
            return True
        columns = [column.attname for column in last.tracked_fields]
        return any(getattr(instance, column) != getattr(last, column) for column in columns)


@dataclass(frozen=True)
class Change:
    """One value that changed, as it is read."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """What happened to one row within a save.

    title: which row, where it is not the page's own.
    verb: "+", "~", "-", or "?" where it is not on record what was before.
    """

    title: str
    verb: str
    changes: tuple[Change, ...]


@dataclass
class Save:
    """What one person changed at once."""

    at: datetime
    user_id: int | None
    who: str = ""
    lines: list[Line] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """One model whose records belong to a page.

    column: the column of the model that holds the page's row; "id" for the row itself.
    """

    model: Any
    column: str

    def records(self, pk: int) -> models.QuerySet:
        return self.model.history.model.objects.filter(**{self.column: pk})


def kept_with(model: Any, inlines: Iterable[Any]) -> list[Kept]:
    """Return the models whose records make up the history of a page: its own, and those edited inside it."""
    found = [Kept(model, "id")]
    for inline in inlines:
        if hasattr(inline.model, "history"):
            key = next(column for column in inline.model._meta.fields if column.related_model is model)
            found.append(Kept(inline.model, key.attname))
    return found


def version_of(pk: int, kept: Sequence[Kept]) -> str:
    """Return a text that is another one after every change."""
    return ".".join(str(_last_id(one.records(pk))) for one in kept)


def _last_id(records: models.QuerySet) -> int:
    return records.order_by("-history_id").values_list("history_id", flat=True).first() or 0


def saves_of(pk: int, kept: Sequence[Kept], *, since: str = "") -> list[Save]:
    """Return what was changed, the newest first.

    since: an older version: only what was changed after it.
    """
    seen = [int(part) if part.isdecimal() else 0 for part in since.split(".")] if since else [0] * len(kept)
    seen += [0] * (len(kept) - len(seen))
    rows = [_Row(one, record) for one in kept for record in _newest(one, pk)]
    rows.sort(key=lambda row: (row.record.history_date, row.record.history_id))
    _read_values(rows)
    floor = {id(one): number for one, number in zip(kept, seen, strict=False)}
    return _grouped(rows, pk, floor)


def _newest(one: Kept, pk: int) -> list[Any]:
    records = one.records(pk).select_related("history_user").order_by("-history_id")
    return list(records[:MOST_RECORDS])


@dataclass
class _Row:
    """A record with the texts of its values."""

    kept: Kept
    record: Any
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def of(self) -> tuple[Any, int]:
        return self.kept.model, self.record.id


def _grouped(rows: list[_Row], pk: int, floor: dict[int, int]) -> list[Save]:
    """Put records that were made at once together, and tell each from what was before it."""
    saves: list[Save] = []
    states: dict[tuple[Any, int], dict[str, Any]] = {}
    pending: dict[tuple[Any, int], list[_Row]] = {}
    last: Any = None
    for row in [*rows, None]:
        is_new = row is None or (last and not _belongs(row.record, last))
        if is_new and pending:
            saves.append(_save(last, pending, states, pk))
            pending = {}
        if row is None:
            break
        if row.record.history_id > floor[id(row.kept)]:
            pending.setdefault(row.of, []).append(row)
            last = row.record
        else:
            states[row.of] = row.values
    return [save for save in reversed(saves) if save.lines]


def _belongs(record: Any, last: Any) -> bool:
    is_soon = record.history_date - last.history_date <= ONE_SAVE
    return is_soon and record.history_user_id == last.history_user_id


def _save(last: Any, pending: dict[Any, list[_Row]], states: dict[Any, Any], pk: int) -> Save:
    save = Save(last.history_date, last.history_user_id, str(last.history_user or _("alertops")))
    for (model, row_id), rows in pending.items():
        before, after = states.get((model, row_id)), rows[-1].values
        verbs = {row.record.history_type for row in rows}
        verb = "-" if "-" in verbs else "+" if "+" in verbs else "~"
        states[model, row_id] = after
        is_own = rows[0].kept.column == "id"
        title = "" if is_own else _title(model, rows[-1].record)
        if verb == "~" and before is None:
            verb = "?"
        changes = tuple(_changes(before or {}, after)) if verb in "+~" else ()
        if changes or verb != "~":
            save.lines.append(Line(title, verb, changes))
    return save


def _title(model: Any, record: Any) -> str:
    """Name a row as its model does, from the columns that are recorded."""
    columns = {column.attname: getattr(record, column.attname) for column in record.tracked_fields}
    try:
        return str(model(**columns))
    except models.ObjectDoesNotExist:  # what it is named after is gone
        return str(capfirst(model._meta.verbose_name))


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for label, value in after.items():
        old = before.get(label, "")
        if old == value or (not before and value == _("no")):
            continue
        if isinstance(value, dict) or isinstance(old, dict):
            old, new = (part if isinstance(part, dict) else {} for part in (old, value))
            for key in sorted({*old, *new}):
                if old.get(key, "") != new.get(key, ""):
                    yield Change(f"{label}: {key}", old.get(key, ""), new.get(key, ""))
        else:
            yield Change(label, old if isinstance(old, str) else "", value)


# How values read


def _read_values(rows: list[_Row]) -> None:
    """Write the values of records as texts; a fixed number of queries for each model."""
    for model in {row.kept.model for row in rows}:
        mine = [row for row in rows if row.kept.model is model]
        columns = [column for column in mine[0].record.tracked_fields if not column.primary_key]
        for column in columns:
            if column.name == mine[0].kept.column.removesuffix("_id"):
                continue  # the page itself
            named = _named(column, [getattr(row.record, column.attname) for row in mine])
            for row in mine:
                value = getattr(row.record, column.attname)
                row.values[str(capfirst(column.verbose_name))] = _text(column, value, named)
        for many in mine[0].record._history_m2m_fields:
            names = _names_of(many, [row.record.history_id for row in mine])
            for row in mine:
                row.values[str(capfirst(many.verbose_name))] = ", ".join(names.get(row.record.history_id, []))


def _named(column: Any, keys: list[Any]) -> dict[Any, str]:
    """Return the names of the rows that a foreign key led to; those that are there yet."""
    if column.related_model is None:
        return {}
    found = column.related_model._default_manager.in_bulk({key for key in keys if key is not None})
    return {key: str(row) for key, row in found.items()}


def _names_of(many: Any, history_ids: list[int]) -> dict[int, list[str]]:
    """Return the names of the rows that belonged to each record, in order."""
    target = many.m2m_reverse_field_name() + "_id"
    pairs = list(
        HistoricalRecords.m2m_models[many]
        .objects.filter(history_id__in=history_ids)
        .values_list("history_id", target)
    )
    rows = many.related_model._default_manager.in_bulk({pk for _record, pk in pairs})
    names: dict[int, list[str]] = {}
    for record, pk in pairs:
        names.setdefault(record, []).append(str(rows.get(pk, f"#{pk}")))
    return {record: sorted(found) for record, found in names.items()}


def _text(column: Any, value: Any, named: dict[Any, str]) -> Any:
    """Write one value as people read it; a JSON object stays a dict of texts, told key by key."""
    if value is None or value in ("", [], {}):
        return ""
    if column.related_model is not None:
        return named.get(value, f"#{value}")
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    # What nobody enters, the system has said.
    return _plain(value) if column.editable or not isinstance(value, str) else worded(value)


def _plain(value: Any) -> str:
    match value:
        case bool():
            text = _("yes") if value else _("no")
        case timedelta():
            text = durations.spell(value)
        case datetime():
            text = display.exact(value)
        case list():
            text = "; ".join(map(_plain, value))
        case dict():
            text = " ".join(map(_plain, value.values()))
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
