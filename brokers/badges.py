"""How the state of services and runs is shown on a page."""

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from alertops.lib.display import Tone, badge
from alertops.lib.wording import worded
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


def sentence(row: BrokerRun) -> str:
    """Say in words how it stands with a run."""
    if row.status == BrokerRun.Status.PENDING and not row.attempt_count:
        return _("It waits for its turn.")
    if row.status == BrokerRun.Status.RUNNING:
        return _("It is at work.")
    return worded(row.sentence) or row.get_status_display()


def spent(seconds: float) -> str:
    """Say how long something took."""
    return _("%(seconds)s s") % {"seconds": number_format(seconds, 1)}


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
            "why": worded(row.disabled_because),
        }
    return _("It is switched off: it acts on no push.")
