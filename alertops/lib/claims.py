"""Whose turn a row is: claimed by one conditional UPDATE, leased for a time, freed when its holder dies.

A claim is a lease, not a lock: nothing is held while a provider is called, and a dead worker's row
comes back by itself. The start is counted with the claim, so that a row which kills its worker is
set aside after a few starts (`exhausted`) instead of being tried for ever.
"""

import functools
import os
import platform
from datetime import datetime, timedelta
from typing import Self

import psutil
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ClaimableQuerySet(models.QuerySet):
    def free(self, now: datetime) -> Self:
        """Rows that nobody holds, or whose holder's lease has run out."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=now))

    def claim(self, *, now: datetime, lease: timedelta) -> int:
        """Take these rows if they are free; the number taken tells who won."""
        return self.free(now).update(
            start_count=F("start_count") + 1, claimed_by=holder(), lease_until=now + lease
        )

    def mine(self) -> Self:
        """Rows that this very process holds: a result is written only through this."""
        return self.filter(claimed_by=holder())

    def release_dead(self, now: datetime) -> int:
        """Free what processes of this node held that no longer live."""
        held = self.filter(claimed_by__startswith=f"{node()}/", lease_until__gt=now)
        dead = [name for name in set(held.values_list("claimed_by", flat=True)) if not is_alive(name)]
        return self.filter(claimed_by__in=dead).update(lease_until=None, claimed_by="") if dead else 0


class Claimable(models.Model):
    """Base of every row that a worker takes, works on and gives back; its manager is a ClaimableQuerySet."""

    start_count = models.PositiveSmallIntegerField(_("starts"), default=0, editable=False)
    claimed_by = models.CharField(_("held by"), max_length=150, blank=True, default="", editable=False)
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def node() -> str:
    """Return the name of this machine as the rows know it."""
    return platform.node()[:80] or "node"


def holder() -> str:
    """Return who claims: node, process and the process's start, so that a reused pid is not mistaken."""
    return _holder_of(os.getpid())


@functools.cache
def _holder_of(pid: int) -> str:
    return f"{node()}/{pid}/{psutil.Process(pid).create_time():.2f}"


def is_alive(name: str) -> bool:
    """Tell whether the process of this node behind a holder's name still lives."""
    _node, pid, started = name.rsplit("/", 2)
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and f"{process.create_time():.2f}" == started
    except psutil.NoSuchProcess:
        return False
