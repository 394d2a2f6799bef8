"""What is read off an event before it meets an alert."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.logic import event as logic
from alerts.logic.event import Event, Kind, Severity

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


def _event(**fields):
    return Event(**{"kind": Kind.OPEN, "source": "Bitbucket", "source_name": "acme/website", **fields})


def test_the_key_is_the_integration_the_source_its_name_and_its_id():
    key = logic.key_digest(1, _event(source_id="build"))

    assert key == logic.key_digest(1, _event(source_id="build", subject="Other", severity=Severity.INFO))
    assert key == logic.key_digest(1, _event(source_id="build", kind=Kind.CLOSE, source_status="SUCCESSFUL"))
    assert len(key) == 64


@pytest.mark.parametrize(
    ("integration", "fields"),
    [
        (2, {"source_id": "build"}),
        (1, {"source_id": "deploy"}),
        (1, {"source_id": "build", "source": "Jenkins"}),
        (1, {"source_id": "build", "source_name": "acme/shop"}),
        (1, {"source_id": "", "source_name": "acme/websitebuild"}),
        (1, {"source_id": "d", "source_name": "acme/website5:buil"}),
        (1, {"source_id": "build", "is_test": True}),
    ],
    ids=["integration", "id", "source", "name", "moved border", "written lengths", "a test"],
)
def test_every_part_of_the_key_tells_problems_apart(integration, fields):
    assert logic.key_digest(integration, _event(**fields)) != logic.key_digest(1, _event(source_id="build"))


@pytest.mark.parametrize(
    ("fields", "headline"),
    [
        ({"subject": "Build 12 failed"}, "Build 12 failed"),
        ({"subject": " Build 12\r\n failed\t"}, "Build 12 failed"),
        ({"subject": "", "source_status": "FAILED"}, "acme/website: FAILED"),
        ({"subject": " \n", "source_status": "FAILED"}, "acme/website: FAILED"),
        ({"subject": ""}, "acme/website"),
    ],
    ids=["as it is", "one line", "none", "blank", "no status either"],
)
def test_an_event_has_a_headline(fields, headline):
    assert logic.headline(_event(**fields)) == headline


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc…")],
    ids=["empty", "shorter", "exact", "longer"],
)
def test_a_text_is_cut_with_an_ellipsis(text, expected):
    assert logic.shortened(text, 4) == expected


@pytest.mark.parametrize(
    ("occurred_at", "received_at", "told_at"),
    [
        (EARLIER, NOW, EARLIER),
        (None, EARLIER, EARLIER),
        (None, None, NOW),
        (LATER, NOW, NOW),
        (NOW, EARLIER, EARLIER),
        (None, LATER, NOW),
    ],
    ids=["the sender's", "when received", "now", "ahead", "ahead, and waited", "received in the future"],
)
def test_an_event_has_a_time_that_is_never_in_the_future(occurred_at, received_at, told_at):
    assert logic.told_at(_event(occurred_at=occurred_at, received_at=received_at), NOW) == told_at


def test_the_rank_of_a_severity_grows_with_how_bad_it_is():
    assert [severity.rank for severity in Severity] == [4, 3, 2, 1]
