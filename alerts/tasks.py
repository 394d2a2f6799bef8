"""What the task queue calls for alerts: most do what is due of one kind until nothing is left."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from alertops.lib import jobs
from alerts import engine
from alerts.operations import passwords

# After this time no new pass is begun, and what is left is nudged again: it stands at the end of the queue,
# so that no drain keeps another waiting for much longer, however many of them a storm has set going.
BUDGET = timedelta(seconds=0.5)
# A worker may have done as much before it sends in the same task: processed, run steps, and both once more.
BEFORE = 6 * BUDGET
# What is made due by more than this is left to other workers.
FEW = 20


def wake() -> None:
    """End the snoozes that are over."""
    drain("alerts.tasks.wake", engine.wake_due)


def remind() -> None:
    """Remind those whose acknowledgement is about to run out."""
    drain("alerts.tasks.remind", engine.remind_due)


def time_out() -> None:
    """Open the alerts whose acknowledgement has run out."""
    drain("alerts.tasks.time_out", engine.time_out_due)


def escalate() -> None:
    """Run the steps that are due."""
    drain("alerts.tasks.escalate", engine.escalate_due)


def deliver() -> None:
    """Hand over the notifications that are due."""
    drain("alerts.tasks.deliver", engine.deliver_due)


def auto_close() -> None:
    """Close the alerts of which nothing was heard for long."""
    drain("alerts.tasks.auto_close", engine.auto_close_due)


def mail_invitations() -> None:
    """Mail the links by which new people choose a password."""
    drain("alerts.tasks.mail_invitations", engine.mail_invitations_due)


def miss_sla() -> None:
    """Put on record which alerts should have been closed by now."""
    drain("alerts.tasks.miss_sla", engine.miss_sla_due)


def notice_shifts() -> None:
    """Look who comes on call and who goes."""
    drain("alerts.tasks.notice_shifts", engine.notice_shifts_due)


def hand_over() -> None:
    """Tell those who come on call and those who go."""
    drain("alerts.tasks.hand_over", engine.hand_over_due)


def read_calendars() -> None:
    """Read the imported calendars whose time has come."""
    drain("alerts.tasks.read_calendars", engine.read_calendars_due)


def mail_password_link(user_id: int, language: str) -> None:
    """Mail a person the link by which they choose a new password."""
    jobs.arrived(passwords.MAIL_LINK, user_id, language)
    passwords.mail_link(user_id, language=language)


def drain(task: str, do_due: Callable[[datetime], int], *, budget: timedelta = BUDGET) -> None:
    """Call one pass after another until it finds nothing to do, each with its own time.

    The nudge has arrived from the start, other than with `jobs.drain`: what is due here is claimed row by
    row, so others may be woken for it meanwhile, and must be while a provider keeps this process waiting.
    """
    jobs.arrived(task)
    seconds = budget.total_seconds()
    end = time.monotonic() + seconds
    while jobs.go_on(lambda: do_due(timezone.now()), few=FEW, budget=seconds):  # noqa: TID251 (a door reads the clock)
        if time.monotonic() > end:
            return jobs.renew(task)
    return None
