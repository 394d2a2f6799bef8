"""How the state of services and runs is shown on a page."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from alertops.lib.display import Tone, badge
from brokers.models import BrokerRun, RepositoryService

RUN = {
    BrokerRun.Status.PENDING: (Tone.BLUE, "hourglass_top"),
    BrokerRun.Status.RUNNING: (Tone.BLUE, "sync"),
    BrokerRun.Status.DONE: (Tone.GREEN, "task_alt"),
    BrokerRun.Status.FAILED: (Tone.RED, "error"),
    BrokerRun.Status.SET_ASIDE: (Tone.RED, "back_hand"),
}


def run(row: BrokerRun) -> SafeString:
    """Show the status of a run; one that waits for another attempt says so."""
    if row.status == BrokerRun.Status.PENDING and row.attempt_count:
        return badge(_("Tries again"), Tone.AMBER, "replay")
    return badge(row.get_status_display(), *RUN[BrokerRun.Status(row.status)])


def service(row: RepositoryService) -> SafeString:
    """Show whether a service acts on pushes."""
    if row.is_enabled:
        if row.failure_count:
            return badge(_("Failing"), Tone.RED, "error")
        return badge(_("On"), Tone.GREEN, "check_circle")
    if row.disabled_at:
        return badge(_("Switched off by itself"), Tone.RED, "power_off")
    return badge(_("Off"), Tone.GREY, "block")


def state_sentence(row: RepositoryService) -> str:
    """Say how it stands with a service."""
    if row.is_enabled and row.failure_count:
        return _("It has failed %(count)d times in a row.") % {"count": row.failure_count}
    if row.is_enabled:
        where = row.branch_filter
        if where:
            return _("It acts on every push to %(branches)s.") % {"branches": where}
        return _("It acts on every push.")
    if row.disabled_at:
        return _("It was switched off after %(count)d failures in a row: %(why)s") % {
            "count": row.failure_count,
            "why": row.disabled_because,
        }
    return _("It is switched off: it acts on no push.")


def tone(row: Any) -> str:
    """Return the colour of a service's state."""
    if row.is_enabled:
        return Tone.RED if row.failure_count else Tone.GREEN
    return Tone.RED if row.disabled_at else Tone.GREY
