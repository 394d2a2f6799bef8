"""How an integration is doing, in words: one badge, one sentence, the last deliveries as a strip."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alertops.lib.display import Tone, ago, badge, list_of
from integrations.logic.outcome import Status
from integrations.logic.standing import Recent, Standing, State, standing
from integrations.models import InboundMessage, Integration
from integrations.operations.recent import recent

IN_A_ROW = 20  # deliveries that a row of the list looks at
ON_THE_PAGE = 500
STRIP = 40  # deliveries that are drawn on the page

BADGES = {
    State.OFF: (gettext_lazy("Off"), Tone.GREY, "block"),
    State.NEW: (gettext_lazy("Waiting"), Tone.BLUE, "hourglass_empty"),
    State.BEHIND: (gettext_lazy("Behind"), Tone.ORANGE, "hourglass_top"),
    State.FAILING: (gettext_lazy("Failing"), Tone.RED, "error"),
    State.QUIET: (gettext_lazy("Quiet"), Tone.GREY, "bedtime"),
    State.SHAKY: (gettext_lazy("Some fail"), Tone.AMBER, "warning"),
    State.WORKING: (gettext_lazy("Working"), Tone.GREEN, "check_circle"),
}
# What a status did, in words that follow a number.
DID = {
    Status.MAPPED: gettext_lazy("opened or closed an alert"),
    Status.MAPPED_APPENDED: gettext_lazy("joined an alert"),
    Status.MAPPED_IGNORED: gettext_lazy("changed nothing"),
    Status.MAPPING_FAILED: gettext_lazy("could not be mapped"),
    Status.REFUSED: gettext_lazy("refused"),
    Status.PROCESSING: gettext_lazy("being processed"),
    Status.PENDING: gettext_lazy("waiting"),
}


@dataclass(frozen=True)
class Figure:
    """How many of the last day's deliveries did what, and where they are listed."""

    status: Status
    count: int
    label: Any
    url: str


@dataclass(frozen=True)
class Doing:
    """How one integration is doing."""

    integration: Integration
    found: Standing
    rows: Sequence[Recent]
    now: datetime

    @property
    def tone(self) -> Tone:
        return BADGES[self.found.state][1]

    @property
    def icon(self) -> str:
        return BADGES[self.found.state][2]

    @property
    def badge(self) -> SafeString:
        word, tone, icon = BADGES[self.found.state]
        return badge(str(word), tone, icon)

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.found.state](self.found, self.now)

    @property
    def volume(self) -> str:
        return _volume(self.found, self.now)

    @property
    def figures(self) -> list[Figure]:
        return [
            Figure(status, self.found.counts[status], label, log_of(self.integration.pk, status=status.value))
            for status, label in DID.items()
            if self.found.counts[status]
        ]

    @property
    def strip(self) -> SafeString:
        return draw_strip(self.rows[:STRIP])


def doing_of(integration: Integration, now: datetime) -> Doing:
    """Return how one integration is doing, by one query."""
    return doing_of_all([integration], now, most=ON_THE_PAGE)[integration.pk]


def doing_of_all(rows: Iterable[Integration], now: datetime, *, most: int) -> dict[int, Doing]:
    """Return how integrations are doing, by one query for all of them."""
    of = {row.pk: row for row in rows}
    found = recent(of, most=most)
    return {
        pk: Doing(row, standing(found[pk], is_enabled=row.is_enabled, now=now, most=most), found[pk], now)
        for pk, row in of.items()
    }


def log_of(number: int, **narrowing: str) -> str:
    """Return the address of the log, narrowed to an integration."""
    return list_of(InboundMessage, integration__id__exact=number, **narrowing)


def draw_strip(rows: Sequence[Recent]) -> SafeString:
    """Draw the last deliveries, oldest first: what failed is tall and red, what changed nothing is low."""
    if not rows:
        return SafeString("")
    bars = format_html_join(
        "",
        '<i class="ao-beat ao-beat-{}"></i>',
        ((_BEATS.get(row.status, "waiting"),) for row in reversed(rows)),
    )
    problems = sum(_BEATS.get(row.status) == "bad" for row in rows)
    label = ngettext("The last delivery", "The last %(n)d deliveries", len(rows)) % {"n": len(rows)}
    told = ngettext("%(n)d went wrong", "%(n)d went wrong", problems) % {"n": problems}
    return format_html(
        '<span class="ao-strip" role="img" aria-label="{0}: {1}" title="{0}: {1}">{2}</span>',
        label,
        told,
        bars,
    )


_BEATS = {
    Status.MAPPED: "good",
    Status.MAPPED_APPENDED: "good",
    Status.MAPPED_IGNORED: "idle",
    Status.MAPPING_FAILED: "bad",
    Status.REFUSED: "bad",
}


def _volume(found: Standing, now: datetime) -> str:
    """Say how much comes in."""
    if found.is_capped and found.since:
        return _("Of the newest %(n)d deliveries, which came within %(time)s.") % {
            "n": found.count,
            "time": timesince(found.since, now, depth=1),
        }
    if found.count:
        text = ngettext(
            "%(n)d delivery in the last 24 hours.", "%(n)d deliveries in the last 24 hours.", found.count
        )
        return text % {"n": found.count}
    if found.last_at:
        return _("Nothing in the last 24 hours; the last delivery came %(time)s.") % {
            "time": ago(found.last_at, now)
        }
    return ""


def _off(_found: Standing, _now: datetime) -> str:
    return _("It is switched off: what its sender posts is refused.")


def _new(_found: Standing, _now: datetime) -> str:
    return _("It waits for the first delivery.")


def _behind(found: Standing, now: datetime) -> str:
    since = timesince(found.waiting_since or now, now, depth=1)
    return _("Deliveries have waited for %(time)s to be processed: is the worker running?") % {"time": since}


def _failing(found: Standing, _now: datetime) -> str:
    text = ngettext(
        "It is failing: the last delivery was refused or could not be mapped.",
        "It is failing: the last %(n)d deliveries were refused or could not be mapped.",
        found.run,
    )
    return text % {"n": found.run}


def _quiet(found: Standing, now: datetime) -> str:
    return _("It is quiet: nothing has come for %(time)s.") % {
        "time": timesince(found.last_at or now, now, depth=1)
    }


def _shaky(found: Standing, _now: datetime) -> str:
    text = ngettext(
        "It is working, but %(bad)d delivery of the last %(n)d was refused or could not be mapped.",
        "It is working, but %(bad)d deliveries of the last %(n)d were refused or could not be mapped.",
        found.problem_count,
    )
    return text % {"bad": found.problem_count, "n": found.count}


def _working(found: Standing, now: datetime) -> str:
    return _("It is working. %(volume)s") % {"volume": _volume(found, now)}


_SENTENCES = {
    State.OFF: _off,
    State.NEW: _new,
    State.BEHIND: _behind,
    State.FAILING: _failing,
    State.QUIET: _quiet,
    State.SHAKY: _shaky,
    State.WORKING: _working,
}
