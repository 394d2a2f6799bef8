"""Under which circumstances a step is run at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from alerts.logic.event import Severity
from alerts.logic.hours import Hours, is_within


@dataclass(frozen=True)
class Condition:
    """What must be so when a step's time has come; what is empty does not matter.

    tag: a name; tag_values: one of them, in whatever case; empty: the tag is there at all.
    hours: within them, or outside.
    """

    severities: tuple[Severity, ...] = ()
    tag: str = ""
    tag_values: tuple[str, ...] = ()
    hours: Hours | None = None
    is_outside: bool = False

    def holds(self, severity: Severity, tags: Mapping[str, str], at: datetime) -> bool:
        """Tell whether all of it is so for an alert at an instant."""
        return (
            (not self.severities or severity in self.severities)
            and (not self.tag or self._has_tag(tags))
            and (self.hours is None or is_within(self.hours, at) != self.is_outside)
        )

    def _has_tag(self, tags: Mapping[str, str]) -> bool:
        if self.tag not in tags:
            return False
        wanted = {value.casefold() for value in self.tag_values}
        return not wanted or str(tags[self.tag]).casefold() in wanted

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "severities": [severity.value for severity in self.severities],
            "tag": self.tag,
            "tag_values": list(self.tag_values),
            "hours": self.hours.as_json() if self.hours else None,
            "is_outside": self.is_outside,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        return cls(
            severities=tuple(map(Severity, row["severities"])),
            tag=row["tag"],
            tag_values=tuple(row["tag_values"]),
            hours=Hours.from_json(row["hours"]) if row["hours"] else None,
            is_outside=row["is_outside"],
        )


ALWAYS = Condition()
