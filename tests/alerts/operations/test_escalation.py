"""Who is told by a step, and when: people looked up late, in their order, and those who cannot be told."""

import pytest

from alerts.models import Alert, AlertEvent, Notification, TeamMembership
from alerts.operations import escalation
from tests.alerts.operations.policies import MINUTE, pages, pass_minutes, policy, start, story, told
from tests.alerts.operations.reports import running
from tests.factories import NOW, AlertFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [UserFactory(username=name) for name in ("anna", "ben", "carla", "dan")]


def test_steps_run_in_their_order_and_time(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna], 0, {}), ([ben, carla], 5, {}), runs=2))

    pass_minutes(0, 14)

    assert told(alert) == [(0, "anna"), (5, "ben"), (5, "carla"), (10, "anna")]
    assert story(alert)[:2] == ["Step 1: telling Anna.", "Step 2: telling Ben, Carla."]
    assert story(alert)[2] == "Step 1, round 2: telling Anna."


def test_a_step_says_on_the_timeline_whom_it_told_and_when_the_next_runs(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))

    pass_minutes(0, 0)

    line = alert.events.get(kind=AlertEvent.Kind.STEP)
    assert line.data == {
        "escalation": running(alert).pk,
        "run": 0,
        "step": 0,
        "member": 0,
        "told": [anna.pk],
        "next_at": (NOW + 5 * MINUTE).isoformat(),
    }


def test_steps_that_are_due_at_the_same_time_tell_everybody_once(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna, ben], 0, {}), ([carla], 5, {})), recipients=[anna])

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (0, "ben"), (5, "carla")]
    assert story(alert)[:2] == ["Recipients: telling Anna.", "Step 1: telling Ben."]


def test_a_step_that_has_only_people_who_were_just_told_is_no_step_that_reaches_nobody(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})), recipients=[anna])

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]
    assert story(alert)[1] == "Step 1: no need to tell Anna again."


def test_a_step_that_reaches_nobody_hastens_nothing_when_others_were_told_at_the_same_time(people):
    anna, ben, *_ = people
    empty = {"teams": [TeamFactory()]}
    alert = start(policy(([anna], 0, {}), ([], 0, empty), ([ben], 5, {})))

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]


def test_a_person_in_two_teams_and_among_the_users_is_told_once(people):
    anna, ben, *_ = people
    teams = [TeamFactory(people=[anna, ben]), TeamFactory(people=[anna])]
    alert = start(policy(([anna], 0, {"teams": teams})))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "anna"), (0, "ben")]


def test_a_team_is_told_one_by_one_in_its_order_beside_the_steps_other_people(people):
    anna, ben, carla, dan = people
    team = TeamFactory(people=[ben, carla])
    one_by_one = {"teams": [team], "team_order": "one_by_one", "member_wait": 3 * MINUTE}
    alert = start(policy(([anna], 0, one_by_one), ([dan], 5, {})))

    pass_minutes(0, 8)

    assert told(alert) == [(0, "anna"), (0, "ben"), (3, "carla"), (8, "dan")]
    assert len(story(alert)) == 3


def test_several_teams_are_told_one_by_one_side_by_side(people):
    anna, ben, carla, _dan = people
    teams = [TeamFactory(name="A", people=[anna, ben]), TeamFactory(name="B", people=[carla])]
    options = {"teams": teams, "team_order": "one_by_one", "member_wait": 3 * MINUTE}
    alert = start(policy(([], 0, options)))

    pass_minutes(0, 4)

    assert told(alert) == [(0, "anna"), (0, "carla"), (3, "ben")]


def test_who_joins_a_team_while_it_is_told_has_a_turn(people):
    anna, ben, *_ = people
    team = TeamFactory(people=[anna])
    options = {"teams": [team], "team_order": "one_by_one", "member_wait": 3 * MINUTE}
    alert = start(policy(([], 5, options)))
    TeamMembership.objects.create(team=team, user=ben, position=9)

    pass_minutes(0, 8)

    assert told(alert) == [(5, "anna"), (8, "ben")]


def test_a_place_in_a_team_that_is_gone_when_its_turn_comes_is_passed_over_without_a_word(people):
    anna, ben, carla, _dan = people
    team = TeamFactory(people=[anna, ben])
    alert = start(policy(([], 0, {"teams": [team], "team_order": "one_by_one"}), ([carla], 30, {})))
    pass_minutes(0, 4)
    TeamMembership.objects.filter(user=ben).delete()

    pass_minutes(5, 5)

    assert told(alert) == [(0, "anna"), (5, "carla")]
    assert story(alert) == ["Step 1: telling Anna.", "Step 2: telling Carla."]


def test_the_next_member_comes_at_once_when_one_cannot_be_told(people):
    anna, ben, carla, _dan = people
    options = {"teams": [TeamFactory(people=[anna, ben, carla])], "team_order": "one_by_one"}
    alert = start(policy(([], 0, options)))
    ben.is_active = False
    ben.save()

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (5, "carla")]
    assert "Step 1: nobody can be told. Not reached: Ben (switched off)." in story(alert)


def test_people_are_looked_up_when_the_step_runs_and_steps_when_it_starts(people):
    anna, ben, carla, _dan = people
    team = TeamFactory(people=[anna])
    a_policy = policy(([], 5, {"teams": [team]}), ([ben], 5, {}))
    alert = start(a_policy)
    TeamMembership.objects.create(team=team, user=carla, position=9)
    a_policy.steps.all().delete()
    ben.email = "new@example.com"
    ben.save()

    pass_minutes(0, 10)

    assert told(alert) == [(5, "anna"), (5, "carla"), (10, "ben")]
    assert Notification.objects.get(user=ben).address == "new@example.com"


def test_recipients_whom_no_step_names_are_told_first(people):
    anna, ben, carla, dan = people
    alert = start(policy(([anna], 2, {})), recipients=[ben])
    alert.named_users.add(carla)
    alert.named_teams.add(TeamFactory(people=[dan]))

    pass_minutes(0, 2)

    assert told(alert) == [(0, "carla"), (0, "ben"), (0, "dan"), (2, "anna")]
    assert story(alert)[0] == "Recipients: telling Carla, Ben, Dan."


def test_recipients_are_told_where_a_step_names_them(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([], 5, {"tells_recipients": True})), recipients=[ben])

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]


def test_without_a_policy_the_recipients_are_told(people):
    anna, *_ = people
    alert = start(recipients=[anna])

    pass_minutes(0, 4)

    assert told(alert) == [(0, "anna")]


def test_who_had_it_last_is_told_before_the_policy(people):
    anna, ben, *_ = people
    alert = start(policy(([ben], 0, {}), runs=2), first=[anna])

    pass_minutes(0, 10)

    assert told(alert) == [(0, "anna"), (5, "ben"), (10, "ben")]
    assert story(alert)[0] == "Who had it last: telling Anna."


def test_the_owner_is_told_by_a_step_that_names_the_owner(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([], 5, {"tells_owner": True})))
    Alert.objects.filter(pk=alert.pk).update(owner=ben)

    pass_minutes(0, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]


def test_a_step_may_be_louder_than_the_severity(people):
    anna, ben, *_ = people
    louder = policy(([anna], 0, {}), ([ben], 1, {"urgency": "high"}))
    alert = start(louder, alert={"severity": "warning"})

    pass_minutes(0, 1)

    assert list(alert.notifications.order_by("id").values_list("urgency", flat=True)) == ["low", "high"]


NOT_REACHABLE = {
    "switched off": ({"is_active": False}, "Anna (switched off)"),
    "no address": ({"email": ""}, "Anna (no e-mail address)"),
}


@pytest.mark.parametrize(("fields", "reason"), NOT_REACHABLE.values(), ids=NOT_REACHABLE)
def test_a_target_that_reaches_nobody_is_told_and_the_next_step_runs_at_once(fields, reason):
    anna, ben = UserFactory(username="anna", **fields), UserFactory(username="ben")
    alert = start(policy(([anna], 0, {}), ([ben], 30, {})))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]
    assert story(alert) == [f"Step 1: nobody can be told. Not reached: {reason}.", "Step 2: telling Ben."]


def test_an_empty_team_reaches_nobody(people):
    anna, *_ = people
    empty = {"teams": [TeamFactory(name="Night shift")]}
    alert = start(policy(([], 0, empty), ([anna], 30, {})))

    pass_minutes(0, 0)

    assert told(alert) == [(0, "anna")]
    assert "team Night shift (nobody is in it)" in story(alert)[0]


def test_who_is_missed_is_named_beside_who_is_told(people):
    anna, ben, *_ = people
    ben.email = ""
    ben.save()
    alert = start(policy(([anna, ben], 0, {})))

    pass_minutes(0, 0)

    assert story(alert) == ["Step 1: telling Anna. Not reached: Ben (no e-mail address)."]


def test_who_had_acknowledged_is_told_again_once_it_is_open_again(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    alert.acknowledgers.add(anna)

    pass_minutes(0, 0)

    assert told(alert) == [(0, "anna")]


def test_when_nobody_takes_it_the_last_resort_is_told_each_hour(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), runs=2, last_resort=ben))

    pass_minutes(0, 130)

    assert pages(alert) == [
        (0, "anna", "page"),
        (5, "anna", "page"),
        (10, "ben", "last_resort"),
        (70, "ben", "last_resort"),
        (130, "ben", "last_resort"),
    ]
    assert running(alert).status == "exhausted"
    assert alert.events.filter(kind=AlertEvent.Kind.EXHAUSTED).count() == 3
    assert story(alert)[2].endswith("Last resort: telling Ben.")


def test_without_a_last_resort_all_active_superusers_are_told(people):
    anna, *_ = people
    roots = [UserFactory(username=f"root{n}", is_superuser=True) for n in (1, 2)]
    UserFactory(is_superuser=True, is_active=False)
    UserFactory(is_superuser=True, email="")
    alert = start(policy(([anna], 0, {})))

    pass_minutes(0, 5)

    assert told(alert)[1:] == [(5, user.username) for user in roots]


def test_a_last_resort_who_left_gives_way_to_the_superusers(people):
    anna, ben, *_ = people
    UserFactory(username="root", is_superuser=True)
    alert = start(policy(([anna], 0, {}), last_resort=ben))
    ben.is_active = False
    ben.save()

    pass_minutes(0, 5)

    assert told(alert)[1:] == [(5, "root")]
    assert "Not reached: Ben (switched off)" in story(alert)[-1]


def test_steps_that_all_reach_nobody_end_at_the_last_resort_at_once(people):
    *_, dan = people
    alert = start(policy(([], 0, {}), ([], 30, {}), runs=50, last_resort=dan))

    pass_minutes(0, 0)

    assert pages(alert) == [(0, "dan", "last_resort")]
    assert len(story(alert)) == 3


def test_an_empty_policy_goes_to_the_last_resort(people):
    anna, *_ = people
    alert = start(policy(last_resort=anna))

    pass_minutes(0, 0)

    assert pages(alert) == [(0, "anna", "last_resort")]


def test_an_alert_made_by_hand_without_a_policy_tells_nobody():
    alert = AlertFactory()

    escalation.start(alert, now=NOW)

    assert running(alert) is None


def test_nobody_is_told_where_that_was_not_asked_for(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})), notifies=False)

    pass_minutes(0, 10)

    assert (told(alert), running(alert)) == ([], None)
