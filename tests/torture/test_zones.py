"""The torture of zones passes what is right, and finds what is wrong."""

from tests.torture.zones import endure_zones


def test_zones_whose_clocks_jump_are_endured():
    said = []

    failures = endure_zones(names=["Australia/Lord_Howe", "UTC"], number=1, say=said.append, examples=5)

    assert failures == []
    assert said == ["2 zones, 0 wrong"]
