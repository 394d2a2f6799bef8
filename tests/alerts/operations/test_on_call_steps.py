"""Steps tell who is on call when they run, and wait where by plan nobody is."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import engine
from alerts.models import Escalation, Override, RotationHours
from alerts.operations import forecast
from alerts.operations.rehearsal import of_manual
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start, story, told
from tests.alerts.operations.reports import HOUR, act, by, failed, ingest, mended, running
from tests.factories import (
    NOW,
    IntegrationFactory,
    RotationFactory,
    ScheduleFactory,
    StepFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return {name: UserFactory(username=name) for name in ("anna", "ben", "carol", "dora")}


def schedule(hours=None, *, is_intended=False, **roles):
    """Make a schedule; each role's people take turns. hours: begin and end of each day, as times."""
    made = ScheduleFactory(name="Web", is_uncovered_time_intended=is_intended)
    for role, turns in roles.items():
        rotation = RotationFactory(schedule=made, role=role, turns=turns)
        if hours:
            begin, end = hours
            RotationHours.objects.create(
                rotation=rotation, weekdays=list(range(7)), begins=time(begin), ends=time(end)
            )
    return made


def on_call(*schedules, **options):
    return ([], options.pop("wait", 0), {"schedules": schedules, **options})


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("primary", ["anna"]),
        ("secondary", ["ben"]),
        ("escalation_manager", ["carol"]),
        ("everybody", ["anna", "ben", "carol"]),
    ],
)
def test_of_those_on_call_a_step_tells_its_role(role, names, people):
    made = schedule(primary=[people["anna"]], secondary=[people["ben"]], escalation_manager=[people["carol"]])

    alert = start(policy(on_call(made, schedule_role=role)))
    pass_minutes(0, 0)

    assert [name for _minute, name in told(alert)] == names


def test_who_is_on_call_is_asked_when_the_step_runs(people):
    turns = schedule(primary=[people["anna"]])
    rotation = turns.rotations.get()
    rotation.kind, rotation.hand_off = "daily", time(12, 5)
    rotation.save()
    other = rotation.turns.create(position=2)
    other.users.add(people["ben"])
    alert = start(policy(on_call(turns), on_call(turns, wait=4), on_call(turns, wait=1)))

    pass_minutes(0, 5)

    (first, before, after) = [name for _minute, name in told(alert)]
    assert first == before != after


def test_an_override_counts(people):
    made = schedule(primary=[people["anna"]])
    Override.objects.create(
        schedule=made,
        role="primary",
        substitute=people["ben"],
        begin_at=NOW - HOUR,
        end_at=NOW + HOUR,
        created_at=NOW,
    )

    alert = start(policy(on_call(made)))
    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]


def test_a_gap_is_written_down_and_the_next_step_runs_at_once(people):
    alert = start(policy(on_call(schedule()), ([people["ben"]], 30, {})))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]
    assert story(alert)[0] == "Step 1: nobody can be told. Not reached: schedule Web (nobody is on call)."


def test_who_is_on_call_but_cannot_be_reached_is_a_gap(people):
    people["anna"].email = ""
    people["anna"].save()

    alert = start(policy(on_call(schedule(primary=[people["anna"]])), ([people["ben"]], 30, {})))
    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]


def by_day(people, **options):
    """A schedule that has Anna from 13 to 17 o'clock and means to have nobody else."""
    return schedule((13, 17), is_intended=True, primary=[people["anna"]], **options)


def test_time_that_is_meant_to_be_uncovered_holds_the_step_until_somebody_is_on_call(people):
    alert = start(policy(on_call(by_day(people)), ([people["ben"]], 5, {})))

    pass_minutes(0, 66)

    assert told(alert) == [(60, "anna"), (65, "ben")]
    assert story(alert)[0] == "Step 1: held, because by plan nobody is on call now."


def test_it_is_written_once_however_long_it_is_held(people):
    made = schedule((17, 18), is_intended=True, primary=[people["anna"]])
    alert = start(policy(on_call(made)))

    for hour in range(6):
        pass_minutes(60 * hour, 60 * hour)

    assert told(alert) == [(300, "anna")]
    assert sum("held" in line for line in story(alert)) == 1


def test_who_steps_in_is_told_within_the_hour(people):
    made = schedule((17, 18), is_intended=True, primary=[people["anna"]])
    alert = start(policy(on_call(made)))
    pass_minutes(0, 30)
    Override.objects.create(
        schedule=made,
        role="primary",
        change="add",
        substitute=people["ben"],
        begin_at=NOW + 40 * MINUTE,
        end_at=NOW + 3 * HOUR,
        created_at=NOW,
    )

    pass_minutes(31, 60)

    assert told(alert) == [(60, "ben")]


def test_what_is_critical_is_never_held(people):
    alert = start(policy(on_call(by_day(people)), ([people["ben"]], 5, {})), alert={"severity": "critical"})

    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]


def test_what_becomes_critical_is_held_no_more(people):
    integration = IntegrationFactory(
        escalation_policy=policy(
            ([people["ben"]], 0, {}), on_call(by_day(people), wait=1), ([people["carol"]], 9, {})
        )
    )
    alert = ingest(integration, failed()).alert
    pass_minutes(0, 5)

    ingest(integration, failed(severity="critical"), at=NOW + 6 * MINUTE)
    pass_minutes(6, 6)

    assert (6, "carol") in told(alert)


def test_a_person_who_escalates_does_not_wait_for_it(people):
    alert = start(policy(on_call(by_day(people)), ([people["ben"]], 5, {})))
    pass_minutes(0, 0)

    act(alert, "escalate", by=by(people["carol"]), at=NOW + MINUTE)

    assert told(alert) == [(1, "ben")]


def test_a_step_that_reaches_others_is_not_held(people):
    alert = start(policy(([people["ben"]], 0, {"schedules": [by_day(people)]})))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]


def test_a_held_step_is_paused_by_who_takes_the_alert_and_held_again(people):
    alert = start(policy(on_call(by_day(people))))
    pass_minutes(0, 0)
    assert running(alert).status == Escalation.Status.HELD

    act(alert, "acknowledge", by=by(people["carol"]), at=NOW + MINUTE)
    pass_minutes(1, 70)
    assert told(alert) == []
    act(alert, "unacknowledge", by=by(people["carol"]), at=NOW + 71 * MINUTE)
    pass_minutes(71, 71)

    assert told(alert) == [(71, "anna")]


@pytest.mark.parametrize(("owner", "name"), [("anna", "anna"), ("ben", "ben"), ("carol", "anna")])
def test_an_owner_who_is_off_duty_is_left_in_peace_and_the_schedule_is_told(owner, name, people):
    made = schedule(primary=[people["anna"]], secondary=[people["ben"]])
    alert = start(policy(on_call(made, tells_owner=True), stop="closed"), alert={"owner": people[owner]})

    pass_minutes(0, 0)

    assert told(alert) == [(0, name)]


def test_without_an_owner_the_schedule_is_told(people):
    alert = start(policy(on_call(schedule(primary=[people["anna"]]), tells_owner=True)))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "anna")]


@pytest.mark.parametrize(("last", "first"), [("anna", "anna"), ("dora", "ben")])
def test_who_had_it_last_is_told_first_only_on_duty(last, first, people):
    made = schedule(secondary=[people["anna"]])
    integration = IntegrationFactory(
        escalation_policy=policy(([people["ben"]], 0, {}), on_call(made, wait=9))
    )
    alert = ingest(integration, failed()).alert
    act(alert, "acknowledge", by=by(people[last]), at=NOW)
    ingest(integration, mended(), at=NOW + MINUTE)

    ingest(integration, failed(), at=NOW + 2 * MINUTE)
    pass_minutes(2, 2)

    assert [name for minute, name in told(alert) if minute == 2] == [first]


def test_what_comes_next_says_who_is_on_call_by_then(people):
    alert = start(policy(([people["ben"]], 0, {}), on_call(by_day(people), wait=90)))
    pass_minutes(0, 0)

    assert forecast.upcoming(alert, now=NOW).people == (people["anna"],)


def test_the_preview_holds_as_the_escalation_does(people):
    made = policy(on_call(by_day(people)), ([people["ben"]], 5, {}))

    stages = of_manual(made, [], now=NOW).stages

    assert [(stage.after // MINUTE, stage.is_held) for stage in stages[:3]] == [
        (0, True),
        (60, False),
        (65, False),
    ]
    assert stages[1].reach.people == (people["anna"],)


def test_many_alerts_ask_once_who_is_on_call(people):
    made = policy(on_call(schedule(primary=[people["anna"]])))

    def cost(count):
        for _ in range(count):
            start(made)
        with CaptureQueriesContext(connection) as statements:
            engine.escalate_due(NOW + timedelta(seconds=1))
        return len(statements)

    cost(1)  # what is compiled once
    assert cost(1) == cost(7)


def test_steps_without_schedules_ask_for_none(people):
    StepFactory(policy=(made := policy(([people["anna"]], 0, {}))), users=[people["ben"]])
    start(made)

    with CaptureQueriesContext(connection) as statements:
        engine.escalate_due(NOW)

    assert not [row["sql"] for row in statements if "alerts_schedule" in row["sql"]]
