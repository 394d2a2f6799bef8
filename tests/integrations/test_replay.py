"""Processing again: only what had no effect, only what is still true, and what was said before it is done."""

from datetime import timedelta

import pytest

from alerts.logic.lifecycle import SYSTEM, Act, Action
from alerts.models import Alert, Escalation, Notification
from alerts.operations import act
from integrations import operations
from integrations.models import InboundMessage, Outcome, Replay
from integrations.operations.process import begin_batch
from integrations.operations.replay import LONGEST_RUN, MOST_MESSAGES, MOST_STARTS, give_up_old_replays
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)


@pytest.fixture
def integration():
    """An integration whose rule was still switched off when its deliveries came."""
    integration = IntegrationFactory(recipients=[UserFactory(), UserFactory()])
    RuleFactory(integration=integration, is_enabled=False)
    return integration


def deliver(integration, *states, build="main", begin=0):
    """Deliver a state a minute and process each at once, by the rules there are."""
    messages = []
    for minute, state in enumerate(states):
        at = NOW + timedelta(minutes=begin + minute)
        messages.append(MessageFactory(integration=integration, state=state, build=build, received_at=at))
        operations.process_waiting(integration.pk, now=at)
    return messages


def mend(integration):
    integration.rules.update(is_enabled=True)


def replay(integration, messages, **how):
    """Process messages again; return (before, after) of each from the report, once it was foretold."""
    ids = [message.pk for message in messages]
    preview = operations.preview(integration, ids, now=LATER)
    run = operations.request_replay(integration, ids, requested_by=None, now=LATER, **how)
    operations.run_replay(run.pk, now=LATER)
    run.refresh_from_db()
    assert run.status == "done", run.error
    assert [row["after"] for row in preview.rows] == [row["after"] for row in run.report]
    return [(row["before"], row["after"]) for row in run.report]


STORIES = {
    "a failure opens": (["FAILED"], ["opened"]),
    "failures open once": (["FAILED", "FAILED"], ["opened", "duplicate"]),
    "a failure that was mended opens nothing": (["FAILED", "SUCCESSFUL"], ["stale", "close_without_open"]),
    "what failed at last is open": (
        ["FAILED", "SUCCESSFUL", "FAILED", "FAILED"],
        ["stale", "stale", "opened", "duplicate"],
    ),
    "what cannot be mapped stays so": (["STOPPED"], ["status_mismatch"]),
}


@pytest.mark.parametrize(("states", "reasons"), STORIES.values(), ids=STORIES)
def test_only_what_is_still_true_at_the_end_is_done(integration, states, reasons):
    messages = deliver(integration, *states)
    mend(integration)

    assert replay(integration, messages) == [("no_rule", reason) for reason in reasons]


def test_the_messages_say_afterwards_what_was_done(integration):
    first, second = deliver(integration, "FAILED", "SUCCESSFUL")
    third = deliver(integration, "FAILED", begin=2)[0]
    mend(integration)
    replay(integration, [first, second, third])

    alert = Alert.objects.get()
    rows = InboundMessage.objects.order_by("pk").values_list("status", "reason", "detail", "alert")
    assert list(rows) == [
        (
            "mapped_ignored",
            "stale",
            f"Overruled: message {third.pk} has a later word on this problem",
            None,
        ),
        (
            "mapped_ignored",
            "stale",
            f"Overruled: message {third.pk} has a later word on this problem",
            None,
        ),
        ("mapped", "opened", f"Opened #{alert.pk}", alert.pk),
    ]
    assert set(Outcome.objects.values_list("is_replay", flat=True)) == {True}
    assert Outcome.objects.count() == 3


def test_events_keep_their_own_times(integration):
    (message,) = deliver(integration, "FAILED")
    mend(integration)
    replay(integration, [message])

    assert Alert.objects.get().opened_at == message.received_at


def test_what_had_its_effect_is_not_done_again(integration):
    mend(integration)
    messages = deliver(integration, "FAILED", "FAILED")

    assert replay(integration, messages) == [("opened", "opened"), ("duplicate", "duplicate")]
    assert Alert.objects.get().event_count == 2
    assert not Outcome.objects.filter(is_replay=True).exists()


def test_the_same_range_twice_does_nothing_the_second_time(integration):
    messages = deliver(integration, "FAILED", "FAILED")
    mend(integration)
    replay(integration, messages)

    assert replay(integration, messages) == [("opened", "opened"), ("duplicate", "duplicate")]
    assert Alert.objects.get().event_count == 2


def test_a_mending_of_the_past_closes_what_is_open(integration):
    mend(integration)
    failed = deliver(integration, "FAILED")
    integration.rules.update(is_enabled=False)
    mended = deliver(integration, "SUCCESSFUL", begin=1)
    mend(integration)

    assert replay(integration, [*failed, *mended]) == [("opened", "opened"), ("no_rule", "closed")]
    assert Alert.objects.get().status == "closed"
    assert Alert.objects.get().closed_at == mended[0].received_at


def test_a_failure_opens_nothing_if_a_later_message_outside_the_range_says_it_is_good(integration):
    failed = deliver(integration, "FAILED")
    mend(integration)
    deliver(integration, "SUCCESSFUL", begin=1)

    assert replay(integration, failed) == [("no_rule", "stale")]
    assert not Alert.objects.exists()


def test_a_failure_joins_what_has_been_opened_since(integration):
    failed = deliver(integration, "FAILED")
    mend(integration)
    deliver(integration, "FAILED", build="other", begin=1)

    assert replay(integration, failed) == [("no_rule", "opened")]
    assert Alert.objects.count() == 2


LIVE_BEFORE = {
    "joins what is open": (["FAILED"], ["FAILED"], ["duplicate"]),
    "reopens what was closed a moment before": (["FAILED", "SUCCESSFUL"], ["FAILED"], ["reopened"]),
    "opens what was closed long before": (["FAILED", "SUCCESSFUL", *["STOPPED"] * 9], ["FAILED"], ["opened"]),
    "closes what is open": (["FAILED"], ["SUCCESSFUL"], ["closed"]),
    "does not close what failed again": (["FAILED"], ["SUCCESSFUL", "FAILED"], ["stale", "duplicate"]),
    "does not reopen what was mended": (
        ["FAILED", "SUCCESSFUL"],
        ["FAILED", "SUCCESSFUL"],
        ["stale", "close_without_open"],
    ),
}


@pytest.mark.parametrize(("live", "missed", "reasons"), LIVE_BEFORE.values(), ids=LIVE_BEFORE)
def test_what_was_missed_is_done_as_if_it_had_not_been(integration, live, missed, reasons):
    mend(integration)
    deliver(integration, *live)
    integration.rules.update(is_enabled=False)
    messages = deliver(integration, *missed, begin=len(live))
    mend(integration)

    assert replay(integration, messages) == [("no_rule", reason) for reason in reasons]


def test_what_was_merged_is_heard_by_what_it_was_merged_into(integration):
    mend(integration)
    deliver(integration, "FAILED", build="one")
    deliver(integration, "FAILED", build="two")
    one, two = Alert.objects.order_by("pk")
    merge = Act(action=Action.MERGE, actor=SYSTEM, other_id=two.pk)
    act(one.pk, merge, now=NOW + timedelta(minutes=1))
    integration.rules.update(is_enabled=False)
    messages = deliver(integration, "FAILED", "FAILED", "SUCCESSFUL", build="one", begin=2)
    mend(integration)

    assert [after for _before, after in replay(integration, messages[:2])] == ["duplicate", "duplicate"]
    assert [after for _before, after in replay(integration, messages[2:])] == ["updated"]


def test_each_build_is_a_story_of_its_own(integration):
    one = deliver(integration, "FAILED", "SUCCESSFUL", build="one")
    two = deliver(integration, "SUCCESSFUL", "FAILED", build="two", begin=2)
    mend(integration)

    found = [after for _before, after in replay(integration, [*one, *two])]
    assert found == ["stale", "close_without_open", "stale", "opened"]


def test_nobody_is_told_unless_that_was_asked_for(integration):
    messages = deliver(integration, "FAILED")
    mend(integration)
    replay(integration, messages)

    assert not Notification.objects.exists()
    assert not Escalation.objects.filter(due_at__isnull=False).exists()


def test_people_are_told_if_that_was_asked_for(integration):
    messages = deliver(integration, "FAILED")
    mend(integration)
    replay(integration, messages, notifies=True)

    assert Escalation.objects.filter(due_at__isnull=False).exists()


def test_the_preview_says_how_many_people_would_be_told(integration):
    in_both, deputy = UserFactory(), UserFactory()
    integration.recipient_users.add(in_both)
    step = StepFactory(policy=integration.escalation_policy, users=[in_both])
    step.teams.add(TeamFactory(people=[deputy, in_both, UserFactory(is_active=False)]))
    messages = deliver(integration, "FAILED", "SUCCESSFUL")
    mend(integration)

    def count(chosen):
        ids = [message.pk for message in chosen]
        return operations.preview(integration, ids, now=LATER).people_count

    assert count(messages[:1]) == 4  # two recipients, the one who is in both, and the deputy
    assert count(messages) == 0


def test_the_preview_changes_nothing(integration):
    messages = deliver(integration, "FAILED")
    mend(integration)
    operations.preview(integration, [message.pk for message in messages], now=LATER)

    assert not Alert.objects.exists()
    assert InboundMessage.objects.get().reason == "no_rule"


def test_draft_rules_can_be_looked_at_before_they_are_saved(integration):
    (message,) = deliver(integration, "FAILED")
    draft = operations.config_of(RuleFactory().integration)

    assert operations.preview(integration, [message.pk], now=LATER).rows[0]["after"] == "no_rule"
    assert operations.preview(integration, [message.pk], now=LATER, config=draft).rows[0]["after"] == "opened"


def test_a_delivery_that_came_twice_counts_once(integration):
    messages = [
        MessageFactory(integration=integration, delivery_id="u-1", status="refused", reason="disabled")
        for _time in range(2)
    ]
    mend(integration)

    assert replay(integration, messages) == [("disabled", "opened"), ("disabled", "redelivered")]


REFUSED = {
    "switched off": ("disabled", {}, "opened"),
    "too large": ("too_large", {"body": b"", "body_size": 5_000_000}, None),
    "broken off": ("unreadable_body", {"body": b"", "body_size": 500}, None),
    "unreadable": ("unreadable_body", {"body": b"{"}, "unreadable_body"),
    "unreadable then, not any more": ("unreadable_body", {}, "opened"),
    "bad signature": ("bad_signature", {}, None),
}


@pytest.mark.parametrize(("reason", "columns", "after"), REFUSED.values(), ids=REFUSED)
def test_of_what_was_refused_that_which_can_be_read_is_processed(integration, reason, columns, after):
    message = MessageFactory(integration=integration, status="refused", reason=reason, **columns)
    mend(integration)

    if after is None:
        with pytest.raises(operations.NothingToReplay):
            replay(integration, [message])
    else:
        assert replay(integration, [message]) == [(reason, after)]


def test_what_was_not_signed_is_processed_only_if_that_is_said(integration):
    message = MessageFactory(integration=integration, status="refused", reason="bad_signature")
    mend(integration)
    run = operations.request_replay(
        integration, [message.pk], requested_by=None, now=LATER, with_unsigned=True
    )
    operations.run_replay(run.pk, now=LATER)

    assert Alert.objects.exists()


def test_what_still_waits_and_what_is_anothers_is_not_taken(integration):
    waiting = MessageFactory(integration=integration)
    foreign = MessageFactory(status="refused", reason="disabled")

    assert operations.replayable(integration, [waiting.pk, foreign.pk, 10**9]) == []


def test_too_many_at_once_are_refused(integration):
    rows = MessageFactory.build_batch(
        MOST_MESSAGES + 1, integration=integration, status="refused", reason="disabled"
    )
    ids = [row.pk for row in InboundMessage.objects.bulk_create(rows)]

    with pytest.raises(operations.NothingToReplay, match=str(MOST_MESSAGES)):
        operations.request_replay(integration, ids, requested_by=None, now=LATER)


def test_a_range_of_time_is_half_open(integration):
    first, second, _third = deliver(integration, "FAILED", "FAILED", "FAILED")

    found = operations.received_between(integration, NOW, NOW + timedelta(minutes=2))
    assert found == [first.pk, second.pk]


def test_a_run_that_was_cut_off_goes_on_where_it_was(integration):
    messages = deliver(integration, *["FAILED"] * 60)
    mend(integration)
    ids = [message.pk for message in messages]
    run = operations.request_replay(integration, ids, requested_by=None, now=LATER)
    operations.run_replay(run.pk, now=LATER)
    whole = Replay.objects.get().report
    Replay.objects.update(status="running", done_count=50, report=whole[:50])

    operations.run_replay(run.pk, now=LATER)

    run.refresh_from_db()
    assert (run.status, run.done_count) == ("done", 60)
    assert [row["message"] for row in run.report] == ids
    assert Alert.objects.get().event_count == 60


def requested(integration):
    messages = deliver(integration, "FAILED")
    mend(integration)
    return operations.request_replay(integration, [messages[0].pk], requested_by=None, now=LATER)


def test_a_run_that_another_process_has_in_hand_is_left_alone(integration):
    run = requested(integration)
    Replay.objects.update(claimed_by="elsewhere/1/1", lease_until=LATER + timedelta(seconds=1))

    operations.run_replay(run.pk, now=LATER)
    assert not Alert.objects.exists()

    operations.run_replay(run.pk, now=LATER + timedelta(seconds=1))
    assert Alert.objects.exists()


def test_a_run_that_breaks_each_process_is_given_up(integration):
    run = requested(integration)
    Replay.objects.update(start_count=MOST_STARTS)

    operations.run_replay(run.pk, now=LATER)

    run.refresh_from_db()
    assert (run.status, run.claimed_by, Alert.objects.exists()) == ("failed", "", False)


def test_a_run_between_two_batches_does_not_forget_what_the_dead_had_in_hand(integration):
    run = requested(integration)
    waiting = MessageFactory(integration=integration)
    begin_batch(integration.pk, now=NOW)

    operations.run_replay(run.pk, now=LATER)

    waiting.refresh_from_db()
    assert waiting.start_count == 1


def test_a_run_that_gets_on_is_not_given_up(integration):
    run = requested(integration)
    Replay.objects.update(start_count=MOST_STARTS - 1)

    operations.run_replay(run.pk, now=LATER)

    run.refresh_from_db()
    assert (run.status, run.start_count) == ("done", 0)


def test_a_finished_run_is_not_run_again(integration):
    messages = deliver(integration, "FAILED")
    run = operations.request_replay(
        integration, [message.pk for message in messages], requested_by=None, now=LATER
    )
    operations.run_replay(run.pk, now=LATER)
    mend(integration)

    operations.run_replay(run.pk, now=LATER)

    assert not Alert.objects.exists()


def test_a_run_that_never_ends_is_given_up(integration):
    messages = deliver(integration, "FAILED")
    run = operations.request_replay(integration, [messages[0].pk], requested_by=None, now=LATER)

    assert give_up_old_replays(LATER + LONGEST_RUN) == 0
    assert give_up_old_replays(LATER + LONGEST_RUN + timedelta(seconds=1)) == 1
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.error
