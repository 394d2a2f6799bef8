"""The world of the smoke tests."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.world import BEGINNING, World


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with time_machine.travel(BEGINNING, tick=False) as clock:
        world = World(clock)
        yield world
        world.nobody_has_unread_mail()
