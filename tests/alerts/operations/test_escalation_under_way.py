"""What actions and outages do to an escalation that is under way."""

from datetime import timedelta

import pytest

from alerts import engine
from alerts.logic.event import Severity
from alerts.logic.lifecycle import InvalidTransition
from alerts.logic.notification import Kind
from alerts.models import Alert, Escalation, Notification
from alerts.operations import due_steps, escalation, forecast, steps
from tests.alerts.operations.policies import MINUTE, pages, pass_minutes, policy, start, story, told
from tests.alerts.operations.reports import act, by, running
from tests.factories import NOW, AlertFactory, StepFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [UserFactory(username=name) for name in ("anna", "ben", "carla", "dan")]


def test_an_acknowledgement_pauses_the_escalation_and_calls_off_what_is_unsent(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    pass_minutes(1, 300)

    assert told(alert) == [(0, "anna")]
    assert Notification.objects.get().status == "cancelled"
    assert running(alert).status == "paused"


def test_a_later_step_that_stops_at_closing_runs_though_it_is_acknowledged(people):
    anna, ben, carla, _dan = people
    boss = ([carla], 10, {"stop": "closed"})
    alert = start(policy(([anna], 0, {}), ([ben], 5, {}), boss))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    pass_minutes(1, 60)

    assert told(alert) == [(0, "anna"), (15, "carla")]
    assert Notification.objects.get(user=carla).status == "pending"
    assert running(alert).status == "paused"


def test_whoever_has_it_is_left_in_peace_by_a_step_that_stops_at_closing(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([anna], 5, {"stop": "closed"}), ([ben], 5, {"stop": "closed"})))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    pass_minutes(1, 60)

    assert told(alert) == [(0, "anna"), (10, "ben")]
    assert "Step 2: no need to tell Anna again." in story(alert)


def test_an_owner_stops_a_policy_that_says_so_and_no_other(people):
    anna, ben, *_ = people
    stops = [
        start(policy(([anna], 0, {}), ([ben], 5, {}), stop=stop)) for stop in ("assigned", "acknowledged")
    ]
    pass_minutes(0, 0)
    for alert in stops:
        act(alert, "assign", by=by(anna), at=NOW + MINUTE, user_id=ben.pk)

    pass_minutes(1, 11)

    assert [told(alert) for alert in stops] == [
        [(0, "anna"), (1, "ben")],
        [(0, "anna"), (1, "ben"), (11, "ben")],
    ]


def test_taking_it_back_goes_on_at_the_time_the_next_step_had(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    act(alert, "unacknowledge", by=by(anna), at=NOW + 2 * MINUTE)
    pass_minutes(2, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]


def test_taking_it_back_late_runs_the_next_step_at_once(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    pass_minutes(1, 29)
    act(alert, "unacknowledge", by=by(anna), at=NOW + 30 * MINUTE)
    pass_minutes(30, 30)

    assert told(alert) == [(0, "anna"), (30, "ben")]


def test_taking_it_back_after_steps_at_the_same_time_of_which_one_reached_nobody_keeps_the_wait(people):
    anna, ben, *_ = people
    nobody = {"teams": [TeamFactory()]}
    alert = start(policy(([anna], 0, {}), ([], 0, nobody), ([ben], 5, {})))
    pass_minutes(0, 0)

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    act(alert, "unacknowledge", by=by(anna), at=NOW + 2 * MINUTE)
    pass_minutes(2, 5)

    assert told(alert) == [(0, "anna"), (5, "ben")]


def test_taking_it_back_before_the_first_step_keeps_its_wait(people):
    anna, *_ = people
    alert = start(policy(([anna], 5, {})))

    act(alert, "acknowledge", by=by(anna), at=NOW + MINUTE)
    act(alert, "unacknowledge", by=by(anna), at=NOW + 2 * MINUTE)
    pass_minutes(2, 5)

    assert told(alert) == [(5, "anna")]


def test_escalating_by_hand_tells_the_next_at_once_and_the_one_after_in_its_time(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna], 0, {}), ([ben], 30, {}), ([carla], 5, {})))
    pass_minutes(0, 0)

    act(alert, "escalate", by=by(anna), at=NOW + 2 * MINUTE)
    pass_minutes(2, 7)

    assert told(alert) == [(0, "anna"), (2, "ben"), (7, "carla")]


def test_escalating_by_hand_goes_past_an_owner_who_would_stop_it(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 30, {}), stop="assigned"))
    pass_minutes(0, 0)
    act(alert, "assign", by=by(ben), at=NOW + MINUTE, user_id=anna.pk)

    act(alert, "escalate", by=by(anna), at=NOW + 2 * MINUTE)
    engine.deliver_due(NOW + 2 * MINUTE)

    page = Notification.objects.get(user=ben, kind="page")
    assert (page.status, page.created_at) == ("sent", NOW + 2 * MINUTE)


def test_escalating_what_was_opened_quietly_begins_the_policy(people):
    anna, *_ = people
    alert = start(policy(([anna], 30, {})), notifies=False)

    act(alert, "escalate", by=by(anna), at=NOW + MINUTE)

    assert told(alert) == [(1, "anna")]


def test_escalating_when_all_steps_are_used_up_tells_the_last_resort_again(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), last_resort=ben))
    pass_minutes(0, 5)

    act(alert, "escalate", by=by(anna), at=NOW + 7 * MINUTE)

    assert told(alert) == [(0, "anna"), (5, "ben"), (7, "ben")]


def test_escalating_goes_to_the_last_resort_past_an_owner_who_would_stop_it(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), last_resort=ben, stop="assigned"))
    pass_minutes(0, 5)
    act(alert, "assign", by=by(ben), at=NOW + 6 * MINUTE, user_id=anna.pk)

    act(alert, "escalate", by=by(anna), at=NOW + 7 * MINUTE)

    page = alert.notifications.latest("id")
    assert (page.user, page.kind, page.stop) == (ben, "last_resort", "acknowledged")


def test_a_snooze_keeps_everybody_quiet_and_its_end_begins_the_policy_anew(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))
    pass_minutes(0, 0)

    act(alert, "snooze", by=by(anna), at=NOW + MINUTE, until=NOW + 20 * MINUTE)
    pass_minutes(1, 20)
    engine.wake_due(NOW + 20 * MINUTE)
    pass_minutes(20, 25)

    assert told(alert) == [(0, "anna"), (20, "anna"), (25, "ben")]


def test_one_who_was_given_it_and_does_not_acknowledge_has_ten_minutes(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna], 0, {}), ([carla], 5, {})))
    pass_minutes(0, 0)

    act(alert, "assign", by=by(anna), at=NOW + 4 * MINUTE, user_id=ben.pk)
    pass_minutes(4, 14)

    assert pages(alert) == [(0, "anna", "page"), (4, "ben", "assigned"), (14, "carla", "page")]


def test_closing_ends_it_and_tells_those_whom_a_page_has_reached(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})))
    pass_minutes(0, 0)
    engine.deliver_due(NOW)
    pass_minutes(1, 5)

    act(alert, "close", at=NOW + 6 * MINUTE)
    pass_minutes(6, 60)

    assert running(alert) is None
    assert pages(alert)[2:] == [(6, "anna", "closed")]
    assert Notification.objects.get(user=ben).status == "cancelled"


def test_who_closes_an_alert_is_not_told_that_it_is_closed(people):
    anna, ben, *_ = people
    alert = start(policy(([anna, ben], 0, {})))
    pass_minutes(0, 0)
    engine.deliver_due(NOW)

    act(alert, "close", by=by(anna), at=NOW + MINUTE)

    assert [row for row in pages(alert) if row[2] == "closed"] == [(1, "ben", "closed")]


def test_news_of_closing_goes_to_those_of_this_opening_only(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {})))
    pass_minutes(0, 0)
    engine.deliver_due(NOW)
    act(alert, "close", at=NOW + MINUTE)
    act(alert, "reopen", by=by(ben), at=NOW + 60 * MINUTE)

    act(alert, "close", by=by(ben), at=NOW + 61 * MINUTE)

    assert [row for row in pages(alert) if row[2] == "closed"] == [(1, "anna", "closed")]


def test_who_is_being_told_this_moment_hears_of_the_closing_too(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    pass_minutes(0, 0)
    Notification.objects.claim(now=NOW, lease=MINUTE)

    act(alert, "close", at=NOW + timedelta(seconds=1))

    assert pages(alert)[1:] == [(0, "anna", "closed")]
    assert Notification.objects.get(kind="page").status == "pending"


def test_a_step_that_runs_twice_writes_each_page_once(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {}), ([anna], 60, {})))
    live = running(alert)
    pass_minutes(0, 0)

    Escalation.objects.filter(pk=live.pk).update(run=0, step=0, due_at=NOW)
    pass_minutes(1, 1)

    assert told(alert) == [(0, "anna")]
    assert Notification.objects.get().status == "pending"


def test_after_an_outage_each_step_has_its_whole_wait_and_nobody_is_told_twice_at_once(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {}), ([carla], 5, {})))

    pass_minutes(60, 70)

    assert told(alert) == [(60, "anna"), (65, "ben"), (70, "carla")]


def test_after_an_outage_what_was_taken_meanwhile_is_left_alone(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    Alert.objects.filter(pk=alert.pk).update(status="acknowledged")

    pass_minutes(60, 61)

    assert (told(alert), running(alert).status) == ([], "paused")


def test_a_later_page_takes_the_place_of_one_that_could_not_be_sent_yet(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {}), ([anna], 5, {})))

    pass_minutes(0, 5)

    assert list(alert.notifications.order_by("id").values_list("status", flat=True)) == [
        "cancelled",
        "pending",
    ]


def test_a_step_that_breaks_each_time_gives_way_to_the_next(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 30, {})))
    Escalation.objects.update(start_count=steps.MOST_STARTS)

    pass_minutes(0, 0)

    assert told(alert) == [(0, "ben")]
    assert "A step could not be run" in story(alert)[0]
    assert running(alert).start_count == 0


def test_a_step_whose_worker_died_is_run_when_its_lease_ends(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    Escalation.objects.all().claim(now=NOW, lease=due_steps.LEASE)

    assert engine.escalate_due(NOW) == 0
    assert engine.escalate_due(NOW + due_steps.LEASE) == 1
    assert told(alert) == [(0, "anna")]


def test_the_current_policy_is_used_from_its_first_step_when_asked_for(people):
    anna, ben, carla, _dan = people
    a_policy = policy(([anna], 0, {}), ([ben], 5, {}))
    alert = start(a_policy)
    pass_minutes(0, 0)
    a_policy.steps.all().delete()
    StepFactory(policy=a_policy, users=[carla])

    escalation.use_current_policy(alert, now=NOW + MINUTE, actor=by(anna))
    pass_minutes(1, 1)

    assert told(alert) == [(0, "anna"), (1, "carla")]
    assert alert.events.get(kind="escalated").actor == anna


def test_the_current_policy_of_what_is_closed_is_not_begun(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    act(alert, "close", by=by(anna))

    with pytest.raises(InvalidTransition, match="closed"):
        escalation.use_current_policy(alert, now=NOW)

    assert running(alert) is None


def test_escalating_where_there_is_nobody_to_tell_says_so(people):
    anna, *_ = people
    alert = AlertFactory()

    act(alert, "escalate", by=by(anna))

    assert story(alert)[-1] == "There is no policy and no recipient: nobody is told."


TAKEN = {"acknowledged": {"status": "acknowledged"}, "snoozed": {"snoozed_until": NOW + 60 * MINUTE}}


@pytest.mark.parametrize("columns", TAKEN.values(), ids=TAKEN)
def test_the_current_policy_of_what_is_taken_waits(people, columns):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    Alert.objects.update(**columns)

    escalation.use_current_policy(alert, now=NOW + MINUTE)

    assert running(alert).status == "paused"


def test_a_step_that_is_due_though_nothing_paused_it_tells_nobody_in_a_snooze(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})), alert={"snoozed_until": NOW + 60 * MINUTE})

    pass_minutes(0, 10)

    assert (told(alert), running(alert).status) == ([], "paused")


def test_it_is_known_who_is_next_and_when(people):
    anna, ben, carla, _dan = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {}), last_resort=carla))
    pass_minutes(0, 0)

    soon = forecast.upcoming(alert, now=NOW)
    pass_minutes(1, 5)
    later = forecast.upcoming(alert, now=NOW + 5 * MINUTE)

    assert (soon.due_at, soon.people, soon.is_last_resort) == (NOW + 5 * MINUTE, (ben,), False)
    assert (later.due_at, later.people, later.is_last_resort) == (NOW + 10 * MINUTE, (carla,), True)


def test_nobody_is_next_once_somebody_has_it(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})))
    act(alert, "acknowledge", by=by(anna))
    alert.refresh_from_db()

    assert forecast.upcoming(alert, now=NOW) is None


def test_whom_one_tells_and_cannot_reach_is_named_on_the_timeline(people):
    anna, ben, *_ = people
    ben.email = ""
    ben.save()
    alert = AlertFactory()

    escalation.tell(alert, [anna, ben], Kind.RESPONDER, now=NOW, key="x" * 200)
    escalation.tell(alert, [anna, ben], Kind.RESPONDER, now=NOW, key="x" * 200)

    assert pages(alert) == [(0, "anna", "responder")]
    assert story(alert)[0] == "Could not be told: Ben (no e-mail address)."


def test_a_raise_is_told_to_those_who_have_it_though_it_is_taken(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {})), alert={"severity": "warning"})
    act(alert, "acknowledge", by=by(anna))
    act(alert, "change_severity", by=by(ben), severity=Severity.CRITICAL)

    engine.deliver_due(NOW)

    assert Notification.objects.get(kind="raised").status == "sent"


def test_the_reminder_comes_once_and_is_called_off_when_the_alert_is_given_back(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})), alert={"severity": "critical"})
    act(alert, "acknowledge", by=by(anna))

    for minute in (54, 55, 56):
        engine.remind_due(NOW + minute * MINUTE)

    assert pages(alert) == [(55, "anna", "reminder")]
    act(alert, "unacknowledge", by=by(anna), at=NOW + 57 * MINUTE)
    assert Notification.objects.get().status == "cancelled"


def test_no_reminder_comes_when_the_acknowledgement_has_run_out_already(people):
    anna, *_ = people
    alert = start(policy(([anna], 0, {})), alert={"severity": "critical"})
    act(alert, "acknowledge", by=by(anna))

    engine.remind_due(NOW + 60 * MINUTE)

    assert pages(alert) == []


def test_when_the_acknowledgement_runs_out_the_policy_begins_anew(people):
    anna, ben, *_ = people
    alert = start(policy(([anna], 0, {}), ([ben], 5, {})), alert={"severity": "critical"})
    pass_minutes(0, 0)
    act(alert, "acknowledge", by=by(anna))

    for minute in (59, 60):
        engine.time_out_due(NOW + minute * MINUTE)
        pass_minutes(minute, minute)

    assert told(alert) == [(0, "anna"), (60, "anna")]
