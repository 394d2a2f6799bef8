"""What becomes of the deliveries that wait."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, AlertEvent
from integrations import operations
from integrations.models import Filter, InboundMessage, IntegrationLease, Outcome
from integrations.operations import process, turns
from tests.factories import NOW, IntegrationFactory, MessageFactory, RuleFactory, build_body

pytestmark = pytest.mark.django_db
FIELDS_WITH_TIME = {
    "source": {"kind": "constant", "value": "Bitbucket"},
    "source_name": {"kind": "path", "value": "repository^full_name"},
    "source_id": {"kind": "path", "value": "commit_status^key"},
    "source_status": {"kind": "path", "value": "commit_status^state"},
    "event_time": {"kind": "path", "value": "commit_status^updated_on"},
}


REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN NEW.message_id = {id}"
    " BEGIN SELECT RAISE(ABORT, 'refused'); END",
    "postgresql": "ALTER TABLE {table} ADD CONSTRAINT refuse CHECK (message_id <> {id})",
}
DEADLOCK = """
    CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$;
    CREATE TRIGGER deadlock BEFORE INSERT ON alerts_alertevent EXECUTE FUNCTION deadlock()
"""


@pytest.fixture
def integration():
    integration = IntegrationFactory()
    RuleFactory(integration=integration)
    return integration


def deliver(integration, *states, **columns):
    return [MessageFactory(integration=integration, state=state, **columns) for state in states]


def processed(integration, *, now=NOW):
    """Process what waits; return (status, reason) of every message, in order."""
    operations.process_waiting(integration.pk, now=now)
    return [
        (message.status, message.reason)
        for message in InboundMessage.objects.filter(integration=integration).order_by("pk")
    ]


STORIES = {
    "a failed build opens": (["FAILED"], [("mapped", "opened")]),
    "failed again joins": (["FAILED", "FAILED"], [("mapped", "opened"), ("mapped_appended", "duplicate")]),
    "a good build closes": (["FAILED", "SUCCESSFUL"], [("mapped", "opened"), ("mapped", "closed")]),
    "a build that begins anew closes": (
        ["FAILED", "INPROGRESS"],
        [("mapped", "opened"), ("mapped", "closed")],
    ),
    "good with nothing open": (["SUCCESSFUL"], [("mapped_ignored", "close_without_open")]),
    "another state": (["STOPPED"], [("mapped_ignored", "status_mismatch")]),
    "failed again soon after it was good": (
        ["FAILED", "SUCCESSFUL", "FAILED"],
        [("mapped", "opened"), ("mapped", "closed"), ("mapped", "reopened")],
    ),
}


@pytest.mark.parametrize(("states", "expected"), STORIES.values(), ids=STORIES)
def test_a_build_is_followed_through_its_states(integration, states, expected):
    deliver(integration, *states)

    assert processed(integration) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [("UPDATED", ("mapped_ignored", "update_without_open")), ("FAILED", ("mapped", "opened"))],
)
def test_an_update_needs_something_open(integration, state, expected):
    integration.rules.update(update_values=["UPDATED"])
    deliver(integration, state, "UPDATED")

    first, second = processed(integration)

    assert first == expected
    assert second == (expected if state == "UPDATED" else ("mapped_appended", "updated"))


def test_without_a_rule_the_mapping_has_failed():
    integration = IntegrationFactory()
    deliver(integration, "FAILED")

    assert processed(integration) == [("mapping_failed", "no_rule")]


def test_without_a_source_name_the_mapping_has_failed(integration):
    deliver(integration, "FAILED", body=b'{"commit_status": {"state": "FAILED"}}')

    assert processed(integration) == [("mapping_failed", "missing_field")]
    assert "repository^full_name" in InboundMessage.objects.get().detail


def test_what_every_filter_refuses_is_ignored(integration):
    Filter.objects.create(rule=integration.rules.get(), path="commit_status^key", value="release")
    deliver(integration, "FAILED")

    assert processed(integration) == [("mapped_ignored", "filtered")]


def test_an_empty_list_holds_no_events(integration):
    integration.rules.update(iterate_over="alerts")
    deliver(integration, "FAILED", body=b'{"alerts": []}')

    assert processed(integration) == [("mapped_ignored", "no_events")]


def test_what_is_older_than_the_last_decision_is_stale(integration):
    integration.rules.update(fields=FIELDS_WITH_TIME)
    for state, time in [("SUCCESSFUL", "2026-03-02T11:59:00Z"), ("FAILED", "2026-03-02T11:58:00Z")]:
        deliver(integration, state, body=build_body(state, updated_on=time))

    assert processed(integration) == [("mapped_ignored", "close_without_open"), ("mapped_ignored", "stale")]


def test_each_event_has_its_outcome_and_the_most_telling_stands_for_the_message(integration):
    rule = integration.rules.get()
    rule.iterate_over = "alerts"
    rule.fields = {**rule.fields, "source_name": {"kind": "path", "value": "^repository^full_name"}}
    rule.save()
    body = (
        b'{"repository": {"full_name": "acme/website"}, "alerts": ['
        b'{"commit_status": {"key": "a", "state": "SUCCESSFUL"}},'
        b'{"commit_status": {"key": "b", "state": "FAILED"}},'
        b'{"commit_status": {"key": "b", "state": "FAILED"}}]}'
    )
    (message,) = deliver(integration, "FAILED", body=body)

    assert processed(integration) == [("mapped", "opened")]
    alert = Alert.objects.get()
    message.refresh_from_db()
    outcomes = list(message.outcomes.values_list("event_index", "reason", "alert"))
    assert outcomes == [(0, "close_without_open", None), (1, "opened", alert.pk), (2, "duplicate", alert.pk)]
    assert (message.alert, message.event_count) == (alert, 3)
    assert message.detail == f"Opened #{alert.pk}; 2 events more"


def test_a_message_says_in_words_what_it_did(integration):
    messages = deliver(integration, "FAILED", "FAILED", "FAILED", "SUCCESSFUL", "SUCCESSFUL")
    processed(integration)

    number = Alert.objects.get().pk
    assert [operations.sentence(InboundMessage.objects.get(pk=message.pk)) for message in messages] == [
        f"Opened #{number}",
        f"Joined #{number}, 2nd time",
        f"Joined #{number}, 3rd time",
        f"Closed #{number}",
        "Nothing to close",
    ]


def test_the_trace_is_kept_with_the_outcome(integration):
    deliver(integration, "FAILED")
    processed(integration)

    outcome = Outcome.objects.get()
    assert outcome.trace["rule"] == "Builds"
    assert outcome.trace["action"] == "open"
    assert outcome.at == NOW


def test_the_alert_knows_the_message_that_opened_it(integration):
    (message,) = deliver(integration, "FAILED")
    processed(integration)

    assert AlertEvent.objects.get(kind="opened").message == message


def test_a_test_opens_a_test(integration):
    deliver(integration, "FAILED", is_test=True)
    deliver(integration, "FAILED")

    assert processed(integration) == [("mapped", "opened"), ("mapped", "opened")]
    assert sorted(Alert.objects.values_list("is_test", flat=True)) == [False, True]


REDELIVERIES = {
    "the same delivery again": (["FAILED", "FAILED"], ["u-1", "u-1"], ["opened", "redelivered"]),
    "and again": (
        ["FAILED", "FAILED", "FAILED"],
        ["u-1", "u-1", "u-1"],
        ["opened", "redelivered", "redelivered"],
    ),
    "equal bodies are two events": (["FAILED", "FAILED"], ["u-1", "u-2"], ["opened", "duplicate"]),
    "without an id as well": (["FAILED", "FAILED"], ["", ""], ["opened", "duplicate"]),
    "what had no effect does not block": (
        ["SUCCESSFUL", "FAILED"],
        ["u-1", "u-1"],
        ["close_without_open", "opened"],
    ),
}


@pytest.mark.parametrize("is_one_batch", [True, False], ids=["one batch", "one by one"])
@pytest.mark.parametrize(("states", "ids", "reasons"), REDELIVERIES.values(), ids=REDELIVERIES)
def test_a_delivery_has_its_effect_once(integration, states, ids, reasons, is_one_batch):
    for state, delivery_id in zip(states, ids, strict=True):
        deliver(integration, state, delivery_id=delivery_id)
        if not is_one_batch:
            processed(integration)

    assert [reason for _status, reason in processed(integration)] == reasons


def test_a_refused_delivery_does_not_block_its_resending(integration):
    deliver(integration, "FAILED", delivery_id="u-1", status="refused", reason="bad_signature")
    deliver(integration, "FAILED", delivery_id="u-1")

    assert processed(integration)[1] == ("mapped", "opened")


def test_delivery_ids_of_two_integrations_do_not_meet(integration):
    other = RuleFactory().integration
    deliver(integration, "FAILED", delivery_id="u-1")
    deliver(other, "FAILED", delivery_id="u-1")

    assert processed(integration) == [("mapped", "opened")]
    assert processed(other) == [("mapped", "opened")]


def test_messages_are_processed_in_the_order_they_came(integration):
    states = ["FAILED", "SUCCESSFUL"] * 60 + ["FAILED"]
    deliver(integration, *states)

    processed(integration)

    ids = list(AlertEvent.objects.order_by("pk").values_list("message_id", flat=True))
    assert ids == sorted(ids)
    assert len(ids) == len(states)
    assert Alert.objects.get().status == "open"


def test_one_integration_does_not_touch_the_messages_of_another(integration):
    other = RuleFactory().integration
    deliver(other, "FAILED")

    assert processed(integration) == []
    assert InboundMessage.objects.get().status == "pending"


def test_refused_messages_are_left_alone(integration):
    deliver(integration, "FAILED", status="refused", reason="disabled")

    assert processed(integration) == [("refused", "disabled")]
    assert not Alert.objects.exists()


def test_while_another_process_has_the_turn_nothing_is_touched(integration):
    deliver(integration, "FAILED")
    IntegrationLease.objects.create(
        integration=integration, claimed_by="elsewhere/1/1", lease_until=NOW + timedelta(seconds=1)
    )

    assert operations.process_waiting(integration.pk, now=NOW) == 0
    assert operations.process_waiting(integration.pk, now=NOW + timedelta(seconds=1)) == 1


def test_a_turn_is_free_again_when_its_work_is_done(integration):
    deliver(integration, "FAILED")
    operations.process_waiting(integration.pk, now=NOW)

    lease = IntegrationLease.objects.get()
    assert (lease.lease_until, lease.claimed_by, lease.start_count) == (None, "", 0)


def test_results_of_a_lost_turn_are_not_written(integration):
    deliver(integration, "FAILED")
    batch = process.begin_batch(integration.pk, now=NOW)
    assert operations.process_waiting(integration.pk, now=NOW + turns.LEASE) == 1  # somebody else

    assert process.finish_batch(batch, now=NOW) == 0
    assert Alert.objects.get().event_count == 1
    assert Outcome.objects.count() == 1


def test_a_process_does_not_take_its_later_turn_for_the_one_it_lost(integration):
    deliver(integration, "FAILED")
    lost = process.begin_batch(integration.pk, now=NOW)
    process.begin_batch(integration.pk, now=NOW + turns.LEASE)

    assert process.finish_batch(lost, now=NOW) == 0
    assert not Alert.objects.exists()


def reading_for(seconds, integration):
    """Process a batch whose reading lasts no longer."""
    return process.finish_batch(process.begin_batch(integration.pk, now=NOW), now=NOW, longest=seconds)


def begin_and_die(integration):
    """What is left of a process that died in the middle of its work: a turn, and messages begun."""
    process.begin_batch(integration.pk, now=NOW)
    IntegrationLease.objects.update(lease_until=NOW)


def test_a_message_that_kills_its_worker_is_set_aside_and_the_rest_go_on(integration):
    deliver(integration, "FAILED", "FAILED", "SUCCESSFUL")
    for _death in range(1 + process.MOST_STARTS_ALONE):
        begin_and_die(integration)

    assert processed(integration) == [
        ("mapping_failed", "error"),
        ("mapped", "opened"),
        ("mapped", "closed"),
    ]
    assert "set aside" in InboundMessage.objects.order_by("pk")[0].detail


def starts():
    return list(InboundMessage.objects.order_by("pk").values_list("start_count", flat=True))


def test_after_a_death_each_message_is_tried_alone(integration):
    deliver(integration, "FAILED", "FAILED")
    begin_and_die(integration)
    begin_and_die(integration)

    assert starts() == [2, 1]


def test_what_came_after_a_death_was_not_in_the_hands_of_the_dead(integration):
    deliver(integration, "FAILED", "FAILED")
    begin_and_die(integration)
    deliver(integration, "FAILED")

    assert operations.process_batch(integration.pk, now=NOW) == 1
    assert starts() == [2, 1, 0]


def test_a_batch_that_came_to_its_end_leaves_nobody_under_suspicion(integration):
    deliver(integration, "FAILED", "FAILED")
    reading_for(0, integration)  # the second is not got to

    assert operations.process_batch(integration.pk, now=NOW) == 1
    assert starts() == [0, 0]


def test_large_bodies_are_not_held_in_memory_together(integration):
    large = "x" * (process.MOST_BYTES // 3)
    deliver(integration, *["FAILED"] * 4, body=build_body("FAILED", description=large))
    deliver(integration, "FAILED", body=build_body("FAILED", description=large * 4))

    assert [operations.process_batch(integration.pk, now=NOW) for _batch in range(4)] == [2, 2, 1, 0]


def test_a_message_with_many_events_shares_its_batch_with_few(integration):
    rule = integration.rules.get()
    rule.iterate_over = "alerts"
    rule.save()
    element = '{"commit_status": {"key": "a", "state": "FAILED"}, "repository": {"full_name": "acme/a"}}'
    many = f'{{"alerts": [{", ".join([element] * process.BATCH)}]}}'.encode()
    deliver(integration, *["FAILED"] * 3, body=many)

    assert reading_for(60, integration) == 1
    assert Alert.objects.get().event_count == process.BATCH


def test_an_exception_in_a_message_is_its_outcome_and_undoes_only_its_own_work(integration):
    rule = integration.rules.get()
    rule.iterate_over = "alerts"
    rule.save()
    good = '{"commit_status": {"key": "a", "state": "FAILED"}, "repository": {"full_name": "acme/a"}}'
    deliver(integration, "FAILED", body=f'{{"alerts": [{good}]}}'.encode())
    deliver(integration, "FAILED", body=b"\xff")
    deliver(integration, "FAILED", body=f'{{"alerts": [{good}]}}'.encode())

    assert processed(integration) == [
        ("mapped", "opened"),
        ("mapping_failed", "error"),
        ("mapped_appended", "duplicate"),
    ]


def refuse(table, message):
    """Have the database refuse every row of a table that is about a message."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE[connection.vendor].format(table=table, id=message.pk))


def test_a_message_that_the_database_refuses_is_an_error_and_the_rest_go_on(integration):
    deliver(integration, "FAILED", "FAILED", "FAILED")
    refuse("alerts_alertevent", InboundMessage.objects.order_by("pk")[1])

    assert processed(integration) == [
        ("mapped", "opened"),
        ("mapping_failed", "error"),
        ("mapped_appended", "duplicate"),
    ]
    assert "IntegrityError" in InboundMessage.objects.order_by("pk")[1].detail
    assert Alert.objects.get().event_count == 2


def as_it_stands():
    message, lease = InboundMessage.objects.get(), IntegrationLease.objects.get()
    return message.status, message.start_count, lease.lease_until


def test_what_cannot_be_written_down_is_undone_and_counts_as_a_start(integration):
    (message,) = deliver(integration, "FAILED")
    refuse("integrations_outcome", message)

    with pytest.raises(IntegrityError):
        operations.process_batch(integration.pk, now=NOW)

    assert as_it_stands() == ("pending", 1, None)
    assert not Alert.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL can be made to say so")
def test_a_start_that_the_database_broke_off_does_not_count(integration):
    deliver(integration, "FAILED")
    with connection.cursor() as cursor:
        cursor.execute(DEADLOCK)

    with pytest.raises(OperationalError):
        operations.process_batch(integration.pk, now=NOW)

    assert as_it_stands() == ("pending", 0, None)


def test_what_does_not_get_done_in_time_waits_for_the_next_batch(integration):
    deliver(integration, "FAILED", "FAILED")

    assert reading_for(0, integration) == 1
    first, second = InboundMessage.objects.order_by("pk")
    assert (first.reason, second.status, second.start_count) == ("opened", "pending", 0)


BATCHES = {
    "what no list names": ["STOPPED"],
    "good builds": ["SUCCESSFUL"],
    "openings": ["FAILED"],
    "failures and their mending": ["FAILED", "SUCCESSFUL"],
    "builds that fail, are mended and fail again": ["FAILED", "FAILED", "SUCCESSFUL", "FAILED"],
}


@pytest.mark.parametrize("states", BATCHES.values(), ids=BATCHES)
def test_a_batch_takes_as_few_statements_however_large_it_is(integration, states):
    def statements(builds, name):
        deliver(integration, "STOPPED")
        operations.process_batch(integration.pk, now=NOW)  # the first turn writes the lease
        for build in range(builds):
            deliver(integration, *states, build=f"{name}-{build}")
        with CaptureQueriesContext(connection) as found:
            assert reading_for(60, integration) == builds * len(states)
        # SQLite takes only so many values in one statement.
        return len([each for each in found if not each["sql"].startswith("INSERT")])

    assert statements(2, "few") == statements(25, "many")
