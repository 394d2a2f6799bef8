"""How the state of an alert, the fate of a notification, and who is on call are shown on a page."""

from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alertops.lib.display import Tone, ago, badge, exact, when
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Status
from alerts.models import Alert, Attempt, Escalation, Notification
from alerts.operations.on_call import Cover

SEVERITY = {
    Severity.CRITICAL: (Tone.RED, "crisis_alert"),
    Severity.ERROR: (Tone.ORANGE, "error"),
    Severity.WARNING: (Tone.AMBER, "warning"),
    Severity.INFO: (Tone.BLUE, "info"),
}
# Open is solid, acknowledged outlined, closed grey.
LOOK = {Status.OPEN: "solid", Status.ACKNOWLEDGED: "outlined", Status.CLOSED: "soft"}
STATUS_ICON = {
    Status.OPEN: "notifications_active",
    Status.ACKNOWLEDGED: "person_check",
    Status.CLOSED: "task_alt",
}
CHANNELS = {"email": _("e-mail")}
NOTIFICATION = {
    Notification.Status.PENDING: (Tone.BLUE, "hourglass_top"),
    Notification.Status.SENT: (Tone.GREEN, "done"),
    Notification.Status.FAILED: (Tone.RED, "error"),
    Notification.Status.CANCELLED: (Tone.GREY, "block"),
}
ATTEMPT = {
    Attempt.Result.UNKNOWN: (Tone.AMBER, "question_mark"),
    Attempt.Result.SENT: (Tone.GREEN, "done"),
    Attempt.Result.RETRY: (Tone.AMBER, "refresh"),
    Attempt.Result.FAILED: (Tone.RED, "error"),
}
ESCALATION = {
    Escalation.Status.RUNNING: (Tone.BLUE, "stairs"),
    Escalation.Status.WAITING: (Tone.GREY, "hourglass_top"),
    Escalation.Status.HELD: (Tone.GREY, "bedtime"),
    Escalation.Status.PAUSED: (Tone.GREY, "pause"),
    Escalation.Status.EXHAUSTED: (Tone.RED, "crisis_alert"),
    Escalation.Status.ENDED: (Tone.GREY, "task_alt"),
}


def severity(alert: Alert) -> SafeString:
    """Show how bad it is; solid while open, outlined once acknowledged, grey when closed."""
    tone, icon = SEVERITY[Severity(alert.severity)]
    is_closed = alert.status == Status.CLOSED
    return badge(
        alert.get_severity_display(), Tone.GREY if is_closed else tone, icon, look=LOOK[Status(alert.status)]
    )


def status(alert: Alert) -> SafeString:
    """Show the status as a quiet word beside the severity."""
    if alert.snoozed_until and alert.status != Status.CLOSED:
        words = {"status": alert.get_status_display()}
        if alert.is_muted:
            return badge(_("%(status)s, muted") % words, Tone.GREY, "notifications_off", look="plain")
        return badge(_("%(status)s, snoozed") % words, Tone.GREY, "snooze", look="plain")
    if alert.sla_missed_at and alert.status != Status.CLOSED:
        words = {"status": alert.get_status_display()}
        return badge(_("%(status)s, SLA missed") % words, Tone.RED, "hourglass_disabled", look="plain")
    return badge(alert.get_status_display(), Tone.GREY, STATUS_ICON[Status(alert.status)], look="plain")


def notification(row: Notification) -> SafeString:
    return badge(row.get_status_display(), *NOTIFICATION[Notification.Status(row.status)])


def attempt(row: Attempt) -> SafeString:
    return badge(row.get_result_display(), *ATTEMPT[Attempt.Result(row.result)])


def escalation(row: Escalation) -> SafeString:
    return badge(row.get_status_display(), *ESCALATION[Escalation.Status(row.status)])


def countdown(moment: datetime, now: datetime) -> SafeString:
    """Show how long it is until a time, which a script of the page counts down by the second."""
    left = int((moment - now).total_seconds())
    return format_html(
        '<time class="ao-time ao-countdown" datetime="{}" data-exact="{}" data-left="{}" data-words="{}"'
        ' data-over="{}" tabindex="0">{}</time>',
        *(moment.isoformat(), exact(moment), left, _("in {left}"), _("any moment now")),
        ago(moment, now) if left > 0 else _("any moment now"),
    )


def channel_name(channel: str) -> str:
    """Return what people call a channel."""
    return str(CHANNELS.get(channel, channel))


def cover(found: Cover, now: datetime) -> SafeString:
    """Show who is on call in a schedule, role by role; or that nobody is, and until when."""
    having = [
        (found.primary, ""),
        (found.secondary, _("secondary")),
        (found.escalation_managers, _("escalation manager")),
    ]
    if any(people for people, _role in having):
        return format_html_join(
            "",
            '<span class="ao-what"><strong>{}</strong><span class="ao-quiet">{}</span></span>',
            ((", ".join(map(str, people)), role) for people, role in having if people),
        )
    word, tone = (_("nobody, as intended"), Tone.GREY) if found.is_intended_gap else (_("nobody"), Tone.RED)
    mark = badge(str(word), tone, "person_off")
    if found.covered_again_at is None:
        return mark
    again = pgettext_lazy("on call", "again {time}")
    return format_html("{} {}", mark, format_html(str(again), time=when(found.covered_again_at, now)))
