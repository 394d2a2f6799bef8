"""Calendars that are imported, and those that are given out: as other programs write and read them."""

from datetime import timedelta

import icalendar
import pytest
import recurring_ical_events
import time_machine

from alerts import engine
from alerts.models import CalendarShift, Rotation, Schedule
from alerts.operations.on_call import calendars, feeds, on_call
from tests.factories import NOW, RotationFactory, ScheduleFactory, UserFactory
from tests.web import WebServer

pytestmark = pytest.mark.django_db
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

ENTRY = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:VEVENT\r\n"


def calendar(*entries):
    events = "".join(
        ENTRY.format(uid=number, lines="\r\n".join(lines)) for number, lines in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{events}END:VCALENDAR\r\n".encode()


@pytest.fixture
def web(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    with WebServer() as server:
        yield server


@pytest.fixture
def people():
    return [UserFactory(username="anna", first_name="Anna", last_name="Berg"), UserFactory(username="ben")]


@pytest.fixture
def imported(web, people):
    return RotationFactory(
        kind="calendar", calendar_url=f"{web.url}/on-call.ics", calendar_due_at=NOW, time_zone="Europe/Berlin"
    )


def names(row, at):
    return [user.username for user in on_call([row.schedule_id], at)[row.schedule_id].primary]


def read(web, *entries, now=NOW):
    web.answers(200, calendar(*entries))
    engine.read_calendars_due(now)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:anna"], ["anna"]),
        (["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:Anna Berg\\, ben"], ["anna", "ben"]),
        (
            [
                *("DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:Shift of anna"),
                "ATTENDEE;CN=Ben:MAILTO:Ben@Example.com",
            ],
            ["ben"],
        ),
        (["DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260303", "SUMMARY:ben"], ["ben"]),
        (["DTSTART:20260302T130000", "DTEND:20260302T140000", "SUMMARY:ben"], ["ben"]),
        (["DTSTART:20260302T120000", "DTEND:20260302T130000", "SUMMARY:ben"], []),
        (["DTSTART:20260105T100000Z", "DTEND:20260105T180000Z", "RRULE:FREQ=WEEKLY", "SUMMARY:ben"], ["ben"]),
        (
            [
                *("DTSTART:20260105T100000Z", "DTEND:20260105T180000Z", "RRULE:FREQ=WEEKLY"),
                *("EXDATE:20260302T100000Z", "SUMMARY:ben"),
            ],
            [],
        ),
        (["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "STATUS:CANCELLED", "SUMMARY:ben"], []),
        (["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:Zoe"], []),
    ],
    ids=[
        "name",
        "two",
        "invited",
        "whole day",
        "no zone",
        "no zone, over",
        "weekly",
        "but once",
        "cancelled",
        "?",
    ],
)
def test_who_is_in_an_entry_is_on_call(lines, expected, imported, web):
    read(web, lines)

    assert names(imported, NOW) == expected


def test_names_that_nobody_has_are_told(imported, web):
    read(web, ["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:Zoe\\, ben"])

    row = Rotation.objects.get(pk=imported.pk)
    assert row.calendar_error == "Nobody here has these names or addresses: Zoe"
    assert row.calendar_read_at == NOW


def test_what_is_over_stays_and_what_is_to_come_is_replaced(imported, web):
    shift = ["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z"]
    read(web, [*shift, "SUMMARY:anna"])
    read(web, [*shift, "SUMMARY:ben"], now=NOW + HOUR)

    assert [names(imported, NOW + hours * HOUR) for hours in (0, 1, 6)] == [["anna"], ["ben"], []]


def test_a_shift_that_goes_on_is_one_however_often_it_is_read(imported, web):
    for number in range(4):
        read(
            web,
            ["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:anna"],
            now=NOW + number * HOUR,
        )

    assert CalendarShift.objects.count() == 1
    assert names(imported, NOW + 5 * HOUR) == ["anna"]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"", "its server answered with status 404."),
        (200, b"<html>", "is no calendar"),
        (200, b"x" * (calendars.MOST_BYTES + 1), "too large"),
        (
            200,
            calendar(
                ["DTSTART:20260302T100000Z", "DTEND:20260302T100001Z", "RRULE:FREQ=SECONDLY", "SUMMARY:anna"]
            ),
            "more than 2000 entries",
        ),
    ],
)
def test_a_calendar_that_cannot_be_read_leaves_the_last_and_says_why(status, body, said, imported, web):
    read(web, ["DTSTART:20260302T100000Z", "DTEND:20260303T180000Z", "SUMMARY:anna"])
    web.answers(status, body)

    engine.read_calendars_due(NOW + HOUR)

    row = Rotation.objects.get(pk=imported.pk)
    assert said in row.calendar_error
    assert names(imported, NOW + 2 * HOUR) == ["anna"]
    assert not calendars.is_stale(row, NOW + 2 * HOUR)
    assert calendars.is_stale(row, NOW + 3 * HOUR)


def test_a_calendar_is_read_every_ten_minutes(imported, web):
    read(web, ["DTSTART:20260302T100000Z", "DTEND:20260302T180000Z", "SUMMARY:anna"])

    assert engine.read_calendars_due(NOW + timedelta(minutes=9)) == 0
    assert engine.read_calendars_due(NOW + timedelta(minutes=10)) == 1
    assert len(web.received) == 2


# Given out


def entries(body, start, end):
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(start, end)
    return [(str(one["SUMMARY"]), one["DTSTART"].dt, one["DTEND"].dt) for one in found]


@pytest.fixture
def weekly(people):
    return RotationFactory(turns=people, schedule__name="Website").schedule


def test_a_calendar_program_reads_the_shifts_of_a_schedule(weekly, client):
    feed = feeds.feed_of(weekly, now=NOW)

    with time_machine.travel(NOW, tick=False):
        answer = client.get(feeds.address_of(feed).removeprefix("http://localhost:8000"))

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    monday = NOW - 3 * HOUR
    assert entries(answer.content, NOW, NOW + WEEK) == [
        ("Anna Berg (primary)", monday, monday + WEEK),
        ("Ben (primary)", monday + WEEK, monday + 2 * WEEK),
    ]


def test_a_person_reads_his_own_shifts_in_all_schedules(weekly, people):
    RotationFactory(turns=[people[0]], role="secondary", schedule=ScheduleFactory(name="Shop"))
    RotationFactory(turns=[people[1]])

    found = feeds.read(feeds.feed_of(people[0], now=NOW).token, now=NOW)

    assert found.name == "On call: Anna Berg"
    titles = {entry.title for entry in found.entries}
    assert titles == {"Website (primary)", "Shop (secondary)"}


def test_a_new_address_ends_the_old_one(weekly, client):
    old, new = feeds.feed_of(weekly, now=NOW), feeds.rotate(weekly, now=NOW)

    assert feeds.feed_of(weekly, now=NOW) == new
    assert client.get(f"/calendar/{old.token}.ics").status_code == 404
    assert client.get(f"/calendar/{new.token}.ics").status_code == 200


def test_the_address_of_somebody_who_is_gone_finds_nothing(people, client):
    feed = feeds.feed_of(people[0], now=NOW)
    people[0].is_active = False
    people[0].save()

    assert client.get(f"/calendar/{feed.token}.ics").status_code == 404


def test_an_entry_has_the_same_number_whenever_it_is_read(weekly):
    feed = feeds.feed_of(weekly, now=NOW)

    one, other = (feeds.read(feed.token, now=NOW + number * HOUR) for number in range(2))

    assert {entry.uid for entry in one.entries} == {entry.uid for entry in other.entries}
    assert Schedule.objects.count() == 1
