"""Steps with conditions: asked when their time has come, passed over with their wait kept."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Escalation
from alerts.operations import escalation
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start, story, told
from tests.alerts.operations.reports import act, by
from tests.factories import NOW, HoursFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
CRITICAL = {"severities": ["critical"]}


@pytest.fixture
def people():
    return [UserFactory(username=name) for name in ("anna", "ben", "carol")]


def test_a_step_that_is_not_for_this_severity_is_passed_over_and_the_next_keeps_its_time(people):
    anna, ben, carol = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, CRITICAL), ([carol], 5, {})))

    pass_minutes(0, 11)

    assert told(alert) == [(0, "anna"), (10, "carol")]
    assert "Step 2: passed over, because its conditions are not met." in story(alert)


def test_the_same_step_runs_for_its_severity(people):
    anna, ben, carol = people
    made = policy(([anna], 0, {}), ([ben], 5, CRITICAL), ([carol], 5, {}))

    alert = start(made, alert={"severity": "critical"})
    pass_minutes(0, 11)

    assert told(alert) == [(0, "anna"), (5, "ben"), (10, "carol")]


def test_the_severity_of_the_moment_counts(people):
    anna, ben, _carol = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, CRITICAL)))
    pass_minutes(0, 3)

    Alert.objects.update(severity="critical")
    pass_minutes(4, 6)

    assert told(alert) == [(0, "anna"), (5, "ben")]


@pytest.mark.parametrize(("is_outside", "name"), [(False, "anna"), (True, "ben")])
def test_one_of_two_steps_that_are_due_together_runs_by_the_hours(is_outside, name, people):
    anna, ben, _carol = people
    office = HoursFactory(monday="08:00-18:00" if not is_outside else "")
    day, night = {"hours": office}, {"hours": office, "is_outside_hours": True}

    alert = start(policy(([anna], 0, day), ([ben], 0, night)))
    pass_minutes(0, 1)

    assert told(alert) == [(0, name)]


def test_hours_are_those_of_the_moment_at_which_the_step_runs(people):
    anna, ben, carol = people
    until_five_past = HoursFactory(monday="08:00-12:05")
    alert = start(
        policy(
            ([anna], 4, {"hours": until_five_past}), ([ben], 1, {"hours": until_five_past}), ([carol], 1, {})
        )
    )

    pass_minutes(0, 8)

    assert told(alert) == [(4, "anna"), (6, "carol")]


@pytest.mark.parametrize(
    ("tags", "names"), [({"stage": "live"}, ["anna"]), ({"stage": "test"}, []), ({}, [])]
)
def test_a_tag_decides(tags, names, people):
    alert = start(policy((people[:1], 0, {"tag": "stage", "tag_values": "live, beta"})), alert={"tags": tags})

    pass_minutes(0, 1)

    assert [name for _minute, name in told(alert)] == names


def test_where_no_condition_is_met_the_last_resort_is_told(people):
    anna, ben, _carol = people
    alert = start(policy(([anna], 0, CRITICAL), runs=2, last_resort=ben))

    pass_minutes(0, 12)

    assert told(alert) == [(10, "ben")]


def test_a_person_who_escalates_does_not_wait_for_what_is_passed_over(people):
    anna, ben, carol = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, CRITICAL), ([carol], 30, {})))
    pass_minutes(0, 1)

    who = escalation.advance(alert, now=NOW + MINUTE)

    assert who == (carol,)


def test_a_team_that_has_begun_is_told_to_its_end_whatever_the_hours():
    team = TeamFactory(people=[UserFactory(username=name) for name in ("anna", "ben")])
    briefly = HoursFactory(monday="08:00-12:01")
    options = {"teams": [team], "team_order": "one_by_one", "member_wait": 2 * MINUTE, "hours": briefly}

    alert = start(policy(([], 0, options)))
    pass_minutes(0, 3)

    assert told(alert) == [(0, "anna"), (2, "ben")]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("everybody", ["anna", "ben", "carol"]),
        ("primary", ["anna"]),
        ("secondary", ["ben"]),
        ("escalation_manager", ["carol"]),
    ],
)
def test_of_teams_and_of_the_recipients_teams_those_of_a_role_are_told(role, names, people):
    team = TeamFactory(people=people)
    for membership, of in zip(
        team.memberships.all(), ("primary", "secondary", "escalation_manager"), strict=True
    ):
        membership.role = of
        membership.save()
    named = start(policy(([], 0, {"teams": [team], "team_role": role})))
    received = start(policy(([], 0, {"tells_recipients": True, "team_role": role})))
    received.integration.recipient_teams.add(team)

    pass_minutes(0, 0)

    assert [name for _minute, name in told(named)] == names
    assert [name for _minute, name in told(received)] == names


def test_a_team_without_anybody_of_the_role_reaches_nobody_and_says_so(people):
    anna, ben, _carol = people
    team = TeamFactory(name="Web", people=[anna])

    alert = start(policy(([], 0, {"teams": [team], "team_role": "secondary"}), ([ben], 9, {})))
    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]
    assert "team Web (nobody in it has this role)" in story(alert)[0]


@pytest.mark.parametrize(("timeout", "minute"), [(timedelta(minutes=3), 4), (None, 2)])
def test_who_is_given_an_alert_has_as_long_as_the_policy_says(timeout, minute, people):
    anna, ben, carol = people
    made = policy(([anna], 0, {}), ([ben], 2, {}), assignment_timeout=timeout)
    alert = start(made)
    pass_minutes(0, 0)

    act(alert, "assign", by=by(anna), at=NOW + MINUTE, user_id=carol.pk)
    pass_minutes(1, 6)

    assert [(at, name) for at, name in told(alert) if name == "ben"] == [(minute, "ben")]
    assert Escalation.objects.get(alert=alert).status != Escalation.Status.PAUSED
