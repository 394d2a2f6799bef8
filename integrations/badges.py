"""How the status of a delivery is shown on a page."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from alertops.lib.display import Tone, badge
from integrations.logic.outcome import Reason, Status

STATUS = {
    Status.PENDING: (Tone.BLUE, "hourglass_top"),
    Status.PROCESSING: (Tone.BLUE, "sync"),
    Status.MAPPED: (Tone.GREEN, "task_alt"),
    Status.MAPPED_APPENDED: (Tone.GREEN, "library_add"),
    Status.MAPPED_IGNORED: (Tone.GREY, "do_not_disturb_on"),
    Status.MAPPING_FAILED: (Tone.RED, "error"),
    Status.REFUSED: (Tone.RED, "block"),
}


REASON = {
    Reason.OPENED: _("opened an alert"),
    Reason.REOPENED: _("reopened an alert"),
    Reason.CLOSED: _("closed an alert"),
    Reason.SERVICES_RUN: _("ran repository services"),
    Reason.DUPLICATE: _("joined an alert"),
    Reason.UPDATED: _("updated an alert"),
    Reason.CLOSE_WITHOUT_OPEN: _("nothing to close"),
    Reason.UPDATE_WITHOUT_OPEN: _("nothing to update"),
    Reason.STATUS_MISMATCH: _("a status in no list"),
    Reason.FILTERED: _("held back by the filters"),
    Reason.NO_EVENTS: _("no events in it"),
    Reason.REDELIVERED: _("delivered before"),
    Reason.STALE: _("overtaken by a later delivery"),
    Reason.NO_RULE: _("no rule was enabled"),
    Reason.MISSING_FIELD: _("a field was missing"),
    Reason.ERROR: _("could not be processed"),
    Reason.BAD_SIGNATURE: _("refused: wrong signature"),
    Reason.DISABLED: _("refused: the integration was off"),
    Reason.TOO_LARGE: _("refused: too large"),
    Reason.UNREADABLE_BODY: _("refused: could not be read"),
}


def status(row: Any) -> SafeString:
    """Show the status of a message or an outcome."""
    return badge(row.get_status_display(), *STATUS[Status(row.status)])


def reason(name: str) -> str:
    """Return what a reason means, for people."""
    return str(REASON[Reason(name)]) if name else ""
