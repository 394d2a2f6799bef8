"""What the tests of deliveries share."""

import pytest
import time_machine

from tests.factories import NOW


@pytest.fixture
def stopped_clock():
    """The doors' clock stands still at NOW."""
    with time_machine.travel(NOW, tick=False):
        yield NOW
