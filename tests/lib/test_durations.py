"""A length of time is written in words and read from what people write."""

from datetime import timedelta

import pytest

from alertops.lib import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5 minutes", 300),
        ("5 min", 300),
        ("5m", 300),
        ("1 h 30 min", 5400),
        ("1 hour, 30 minutes", 5400),
        ("1 hour and 30 minutes", 5400),
        ("1.5 hours", 5400),
        ("2 days", 172800),
        ("1 week", 604800),
        ("90s", 90),
        ("  10 Seconds ", 10),
        ("0", 0),
        ("0 minutes", 0),
        ("00:05:00", 300),
        ("1 02:03:04", 93784),
        ("3650 days", 3650 * 86400),
        ("5 Minuten", 300),
        ("1 Stunde und 30 Minuten", 5400),
        ("1,5 Std", 5400),
        ("2 Tage 3 Sekunden", 172803),
        ("1 Woche", 604800),
    ],
)
def test_what_people_write_is_read(text, seconds):
    assert durations.read(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "soon",
        "-5 minutes",
        "5 minutes ago",
        "five minutes",
        "5 parsecs",
        "1:2",
        "00:05",
        "3651 days",
        "9" * 400 + " days",
    ],
)
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(durations.UnreadableDuration):
        durations.read(text)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "0 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=1, seconds=1), "1 day 1 second"),
        (timedelta(minutes=1, milliseconds=900), "1 minute"),
    ],
)
def test_a_length_of_time_is_written_in_words(length, words):
    assert durations.spell(length) == words


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 3599, 3600, 86399, 86400, 90061, 31536000])
def test_what_is_written_is_read_back(seconds):
    length = timedelta(seconds=seconds)

    assert durations.read(durations.spell(length)) == length
