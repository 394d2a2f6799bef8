"""What is written when an alert opens, or opens anew."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from alerts.logic.delay import Delay
from alerts.models import EscalationPolicy
from alerts.operations.acting import NOBODY_HAS_IT


class Sender(Protocol):
    """What alerts need to know of the integration that an event comes from."""

    @property
    def pk(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def escalation_policy(self) -> EscalationPolicy | None: ...
    @property
    def reopen_window(self) -> timedelta: ...
    @property
    def auto_close_after(self) -> timedelta | None: ...
    @property
    def delay(self) -> Delay | None: ...


def opening(policy: EscalationPolicy | None, at: datetime) -> dict[str, Any]:
    """Return the columns of an alert that opens at an instant under a policy."""
    return {
        "opened_at": at,
        "policy": policy,
        "priority": policy.priority if policy else "",
        "sla_due_at": at + timedelta(hours=float(policy.sla_hours)) if policy and policy.sla_hours else None,
    }


def reopening(policy: EscalationPolicy | None, at: datetime) -> dict[str, Any]:
    """Return the columns of a closed alert that opens anew: what was written at its closing is taken back."""
    return {
        **opening(policy, at),
        **NOBODY_HAS_IT,
        "sla_missed_at": None,
        "merged_into": None,
        "closed_at": None,
        "closed_by": "",
        "resolution": "",
    }


def auto_close(sender: Sender | None, now: datetime) -> dict[str, Any]:
    """Return the column that says when an alert closes by itself if nothing more is heard of it."""
    wait = sender.auto_close_after if sender else None
    return {"auto_close_at": now + wait if wait else None}
