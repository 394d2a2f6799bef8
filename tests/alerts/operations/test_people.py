"""Who has an alert: taking it, giving it back, giving it to somebody else, calling more people."""

import pytest

from alerts.logic.lifecycle import Actor, InvalidTransition
from alerts.models import Alert, Escalation
from tests.alerts.operations.reports import HOUR, LATER, MINUTE, MOMENT, act, by, lines, running, waiting
from tests.factories import NOW, AlertFactory, UserFactory


def test_the_first_who_acknowledges_owns_it_for_a_time(world, alert_in):
    alert = alert_in("open")

    acted = act(alert, "acknowledge", by=by(world.ben), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (acted.changed, acted.sentence) == (True, f"#{alert.pk} is acknowledged.")
    assert (alert.owner, list(alert.acknowledgers.all())) == (world.ben, [world.ben])
    assert alert.acknowledged_at == alert.first_assigned_at == NOW + MINUTE
    assert alert.acknowledgement_expires_at == NOW + MINUTE + 4 * HOUR
    assert alert.acknowledgement_reminder_at == NOW + 4 * HOUR - 4 * MINUTE


def test_what_was_acted_on_is_answered_as_it_is_in_the_database(world, alert_in):
    acted = act(alert_in("open"), "acknowledge", by=by(world.ben), at=NOW + MINUTE)

    stored = Alert.objects.get(pk=acted.alert.pk)
    names = [field.attname for field in Alert._meta.concrete_fields]
    assert {name: getattr(acted.alert, name) for name in names} == {
        name: getattr(stored, name) for name in names
    }


def test_the_policy_says_how_long_an_acknowledgement_lasts(world, alert_in):
    world.policy.acknowledgement_timeout_error = 30 * MINUTE
    world.policy.save()
    alert = alert_in("open")

    act(alert, "acknowledge", by=by(world.ben), at=NOW)

    alert.refresh_from_db()
    assert alert.acknowledgement_expires_at == NOW + 30 * MINUTE


def test_without_a_policy_an_acknowledgement_lasts_by_severity(world):
    alert = AlertFactory(severity="critical")

    act(alert, "acknowledge", by=by(world.ben), at=NOW)

    alert.refresh_from_db()
    assert alert.acknowledgement_expires_at == NOW + HOUR


def test_a_second_person_is_added_and_the_first_goes_on_owning_it(world, alert_in):
    alert = alert_in("acknowledged")

    acted = act(alert, "acknowledge", by=by(world.ben), at=NOW + 2 * HOUR)

    alert.refresh_from_db()
    assert acted.changed
    assert alert.owner == world.anna
    assert set(alert.acknowledgers.all()) == {world.anna, world.ben}
    assert alert.acknowledged_at == NOW + MINUTE
    assert alert.acknowledgement_expires_at == NOW + 6 * HOUR


def test_the_same_person_acknowledges_twice_without_harm(world, alert_in):
    alert = alert_in("acknowledged")
    before = lines(alert)

    acted = act(alert, "acknowledge", by=by(world.anna), at=NOW + 2 * MINUTE)

    assert (acted.changed, acted.sentence) == (False, f"#{alert.pk} is acknowledged already.")
    assert lines(alert) == before
    alert.refresh_from_db()
    assert alert.acknowledgement_expires_at == NOW + MINUTE + 4 * HOUR


def test_the_owner_who_is_reminded_acknowledges_anew(world, alert_in):
    alert = alert_in("acknowledged", acknowledgement_reminder_at=None)
    at = NOW + MINUTE + 4 * HOUR - 5 * MINUTE

    acted = act(alert, "acknowledge", by=by(world.anna), at=at)

    alert.refresh_from_db()
    assert (acted.changed, acted.sentence) == (True, f"#{alert.pk} is acknowledged anew.")
    assert alert.acknowledgement_expires_at == at + 4 * HOUR
    assert alert.acknowledgement_reminder_at == at + 4 * HOUR - 5 * MINUTE


def test_acknowledging_what_is_closed_says_by_whom_it_was_closed(world, alert_in):
    alert = alert_in("closed")

    acted = act(alert, "acknowledge", by=by(world.ben), at=LATER)

    assert (acted.changed, acted.sentence) == (False, f"#{alert.pk} is closed already, by Anna.")
    assert not alert.acknowledgers.exists()


def test_acknowledging_calls_off_what_waits_and_pauses_the_escalation(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    assert waiting(alert) == [("anna", "page")]

    act(alert, "acknowledge", by=by(world.ben), at=NOW + MINUTE)

    assert waiting(alert) == []
    assert running(alert).status == Escalation.Status.PAUSED


def test_where_only_closing_stops_it_acknowledging_mutes_only_who_acknowledges(world, alert_in):
    world.policy.stop = "closed"
    world.policy.save()
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)

    act(alert, "acknowledge", by=by(world.ben), at=NOW + MINUTE)
    assert waiting(alert) == [("anna", "page")]
    assert running(alert).status == Escalation.Status.RUNNING

    act(alert, "acknowledge", by=by(world.anna), at=NOW + MINUTE)
    assert waiting(alert) == []


def test_one_who_is_no_user_acknowledges_without_owning(world, alert_in):
    alert = alert_in("open")
    bot = Actor("Deploy bot", "api")

    first = act(alert, "acknowledge", by=bot, at=NOW)
    second = act(alert, "acknowledge", by=bot, at=NOW)

    alert.refresh_from_db()
    assert (first.changed, second.changed) == (True, False)
    assert (alert.status, alert.owner, alert.first_assigned_at) == ("acknowledged", None, None)
    assert alert.events.last().actor_label == "Deploy bot"


def test_taking_a_snoozed_alert_ends_the_snooze(world, alert_in):
    alert = alert_in("open", snoozed_until=NOW + HOUR)

    act(alert, "acknowledge", by=by(world.ben), at=NOW)

    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert alert.acknowledgement_expires_at == NOW + 4 * HOUR


def test_joining_somebody_who_snoozed_leaves_it_quiet(world, alert_in):
    alert = alert_in("acknowledged")
    act(alert, "snooze", by=by(world.anna), until=NOW + 3 * HOUR, at=NOW + 2 * MINUTE)

    act(alert, "acknowledge", by=by(world.ben), at=NOW + 3 * MINUTE)

    alert.refresh_from_db()
    assert alert.snoozed_until == NOW + 3 * HOUR
    assert alert.acknowledgement_expires_at is None


def test_unacknowledging_leaves_it_to_nobody_and_the_escalation_goes_on(world, alert_in):
    alert = alert_in("acknowledged")

    act(alert, "unacknowledge", by=by(world.anna), at=NOW + 2 * MINUTE)

    alert.refresh_from_db()
    assert (alert.owner, alert.acknowledged_at, alert.acknowledgement_expires_at) == (None, None, None)
    assert not alert.acknowledgers.exists()
    assert alert.first_assigned_at == NOW + MINUTE
    assert running(alert).status == Escalation.Status.RUNNING


def test_unacknowledging_goes_on_even_where_an_owner_stops_it(world, alert_in):
    world.policy.stop = "assigned"
    world.policy.save()
    alert = alert_in("acknowledged")
    assert running(alert).status == Escalation.Status.PAUSED

    act(alert, "unacknowledge", by=by(world.anna), at=NOW + 2 * MINUTE)

    assert running(alert).status == Escalation.Status.RUNNING


def test_an_acknowledgement_that_ran_out_begins_the_policy_anew(world, alert_in):
    alert = alert_in("acknowledged")
    first = running(alert)

    acted = act(alert, "time_out", at=NOW + MINUTE + 4 * HOUR)

    alert.refresh_from_db()
    assert acted.changed
    assert (alert.status, alert.owner, alert.acknowledged_at) == ("open", None, None)
    assert not alert.acknowledgers.exists()
    assert running(alert).pk != first.pk
    assert (running(alert).run, running(alert).step, running(alert).due_at) == (0, 0, NOW + MINUTE + 4 * HOUR)


def test_an_acknowledgement_does_not_run_out_a_moment_early(world, alert_in):
    alert = alert_in("acknowledged")

    assert not act(alert, "time_out", at=NOW + MINUTE + 4 * HOUR - MOMENT).changed
    alert.refresh_from_db()
    assert alert.status == "acknowledged"


def test_due_for_acknowledgement_timeout_and_reminder_are_those_whose_time_has_come(world, alert_in):
    alert = alert_in("acknowledged")
    reminder, end = NOW + 4 * HOUR - 4 * MINUTE, NOW + 4 * HOUR + MINUTE

    assert list(Alert.objects.due_for_reminder(reminder)) == [alert]
    assert not Alert.objects.due_for_reminder(reminder - MOMENT)
    assert list(Alert.objects.due_for_acknowledgement_timeout(end)) == [alert]
    assert not Alert.objects.due_for_acknowledgement_timeout(end - MOMENT)


def test_who_is_given_an_alert_is_told_and_has_ten_minutes(world, alert_in):
    alert = alert_in("open")

    acted = act(alert, "assign", by=by(world.anna), user_id=world.carol.pk, at=NOW + MINUTE)

    alert.refresh_from_db()
    assert acted.sentence == f"#{alert.pk} was given to Carol."
    assert (alert.owner, alert.first_assigned_at) == (world.carol, NOW + MINUTE)
    assert waiting(alert) == [("carol", "assigned")]
    assert running(alert).due_at == NOW + 11 * MINUTE
    assert alert.events.last().data == {"user": world.carol.pk}


def test_where_an_owner_stops_it_giving_it_away_calls_off_the_rest(world, alert_in):
    world.policy.stop = "assigned"
    world.policy.save()
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.anna), at=NOW)

    act(alert, "assign", by=by(world.anna), user_id=world.carol.pk, at=NOW + MINUTE)

    assert waiting(alert) == [("carol", "assigned")]
    assert running(alert).status == Escalation.Status.PAUSED


def test_giving_away_what_somebody_has_holds_nothing(world, alert_in):
    alert = alert_in("acknowledged")

    act(alert, "assign", by=by(world.anna), user_id=world.carol.pk, at=NOW + 2 * MINUTE)

    alert.refresh_from_db()
    assert (alert.owner, alert.first_assigned_at) == (world.carol, NOW + MINUTE)
    assert waiting(alert) == [("carol", "assigned")]
    assert running(alert).status == Escalation.Status.PAUSED


def test_who_takes_an_alert_from_its_owner_owns_it(world, alert_in):
    alert = alert_in("open", owner=world.carol)

    act(alert, "assign", by=by(world.ben), user_id=world.ben.pk, at=NOW)

    alert.refresh_from_db()
    assert (alert.status, alert.owner) == ("acknowledged", world.ben)
    assert list(alert.acknowledgers.all()) == [world.ben]
    assert ("ben", "assigned") not in waiting(alert)


def test_one_who_has_acknowledged_too_can_become_the_owner(world, alert_in):
    alert = alert_in("acknowledged")
    act(alert, "acknowledge", by=by(world.ben), at=NOW + 2 * MINUTE)

    acted = act(alert, "assign", by=by(world.ben), user_id=world.ben.pk, at=NOW + 3 * MINUTE)

    alert.refresh_from_db()
    assert (acted.changed, alert.owner) == (True, world.ben)


def test_giving_it_to_its_owner_changes_nothing(world, alert_in):
    alert = alert_in("open", owner=world.carol)

    acted = act(alert, "assign", by=by(world.ben), user_id=world.carol.pk, at=NOW)

    assert (acted.changed, acted.sentence) == (False, f"Carol has #{alert.pk} already.")


@pytest.mark.parametrize("action", ["assign", "add_responder"])
@pytest.mark.parametrize("who", ["nobody", "unknown", "inactive"])
def test_only_an_active_person_can_be_given_or_asked(world, alert_in, action, who):
    alert = alert_in("open")
    gone = UserFactory(is_active=False)
    user_id = {"nobody": None, "unknown": 404_404, "inactive": gone.pk}[who]

    with pytest.raises(InvalidTransition, match="Choose a person"):
        act(alert, action, by=by(world.ben), user_id=user_id, at=NOW)


def test_a_responder_is_told_each_time_and_nothing_else_changes(world, alert_in):
    alert = alert_in("acknowledged")

    for _time in range(2):
        act(alert, "add_responder", by=by(world.anna), user_id=world.carol.pk, text="DNS", at=NOW + HOUR)

    alert.refresh_from_db()
    assert (alert.status, alert.owner) == ("acknowledged", world.anna)
    assert waiting(alert) == [("carol", "responder")] * 2
    assert alert.events.last().text == "Carol: DNS"


def test_escalating_tells_the_next_step_at_once(world, alert_in):
    alert = alert_in("open")

    act(alert, "escalate", by=by(world.carol), at=NOW)
    assert waiting(alert) == [("anna", "page")]
    act(alert, "escalate", by=by(world.carol), at=NOW + MINUTE)

    assert waiting(alert) == [("anna", "page"), ("ben", "page")]


def test_escalating_says_who_is_told(world, alert_in):
    alert = alert_in("open")

    acted = act(alert, "escalate", at=NOW + MINUTE)

    assert acted.sentence == f"#{alert.pk}: Anna is told now."


def test_escalating_says_so_when_nobody_is_left_to_be_told(world):
    alert = AlertFactory()

    acted = act(alert, "escalate", at=NOW + MINUTE)

    assert "nobody can be told" in acted.sentence
    assert alert.events.last().kind == "nobody_reached"
    assert not alert.notifications.exists()


def test_escalating_opens_what_somebody_has_and_breaks_a_snooze(world, alert_in):
    alert = alert_in("acknowledged", snoozed_until=NOW + HOUR)

    act(alert, "escalate", by=by(world.anna), at=NOW + 2 * MINUTE)

    alert.refresh_from_db()
    assert (alert.status, alert.owner, alert.snoozed_until) == ("open", None, None)
    assert not alert.acknowledgers.exists()
    assert waiting(alert) == [("anna", "page")]


def test_escalating_breaks_the_snooze_of_an_open_alert(world, alert_in):
    alert = alert_in("open")
    act(alert, "snooze", by=by(world.ben), until=NOW + HOUR, at=NOW)

    act(alert, "escalate", by=by(world.ben), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert waiting(alert) == [("anna", "page")]
