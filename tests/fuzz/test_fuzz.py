"""20,000 made-up inputs hold what every input must; the same ones in every run."""

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.properties import PROPERTIES, run

INPUTS = 20_000
# The same in every run: what is new is searched for by `make fuzz`, not by whoever changes something else.
OPTIONS = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


def test_the_shares_of_the_properties_are_the_whole():
    assert sum(tried.share for tried in PROPERTIES.values()) == 100


@pytest.mark.parametrize("name", PROPERTIES)
def test_it_holds_for_every_input(name):
    run(PROPERTIES[name], count=INPUTS * PROPERTIES[name].share // 100, options=OPTIONS)
