"""What the workbench says: every verdict, what each field came to, and what would happen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.conditions import shorten
from alertops.lib.display import badge, page_of
from alertops.lib.wording import worded
from alerts.badges import SEVERITY
from alerts.logic.event import Event, Kind, headline
from alerts.models.alert import SEVERITY_CHOICES
from alerts.operations.rehearsal import Rehearsal
from integrations import badges, operations
from integrations.logic.look import Look, look
from integrations.logic.mapping import FIELDS, TAG, Problem, Rule
from integrations.logic.outcome import STATUS, Reason, most_telling
from integrations.logic.payload import Payload
from integrations.logic.trace import FieldTrace, RuleResult, RuleTrace, Trace, sentence
from integrations.models import STATUS_CHOICES

_RESULTS = {
    RuleResult.DECIDES: gettext_lazy("decides"),
    RuleResult.REFUSES: gettext_lazy("does not take it: %(why)s"),
    RuleResult.NO_LIST: gettext_lazy("does not take it: %(why)s"),
    RuleResult.EMPTY: gettext_lazy("has nothing to go through: %(why)s"),
    RuleResult.OFF: gettext_lazy("is off"),
    RuleResult.BROKEN: gettext_lazy("cannot work yet: see what is marked in it"),
}
_ACTS = {
    Kind.OPEN: gettext_lazy("“%(value)s” opens an alert"),
    Kind.CLOSE: gettext_lazy("“%(value)s” closes the alert"),
    Kind.UPDATE: gettext_lazy("“%(value)s” updates the alert"),
}
_SEVERITIES = dict(SEVERITY_CHOICES)
_STATUSES = dict(STATUS_CHOICES)


def verdict(
    rule: Rule, problems: Sequence[Problem], payload: Payload | None, tried: RuleTrace | None
) -> dict[str, Any]:
    """Return what is shown beside the parts of one rule.

    payload: None where the delivery cannot be read.  tried: None where the rule was not asked.
    """
    found = look(rule, problems, payload) if payload else None
    return {
        "result": tried.result.value if tried else "later",
        "said": _said(tried, payload),
        "problems": _by_place(problems),
        "list": _list(rule, found) if found else "",
        "filters": _filters(found) if found else {},
        "fields": {name: _field(row) for name, row in (found.fields or {}).items()} if found else {},
        "status": _status(found) if found else "",
    }


def _said(tried: RuleTrace | None, payload: Payload | None) -> str:
    if payload is None:
        return ""
    if tried is None:
        return _("is not asked: an earlier rule decides")
    return str(_RESULTS[tried.result]) % {"why": shorten(worded(tried.reason), 300)}


def _by_place(problems: Sequence[Problem]) -> dict[str, str]:
    """Return the first message for each input."""
    return {problem.field: worded(problem.message) for problem in reversed(problems)}


def _list(rule: Rule, found: Look) -> str:
    if found.why_no_list:
        return worded(found.why_no_list)
    if not rule.iterate_over:
        return ""
    text = _("%(count)d elements; the examples below are of element %(number)d.")
    return text % {"count": found.element_count, "number": found.index + 1}


def _filters(found: Look) -> dict[int, dict[str, Any]]:
    return {
        place: {"holds": verdict.holds, "said": worded(verdict.reason)}
        for place, verdict in (found.filters or {}).items()
    }


def _field(row: FieldTrace) -> dict[str, Any]:
    notes = [shorten(worded(note), 300) for note in row.notes]
    return {"value": shorten(row.value, 300), "gaps": notes[: row.gap_count], "notes": notes[row.gap_count :]}


def _status(found: Look) -> str:
    row = (found.fields or {}).get("source_status")
    if row is None or not row.value:
        return ""
    if found.kind is None:
        return _("“%(value)s” is in none of the three lists") % {"value": shorten(row.value, 100)}
    return str(_ACTS[found.kind]) % {"value": shorten(row.value, 100)}


@dataclass(frozen=True)
class EventShown:
    """One event of a delivery: what it says and would do."""

    number: int
    sentence: str
    consequence: SafeString | str
    badge: SafeString
    severity: SafeString | str
    subject: str
    fields: list[tuple[str, FieldTrace]]
    key: str


@dataclass(frozen=True)
class Outcome:
    """What a delivery would come to.

    consequence: of its one event, else each has its own.  hidden_count: events that are not shown.
    """

    sentence: str
    badge: SafeString
    consequence: SafeString | str
    events: list[EventShown]
    hidden_count: int
    rehearsed: Rehearsal | None


def outcome(trial: operations.Trial) -> Outcome:
    """Tell what was found by trying rules."""
    events = [_event(each) for each in trial.events]
    telling = most_telling(each.reason for each in trial.events)
    first = next(event for event, each in zip(events, trial.events, strict=True) if each.reason == telling)
    return Outcome(
        sentence=_sentence(trial.trace),
        badge=reason_badge(telling),
        consequence=first.consequence if len(events) == 1 else "",
        events=events,
        hidden_count=len(trial.trace.decisions) - len(events),
        rehearsed=trial.rehearsed,
    )


def _sentence(trace: Trace) -> str:
    broken = next((rule.name for rule in trace.rules if rule.result is RuleResult.BROKEN), None)
    if broken is None:
        return worded(sentence(trace))
    return _("The rule “%(name)s” cannot work yet: mend what is marked in it.") % {"name": broken}


def _event(each: operations.Foreseen) -> EventShown:
    decision, event = each.decision, each.decision.event
    return EventShown(
        number=decision.index + 1,
        sentence=worded(decision.sentence),
        consequence=_consequence(each),
        badge=reason_badge(each.reason),
        severity=_severity(event) if event and event.kind is Kind.OPEN else "",
        subject=headline(event) if event else "",
        fields=[(_name(row.name), row) for row in decision.fields],
        key=" · ".join(filter(None, (event.source, event.source_name, event.source_id))) if event else "",
    )


def reason_badge(reason: Reason) -> SafeString:
    status = STATUS[reason]
    tone, icon = badges.STATUS[status]
    return badge(str(_STATUSES[status.value]), tone, icon)


def _severity(event: Event) -> SafeString:
    tone, icon = SEVERITY[event.severity]
    return badge(str(_SEVERITIES[event.severity.value]), tone, icon, look="solid")


_NEW = {
    Reason.OPENED: gettext_lazy("Delivered now, it would open a new alert."),
    Reason.DUPLICATE: gettext_lazy("It would join the alert that this very delivery opens."),
    Reason.CLOSED: gettext_lazy("It would close the alert that this very delivery opens."),
    Reason.UPDATED: gettext_lazy("It would add a line to the alert that this very delivery opens."),
    Reason.CLOSE_WITHOUT_OPEN: gettext_lazy("Delivered now, it would do nothing: no such alert is open."),
    Reason.UPDATE_WITHOUT_OPEN: gettext_lazy("Delivered now, it would do nothing: no such alert is open."),
    Reason.STALE: gettext_lazy("Delivered now, it would do nothing: a later delivery has had its say."),
}
_KNOWN = {
    Reason.REOPENED: gettext_lazy(
        "Delivered now, it would open %(alert)s again, which has just been closed."
    ),
    Reason.DUPLICATE: gettext_lazy(
        "Delivered now, it would join %(alert)s, its %(times)s time; nobody is told again."
    ),
    Reason.CLOSED: gettext_lazy("Delivered now, it would close %(alert)s."),
    Reason.UPDATED: gettext_lazy("Delivered now, it would add a line to %(alert)s."),
}
_WORSE = gettext_lazy("Delivered now, it would join %(alert)s and make it worse: people are told at once.")


def _consequence(each: operations.Foreseen) -> SafeString | str:
    if each.alert is None or each.reason not in _KNOWN:
        return str(_NEW.get(each.reason, ""))
    text = str(_WORSE if each.is_raise else _KNOWN[each.reason])
    link = format_html('<a class="ao-link" href="{}">{}</a>', page_of(each.alert), each.alert)
    before, _alert, after = text.partition("%(alert)s")
    return format_html(
        "{}{}{}", before, link, after.replace("%(times)s", str(ordinal(each.alert.event_count + 1)))
    )


def _name(field: str) -> str:
    return (
        _("Tag %(name)s") % {"name": field.removeprefix(TAG)}
        if field.startswith(TAG)
        else _(FIELDS.get(field, field))
    )
