"""What became of a delivery, in words."""

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage

SENTENCES = {
    Reason.OPENED: gettext_lazy("Opened #%(alert)s"),
    Reason.REOPENED: gettext_lazy("Reopened #%(alert)s"),
    Reason.CLOSED: gettext_lazy("Closed #%(alert)s"),
    Reason.DUPLICATE: gettext_lazy("Joined #%(alert)s, %(times)s time"),
    Reason.UPDATED: gettext_lazy("Updated #%(alert)s"),
    Reason.CLOSE_WITHOUT_OPEN: gettext_lazy("Nothing to close"),
    Reason.UPDATE_WITHOUT_OPEN: gettext_lazy("Nothing to update"),
    Reason.STATUS_MISMATCH: gettext_lazy("A status that neither opens nor closes"),
    Reason.FILTERED: gettext_lazy("No rule's filters let it through"),
    Reason.NO_EVENTS: gettext_lazy("It holds no events"),
    Reason.REDELIVERED: gettext_lazy("Delivered before"),
    Reason.STALE: gettext_lazy("Older than the last decision on this problem"),
    Reason.NO_RULE: gettext_lazy("No mapping rule is enabled"),
    Reason.MISSING_FIELD: gettext_lazy("A field is missing"),
    Reason.ERROR: gettext_lazy("It could not be processed"),
}
WAITING = {
    Status.PENDING: gettext_lazy("Waiting to be processed"),
    Status.PROCESSING: gettext_lazy("Being processed"),
}


def of_event(reason: Reason, *, alert_id: int | None = None, count: int = 0, detail: str = "") -> str:
    """Say what one event did. count: the events that its alert has had; detail: said after a colon."""
    times = ordinal(count) if reason is Reason.DUPLICATE else ""
    text = SENTENCES[reason] % {"alert": alert_id, "times": times}
    return f"{text}: {detail}" if detail else text


def of_events(telling: str, count: int) -> str:
    """Say what a whole message did, from the sentence of its most telling event."""
    if count <= 1:
        return telling
    rest = ngettext("%(first)s; %(count)d event more", "%(first)s; %(count)d events more", count - 1)
    return rest % {"first": telling, "count": count - 1}


def sentence(message: InboundMessage) -> str:
    """Say in words how it stands with a message."""
    if message.detail:
        return message.detail
    waiting = WAITING.get(Status(message.status))
    return str(waiting) if waiting else _("It was processed")
