"""Who is on call, asked of the database; and that what is over never changes."""

from datetime import UTC, datetime, time, timedelta

import pytest

from alerts.logic import oncall
from alerts.models import OutOfOffice, Override, Rotation, RotationHours, Schedule
from alerts.operations.on_call import Cover, editing, on_call, overriding
from alerts.operations.on_call.editing import InThePast
from alerts.operations.on_call.reading import schedules_of
from tests.factories import NOW, RotationFactory, ScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@pytest.fixture
def people():
    return [UserFactory(username=name) for name in ("anna", "ben", "carla")]


@pytest.fixture
def weekly(people):
    """Since noon of the factories' day, a Monday, Anna has it for the ninth week: until 9:00 of the next."""
    anna, ben, _carla = people
    return RotationFactory(turns=[anna, ben])


def names(schedule, at):
    return [user.username for user in on_call([schedule.pk], at)[schedule.pk].primary]


def test_people_take_turns(weekly):
    handed_over = datetime(2026, 3, 9, 9, tzinfo=UTC)

    assert names(weekly.schedule, NOW) == ["anna"]
    assert names(weekly.schedule, handed_over - timedelta(seconds=1)) == ["anna"]
    assert names(weekly.schedule, handed_over) == ["ben"]


def test_each_role_has_its_people(weekly, people):
    RotationFactory(schedule=weekly.schedule, role="secondary", turns=[people[2]])
    RotationFactory(schedule=weekly.schedule, role="escalation_manager", turns=[[people[1], people[2]]])

    cover = on_call([weekly.schedule_id], NOW)[weekly.schedule_id]

    assert cover == Cover((people[0],), (people[2],), (people[1], people[2]))
    assert cover.of(oncall.Role.SECONDARY) == (people[2],)


@pytest.mark.parametrize("is_intended", [True, False])
def test_uncovered_time_is_told_with_its_end(weekly, is_intended):
    weekly.schedule.is_uncovered_time_intended = is_intended
    weekly.schedule.save()
    RotationHours.objects.create(rotation=weekly, weekdays=[1], begins=time(9), ends=time(17))

    cover = on_call([weekly.schedule_id], NOW)[weekly.schedule_id]

    tomorrow = datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert cover == Cover(is_intended_gap=is_intended, covered_again_at=tomorrow)


def test_who_is_deactivated_is_not_on_call_and_that_is_no_intended_gap(weekly, people):
    Schedule.objects.update(is_uncovered_time_intended=True)
    people[0].is_active = False
    people[0].save()

    assert on_call([weekly.schedule_id], NOW)[weekly.schedule_id] == Cover()


def test_a_schedule_that_is_not_there_has_nobody():
    assert on_call([4711], NOW) == {4711: Cover()}


def test_many_schedules_take_as_many_statements_as_one(weekly, people, django_assert_num_queries):
    for _number in range(10):
        row = RotationFactory(turns=people)
        RotationFactory(schedule=row.schedule, role="secondary", turns=people[::-1])
        override(row.schedule, people[0], people[2])
    OutOfOffice.objects.create(user=people[0], cover=people[1], begin_at=NOW, end_at=NOW + DAY)

    with django_assert_num_queries(8):
        on_call([weekly.schedule_id], NOW)
    every = list(Schedule.objects.values_list("pk", flat=True))
    with django_assert_num_queries(8):
        assert len(on_call(every, NOW)) == 11


# Editing


def past(schedule, until=NOW):
    """Return who was on call in the two months before."""
    begin = until - 8 * WEEK
    return oncall.shifts(schedules_of([schedule.pk], begin, until)[schedule.pk], begin, until)


@pytest.mark.parametrize(
    "change",
    [
        lambda row, people: editing.write(row, [[people[2]]], None, at=None, now=NOW),
        lambda row, people: editing.write(row, [], None, at=None, now=NOW),
        lambda row, _people: editing.write(
            row, None, [oncall.Hours(frozenset({0}), time(0), time(12))], at=None, now=NOW
        ),
        lambda row, _people: editing.write(changed(row, kind="daily"), None, None, at=None, now=NOW),
        lambda row, _people: editing.write(changed(row, hand_off=time(3)), None, None, at=None, now=NOW),
        lambda row, _people: editing.write(
            changed(row, time_zone="Asia/Tokyo"), None, None, at=None, now=NOW
        ),
        lambda row, _people: editing.write(changed(row, role="secondary"), None, None, at=None, now=NOW),
        lambda row, _people: editing.write(
            changed(row, starts_on=(NOW - 20 * WEEK).date()), None, None, at=None, now=NOW
        ),
        lambda row, _people: editing.write(
            changed(row, ends_on=(NOW - 3 * WEEK).date()), None, None, at=None, now=NOW
        ),
        lambda row, people: editing.write(row, [[people[2]]], None, at=NOW + DAY, now=NOW),
        lambda row, _people: editing.end(row, now=NOW),
        lambda row, people: override(row.schedule, None, people[2], begin=NOW - WEEK),
    ],
    ids=[
        "turns",
        "none",
        "hours",
        "kind",
        "hand-off",
        "zone",
        "role",
        "start",
        "end",
        "later",
        "ended",
        "override",
    ],
)
def test_no_change_alters_who_was_on_call(change, weekly, people):
    RotationHours.objects.create(rotation=weekly, weekdays=list(range(7)), begins=time(6), ends=time(22))
    before = past(weekly.schedule)
    assert len(before) > 50

    change(weekly, people)

    assert past(weekly.schedule) == before


def test_a_change_counts_from_now_on_and_a_later_one_from_then_on(weekly, people):
    editing.write(weekly, [[people[2]]], None, at=NOW + DAY, now=NOW)

    assert names(weekly.schedule, NOW + DAY - HOUR) == ["anna"]
    assert names(weekly.schedule, NOW + DAY) == ["carla"]

    editing.write(Rotation.objects.get(pk=weekly.pk), [[people[1]]], None, at=NOW + 2 * DAY, now=NOW + HOUR)

    found = [names(weekly.schedule, NOW + number * DAY) for number in range(4)]
    assert found == [["anna"], ["anna"], ["ben"], ["ben"]]


def test_a_change_in_the_past_is_refused(weekly, people):
    with pytest.raises(InThePast):
        editing.write(weekly, [[people[2]]], None, at=NOW - HOUR, now=NOW)

    assert names(weekly.schedule, NOW) == ["anna"]


def test_who_has_the_turn_keeps_it_when_somebody_joins(weekly, people):
    """In the tenth week Ben has it; with three people the count would come to Anna."""
    now = NOW + WEEK
    assert names(weekly.schedule, now) == ["ben"]

    editing.write(weekly, [[person] for person in people], None, at=None, now=now)

    assert [names(weekly.schedule, now + number * WEEK) for number in range(3)] == [
        ["ben"],
        ["carla"],
        ["anna"],
    ]


def test_saving_without_a_change_leaves_nothing_behind(weekly, people):
    editing.write(weekly, [[people[0]], [people[1]]], [], at=None, now=NOW)

    assert Rotation.objects.get() == weekly
    assert Rotation.objects.get().since is None


def test_an_edited_rotation_has_one_record_of_history_for_each_change(weekly, people):
    count = Rotation.history.count()

    editing.write(changed(weekly, name="Nights"), [[people[2]]], None, at=None, now=NOW)

    assert Rotation.history.count() == count + 1


def changed(row, **columns):
    for name, value in columns.items():
        setattr(row, name, value)
    return row


# Overrides and absences


def override(schedule, person, substitute, begin=NOW, end=NOW + DAY):
    row = Override(schedule=schedule, person=person, substitute=substitute, begin_at=begin, end_at=end)
    return overriding.override(row, by=substitute, now=NOW)


def test_an_override_counts_until_it_is_ended(weekly, people):
    row = override(weekly.schedule, None, people[2])
    assert names(weekly.schedule, NOW) == ["carla"]

    assert overriding.end_override(row, now=NOW + HOUR)

    assert names(weekly.schedule, NOW) == ["carla"]
    assert names(weekly.schedule, NOW + HOUR) == ["anna"]
    assert not overriding.end_override(row, now=NOW + 2 * HOUR)


def test_an_override_that_has_not_begun_is_gone_when_it_is_ended(weekly, people):
    row = override(weekly.schedule, None, people[2], begin=NOW + HOUR)

    assert overriding.end_override(row, now=NOW)

    assert not Override.objects.exists()


def test_an_override_of_what_is_over_is_refused(weekly, people):
    with pytest.raises(InThePast):
        override(weekly.schedule, None, people[2], begin=NOW - DAY, end=NOW)


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"change": "replace"}, "substitute"),
        ({"change": "add"}, "substitute"),
        ({"change": "remove"}, "person"),
        ({"change": "remove", "end_at": NOW - DAY}, "end_at"),
    ],
)
def test_an_override_says_who(columns, field, weekly, people):
    row = Override(**{"schedule": weekly.schedule, "begin_at": NOW, "end_at": NOW + DAY} | columns)

    with pytest.raises(overriding.Unclear) as refusal:
        overriding.override(row, by=people[0], now=NOW)

    assert refusal.value.field == field


def test_what_is_said_of_an_absence_for_a_schedule_goes_before_what_is_said_for_all(weekly, people):
    anna, ben, carla = people
    OutOfOffice.objects.create(user=anna, cover=carla, begin_at=NOW, end_at=NOW + DAY)
    OutOfOffice.objects.create(
        user=anna, cover=ben, schedule=weekly.schedule, begin_at=NOW + HOUR, end_at=NOW + 2 * HOUR
    )
    OutOfOffice.objects.create(
        user=anna, cover=anna, schedule=ScheduleFactory(), begin_at=NOW, end_at=NOW + DAY
    )

    found = [names(weekly.schedule, NOW + number * HOUR) for number in (-1, 0, 1, 2, 24)]
    assert found == [["anna"], ["carla"], ["ben"], ["carla"], ["anna"]]


def test_a_person_with_turns_is_a_member_and_others_are_not(weekly, people):
    assert overriding.may_take(people[0], weekly.schedule)
    assert not overriding.may_override(people[0], weekly.schedule)
    assert not overriding.may_take(people[2], weekly.schedule)
