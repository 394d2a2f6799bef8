"""`kill -9` in the middle of processing loses nothing and doubles nothing."""

import pytest

from tests.integrations.processes import worlds

pytestmark = pytest.mark.processes
BUILDS = 10
ROUNDS = 200  # as many as are not all processed before the last kill
KILLS = 12  # of two processes each


def test_messages_survive_the_death_of_whoever_processes_them(installation):
    installation.call(worlds.store_stories, BUILDS, ROUNDS)
    installation.spawn(worlds.tick_for_ever)

    left = installation.call(worlds.process_and_be_killed, KILLS)
    installation.spawn(worlds.drain_for_ever)
    installation.wait_until(lambda: installation.call(worlds.waiting) == 0, "messages wait", seconds=120)

    assert left, "all was done before the last kill: there was nothing left to lose"
    found = installation.call(worlds.account)
    assert found["reasons"] == {
        "opened": BUILDS,
        "duplicate": BUILDS * ROUNDS,
        "closed": BUILDS * ROUNDS,
        "reopened": BUILDS * (ROUNDS - 1),
    }
    assert [status for status, _count in found["alerts"]] == ["closed"] * BUILDS
    assert found["outcomes"] == found["lines"] == found["messages"]
