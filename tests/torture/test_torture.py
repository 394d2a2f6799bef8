"""A dozen kills on each installation; `make torture` does hundreds."""

import pytest

from tests.torture.ordeal import INSTALLATIONS, endure

KILLS = 12
# Other tests run beside this one, and the machine is small: lateness is measured by `make torture`.
LATEST = 60


@pytest.mark.processes
@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_nothing_is_lost_whatever_is_killed(installation):
    ordeal = endure(installation, kills=KILLS, seed=1, latest=LATEST, say=print)

    assert ordeal.verdict.failures == []
    assert len(ordeal.kills) == KILLS
    assert ordeal.verdict.figures["mails delivered"] > KILLS
    assert ordeal.verdict.figures["pushes"] > KILLS
