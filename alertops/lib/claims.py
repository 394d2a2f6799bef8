"""Whose turn a row is: claimed by one conditional UPDATE, leased for a time, freed when its holder dies.

A claim is a lease, not a lock: nothing is held while a provider is called, and a dead worker's row
comes back by itself. The start is counted with the claim, so that a row which kills its worker is
set aside after a few starts (`exhausted`) instead of being tried for ever.
"""

import functools
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from alertops.lib import processes


class ClaimableQuerySet(models.QuerySet):
    def free(self, now: datetime) -> Self:
        """Rows that nobody holds, or whose holder's lease has run out."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=now))

    def claim(self, *, now: datetime, lease: timedelta) -> int:
        """Take these rows if they are free; the number taken tells who won."""
        return self.take(now=now, by=holder(), until=now + lease)

    def take(self, *, now: datetime, by: str, until: datetime) -> int:
        """Do what `claim` does, for a holder and until a time that need not be known yet."""
        return self.free(now).update(start_count=F("start_count") + 1, claimed_by=by, lease_until=until)

    def mine(self) -> Self:
        """Rows that this very process holds: a result is written only through this."""
        return self.filter(claimed_by=holder())

    def holders_here(self, now: datetime) -> QuerySet[Any, str]:
        """Return which processes of this node hold any of these rows."""
        held = self.filter(claimed_by__startswith=f"{processes.node()}/", lease_until__gt=now)
        return held.order_by().values_list("claimed_by", flat=True).distinct()

    def release_dead(self, now: datetime, *, holders: Iterable[str] | None = None) -> int:
        """Free what processes of this node held that no longer live; return how many rows.

        holders: what `holders_here` brought, if that was asked in another way.
        """
        names = self.holders_here(now) if holders is None else holders
        dead = [name for name in names if not processes.is_alive(name)]
        if not dead:
            return 0
        # By name and lease again: what another process has claimed meanwhile is its own.
        return self.filter(claimed_by__in=dead).update(lease_until=None, claimed_by="")


class Claimable(models.Model):
    """Base of every row that a worker takes, works on and gives back; its manager is a ClaimableQuerySet."""

    start_count = models.PositiveSmallIntegerField(_("starts"), default=0, editable=False)
    claimed_by = models.CharField(_("held by"), max_length=150, blank=True, default="", editable=False)
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def holder() -> str:
    """Return who claims: node, process and the process's start, so that a reused pid is not mistaken."""
    return _holder_of(os.getpid())


@functools.cache
def _holder_of(pid: int) -> str:
    return processes.identity(pid)
