"""Times are shown as people say them, with the exact one beside."""

import zoneinfo
from datetime import timedelta

import pytest
from django.utils import timezone

from alertops.lib import display
from tests.factories import NOW


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1\xa0minute ago"),
        (timedelta(hours=3, minutes=59), "3\xa0hours ago"),
        (timedelta(days=40), "1\xa0month ago"),
        (timedelta(seconds=-1), "in less than a minute"),
        (timedelta(minutes=-5), "in 5\xa0minutes"),
    ],
)
def test_a_time_is_told_by_its_distance(length, words):
    assert display.ago(NOW - length, NOW) == words


def test_the_exact_time_is_in_the_readers_zone_and_names_it():
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        shown = display.when(NOW, NOW)

    assert 'data-exact="2 Mar 2026, 13:00:00 CET"' in shown
    assert 'tabindex="0"' in shown


def test_no_time_is_shown_as_nothing():
    assert display.when(None, NOW) == ""


def test_a_badge_has_colour_word_and_shape_and_escapes_its_word():
    badge = display.badge("<open>", display.Tone.RED, "error", look="solid")

    assert 'class="ao-badge ao-red ao-solid"' in badge
    assert 'aria-hidden="true">error</span>&lt;open&gt;' in badge
