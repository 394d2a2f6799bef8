"""Which alerts nobody has taken, how bad and how old they are, and who has the others."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alertops.lib.display import Tone, list_of, page_of, when
from alerts import badges
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Status
from alerts.models import Alert, Escalation, User

MOST_ROWS = 8
MOST_TAKEN = 5
# So few that nobody has taken leave room below them for those that somebody has.
FEW_ROWS = 3
LATELY_TAKEN = 200  # among so many of the newest those are found that were taken last
# Only the newest are counted and sorted: the page costs the same on the worst day.
MOST_COUNTED = 2_000

# How old an alert is, by its upper bound.
AGES: list[tuple[Any, timedelta | None]] = [
    (gettext_lazy("under 15 min"), timedelta(minutes=15)),
    (gettext_lazy("to 1 hour"), timedelta(hours=1)),
    (gettext_lazy("to 4 hours"), timedelta(hours=4)),
    (gettext_lazy("to 1 day"), timedelta(days=1)),
    (gettext_lazy("older"), None),
]


@dataclass(frozen=True)
class Counts:
    """How many alerts stand how; each as it is written, with "more than" where it was not counted further.

    late: not closed, and beyond their SLA.  is_any_open: whether somebody should look.
    worst: of the open ones.
    """

    open: str
    acknowledged: str
    snoozed: str
    late: str
    is_any_open: bool
    open_count: int
    worst: Severity | None
    oldest: datetime | None
    url: str


@dataclass(frozen=True)
class Cell:
    """How many open alerts are of one severity and age. heat: 0 to 4, how many beside the fullest cell."""

    count: int
    heat: int
    url: str
    label: str


@dataclass(frozen=True)
class Line:
    """One severity: its badge's word and colour, and how many of each age."""

    severity: str
    word: Any
    tone: Tone
    icon: str
    cells: list[Cell]


@dataclass(frozen=True)
class Row:
    """One alert in the list, with the sentence of how it stands."""

    alert: Alert
    url: str
    sentence: SafeString | str
    is_urgent: bool = False


def standing(now: datetime, user: User, *, is_well: bool) -> dict[str, Any]:
    """Return what the overview tells about alerts; eight queries, however many there are."""
    untaken = _untaken()
    counts = _counts(untaken)
    rows = _open_rows(untaken, now)
    return {
        "counts": counts,
        "answer": answer(counts, is_well=is_well),
        "tone": _tone(counts, is_well=is_well),
        "is_well": is_well,
        "age_labels": [label for label, _bound in AGES],
        "ages": list(_lines(_groups(untaken, now), now)) if untaken else [],
        "rows": rows,
        "is_short": 0 < len(rows) <= FEW_ROWS,
        "taken": _taken_rows(now, user),
        "taken_url": list_of(Alert, status="acknowledged"),
        "now": now,
    }


def answer(counts: Counts, *, is_well: bool) -> str:
    """Answer in one sentence whether anything is wrong that nobody has taken."""
    if counts.is_any_open:
        said = ngettext(
            "%s alert is open and nobody has taken it.",
            "%s alerts are open and nobody has taken them.",
            counts.open_count,
        )
        return said % (counts.open,)
    if not is_well:
        return _("No alert is open, but alertops itself is not well: it may not know what is wrong.")
    if counts.acknowledged or counts.snoozed:
        return _("Nothing is left lying: somebody has taken each alert.")
    return _("Nothing is wrong.")


def row(alert: Alert, now: datetime, user: User, escalation: Escalation | None = None) -> Row:
    """Return one alert as it stands in the list."""
    if alert.status == Status.CLOSED:
        who = alert.closed_by or _("nobody in particular")
        sentence = format_html(_("Closed {time} by {who}."), time=when(alert.closed_at, now), who=who)
        return Row(alert, page_of(alert), sentence)
    if alert.snoozed_until:
        said = _("Snoozed; it ends {time}.")
        if alert.is_muted:
            said = _("Muted until its source says that it is over.")
        sentence = format_html(said, time=when(alert.snoozed_until, now))
        return Row(alert, page_of(alert), sentence)
    if alert.status == Status.ACKNOWLEDGED:
        return Row(alert, page_of(alert), _who_has(alert, now, user))
    is_used_up = escalation is not None and escalation.status == Escalation.Status.EXHAUSTED
    return Row(alert, page_of(alert), _what_next(escalation, now), is_urgent=is_used_up)


# How many, how bad, how old

_Light = tuple[int, str, datetime]  # number, severity and opening of an alert
_Groups = Counter[tuple[Severity, int]]  # how many by severity and number in AGES


def _untaken() -> list[_Light]:
    """Return the newest open alerts that are not kept quiet, the newest first.

    So few columns of so few rows are grouped and sorted here: PostgreSQL would read all alerts to join them
    with the numbers of these.
    """
    rows = Alert.objects.open().filter(snoozed_until=None).order_by("-id")
    return list(rows.values_list("id", "severity", "opened_at")[: MOST_COUNTED + 1])


def _groups(untaken: list[_Light], now: datetime) -> _Groups:
    return Counter((Severity(severity), _age(now - opened_at)) for _id, severity, opened_at in untaken)


def _age(age: timedelta) -> int:
    """Return the number in AGES of an age."""
    return next(place for place, (_label, bound) in enumerate(AGES) if bound is None or age < bound)


def _counts(untaken: list[_Light]) -> Counts:
    acknowledged = Alert.objects.acknowledged().filter(snoozed_until=None).order_by("-id").values("pk")
    # In the words of its index, which holds nothing else: SQLite would go through all that are not closed.
    snoozed = Alert.objects.not_closed().filter(snoozed_until__isnull=False).order_by("snoozed_until")
    severities = [Severity(severity) for _id, severity, _opened_at in untaken]
    return Counts(
        open=_capped(len(untaken)),
        acknowledged=_capped(acknowledged[: MOST_COUNTED + 1].count()),
        snoozed=_capped(snoozed.values("pk")[: MOST_COUNTED + 1].count()),
        late=_capped(Alert.objects.beyond_sla().order_by().values("pk")[: MOST_COUNTED + 1].count()),
        is_any_open=bool(untaken),
        open_count=len(untaken),
        worst=max(severities, key=lambda severity: severity.rank, default=None),
        oldest=min((opened_at for _id, _severity, opened_at in untaken), default=None),
        url=list_of(Alert, status="open"),
    )


def _capped(count: int) -> str:
    """Write a number, or that it is more than was counted; nothing for none."""
    if count > MOST_COUNTED:
        return _("more than %s") % number_format(MOST_COUNTED, force_grouping=True)
    return number_format(count, force_grouping=True) if count else ""


def _tone(counts: Counts, *, is_well: bool) -> Tone:
    if counts.worst is not None:
        return badges.SEVERITY[counts.worst][0]
    return Tone.GREEN if is_well else Tone.RED


def _lines(groups: _Groups, now: datetime) -> Iterator[Line]:
    most = max(groups.values())
    words = dict(Alert._meta.get_field("severity").flatchoices)
    for severity in sorted(Severity, key=lambda one: -one.rank):
        tone, icon = badges.SEVERITY[severity]
        cells = []
        for age, (label, _bound) in enumerate(AGES):
            count = groups[severity, age]
            url = _list_of(severity, age, now)
            cells.append(Cell(count, -(-4 * count // most), url, f"{words[severity.value]}, {label}"))
        yield Line(severity.value, words[severity.value], tone, icon, cells)


def _list_of(severity: Severity, age: int, now: datetime) -> str:
    """Return the list of open alerts of a severity that were opened between two moments."""
    bound, after = AGES[age][1], AGES[age - 1][1] if age else None
    narrowed = {"status": "open", "severity__exact": severity.value}
    if bound is not None:
        narrowed["opened_at__gt"] = _moment(now - bound)
    if after is not None:
        narrowed["opened_at__lte"] = _moment(now - after)
    return list_of(Alert, **narrowed)


def _moment(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


# The lists


def _open_rows(untaken: list[_Light], now: datetime) -> list[Row]:
    """Return the worst of what nobody has taken, the newest of equals first."""
    worst = heapq.nsmallest(MOST_ROWS, untaken, key=lambda light: (-Severity(light[1]).rank, -light[0]))
    numbers = [number for number, *_rest in worst]
    running = Escalation.objects.live().filter(alert__in=numbers)
    escalations = {one.alert_id: one for one in running.only("alert_id", "status", "due_at")}
    return [row(alert, now, User(), escalations.get(alert.pk)) for alert in _whole(numbers)]


def _taken_rows(now: datetime, user: User) -> list[Row]:
    newest = Alert.objects.acknowledged().filter(snoozed_until=None).order_by("-id")
    times = newest.values_list("acknowledged_at", "id")[:LATELY_TAKEN]
    lately = heapq.nlargest(MOST_TAKEN, ((at, number) for at, number in times if at))
    return [row(alert, now, user) for alert in _whole([number for _at, number in lately])]


def _whole(numbers: list[int]) -> list[Alert]:
    """Return alerts with what a row shows, in the order of their numbers here."""
    found = Alert.objects.select_related("integration", "owner").defer("long_text", "tags").in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


def _who_has(alert: Alert, now: datetime, user: User) -> SafeString:
    time = when(alert.acknowledged_at, now)
    if alert.owner_id is not None and alert.owner_id == user.pk:
        return format_html(_("You have it, taken {time}."), time=time)
    return format_html(_("{who} has it, taken {time}."), who=alert.owner or _("Somebody"), time=time)


def _what_next(escalation: Escalation | None, now: datetime) -> SafeString | str:
    if escalation is None:
        return _("Nobody else will be told.")
    if escalation.status == Escalation.Status.EXHAUSTED:
        return _("Everybody was told, and nobody took it.")
    if escalation.due_at is None:
        return ""
    if escalation.due_at <= now:
        return _("The next step comes any moment.")
    return format_html(_("The next step comes {time}."), time=when(escalation.due_at, now))
