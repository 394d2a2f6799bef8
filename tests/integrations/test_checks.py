"""What is misconfigured about the door is told at start."""

import pytest

from integrations.checks import check_door


@pytest.mark.parametrize(
    ("size", "ids"),
    [
        (9_999, ["integrations.E001"]),
        (10_000, []),
        (50_000_000, []),
        (50_000_001, ["integrations.E001"]),
    ],
)
def test_a_body_size_that_cannot_be_meant_is_told(settings, size, ids):
    settings.MAX_BODY_BYTES = size

    assert [found.id for found in check_door()] == ids
