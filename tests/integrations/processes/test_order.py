"""Several processes work on several integrations while deliveries go on: order is kept."""

import pytest

from tests.integrations.processes import worlds

pytestmark = pytest.mark.processes
INTEGRATIONS = 3
BUILDS = 8
ROUNDS = 15


def test_no_alert_is_left_open_whose_build_was_mended_last(installation):
    installation.call(worlds.build_more_integrations, INTEGRATIONS - 1)
    for _worker in range(2):
        installation.spawn(worlds.drain_for_ever)

    installation.call(worlds.deliver_stories, BUILDS, ROUNDS)

    installation.wait_until(lambda: installation.call(worlds.waiting) == 0, "messages wait", seconds=120)
    found = installation.call(worlds.account)
    stories = INTEGRATIONS * BUILDS
    assert [status for status, _count in found["alerts"]] == ["closed"] * stories
    assert found["reasons"] == {
        "opened": stories,
        "reopened": stories * (ROUNDS - 1),
        "closed": stories * ROUNDS,
    }
    assert found["outcomes"] == found["lines"] == found["messages"]
