"""The inbound log tells what became of a delivery and why, and processes it again when asked to."""

from datetime import timedelta

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import Alert, Notification
from integrations.models import InboundMessage, Outcome, Replay
from integrations.operations import process_waiting, run_replay
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)

LIST = "/integrations/inboundmessage/"
RANGE = "/integrations/inboundmessage/process-again/"


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def page_of(message):
    return reverse("admin:integrations_inboundmessage_change", args=[message.pk])


def processed(**columns):
    """Make a delivery and process it."""
    message = MessageFactory(**columns)
    process_waiting(message.integration_id, now=NOW)
    message.refresh_from_db()
    return message


def test_a_row_says_in_a_sentence_what_became_of_a_delivery(keeper):
    rule = RuleFactory()
    processed(integration=rule.integration)
    processed(integration=rule.integration)
    processed(integration=rule.integration, state="STOPPED")
    MessageFactory(integration=IntegrationFactory())

    page = keeper.get(LIST).content.decode()

    number = Alert.objects.get().pk
    for words in (f"Opened #{number}", f"Joined #{number}, 2nd time", "STOPPED", "Waiting to be processed"):
        assert words in page


def test_the_page_of_a_delivery_tells_its_story_rule_by_rule(keeper):
    rule = RuleFactory(position=1)
    rule.filters.create(path="commit_status^state", operator="equals", value="FAILED")
    RuleFactory(integration=rule.integration, name="Off", is_enabled=False, position=0)

    page = keeper.get(page_of(processed(integration=rule.integration))).content.decode()

    for words in (
        "Opened #",
        "Rule “Off” is off.",
        "Rule “Builds” decided.",
        "commit_status^state: equals “FAILED”.",
        "The status is “FAILED”: it fits “FAILED”, which opens.",
        "Source Name",
        "acme/website",
    ):
        assert words in page, words


def test_a_rule_whose_filters_refuse_shows_which_one_did(keeper):
    rule = RuleFactory()
    rule.filters.create(path="commit_status^state", operator="equals", value="SUCCESSFUL", is_negated=False)

    page = keeper.get(page_of(processed(integration=rule.integration))).content.decode()

    assert "did not fit: its filters did not hold" in page
    assert "ao-fails" in page


def test_bodies_and_headers_are_shown_as_text_never_as_html(keeper):
    body = b'{"name": "<script>alert(1)</script>"}'
    message = MessageFactory(body=body, body_size=len(body), headers={"X-Evil": "<img src=x>"})

    page = keeper.get(page_of(message)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a":[1]}', "&quot;a&quot;: ["),
        (b"a=1&b=2", "a=1&amp;b=2"),
        (b"\xff\xfe", "\ufffd"),
        (b"[" * 5000, "[[["),
        (b'"' + b"x" * 200_000 + b'"', "cut here: 100002 characters more"),
        (b"", "the delivery was empty"),
    ],
    ids=["JSON", "form", "no text", "too deep", "long", "empty"],
)
def test_whatever_was_sent_is_shown_as_far_as_it_can_be(body, words, keeper):
    message = MessageFactory(body=body, body_size=len(body))

    assert words in keeper.get(page_of(message)).content.decode()


def test_a_body_that_was_not_kept_is_said_to_be_so(keeper):
    message = MessageFactory(body=b"", body_size=5_000_000, status="refused", reason="too_large")

    assert "The data was not kept." in keeper.get(page_of(message)).content.decode()


def test_a_delivery_with_very_many_events_shows_the_first_ones(keeper):
    message = MessageFactory(status="mapped")
    Outcome.objects.bulk_create(
        Outcome(
            message=message, event_index=number, status="mapped", reason="opened", detail="Opened", at=NOW
        )
        for number in range(40)
    )

    page = keeper.get(page_of(message)).content.decode()

    assert "10 events more are not shown" in page


# Processing again


def ask(client, messages, **data):
    form = {"action": "process_again", "_selected_action": [message.pk for message in messages], **data}
    return client.post(LIST, form, follow=True)


def failed_once():
    """A delivery for which there was no rule, and there is one now."""
    message = processed(
        integration=IntegrationFactory(name="Builds of acme", recipients=[UserFactory(first_name="Ben")])
    )
    assert message.reason == "no_rule"
    RuleFactory(integration=message.integration)
    return message


def test_processing_again_says_first_what_it_would_do_and_whom_it_may_tell(keeper):
    message = failed_once()

    page = ask(keeper, [message]).content.decode()

    assert "1 delivery of Builds of acme goes through the rules as they are now." in page
    assert "Off: nobody is told. On: 1 person may be told: Ben." in page
    assert not Replay.objects.exists()


def test_people_of_policy_and_teams_are_counted_once(keeper):
    anna, ben, gone = UserFactory(), UserFactory(), UserFactory(is_active=False)
    policy = PolicyFactory()
    StepFactory(
        policy=policy, users=[anna, gone], teams=[TeamFactory(people=[anna, ben]), TeamFactory(people=[anna])]
    )
    message = MessageFactory(
        status="mapped", integration=IntegrationFactory(escalation_policy=policy, recipients=[ben])
    )

    assert "up to 2 people may be told" in ask(keeper, [message]).content.decode()


def test_what_is_confirmed_is_processed_again_and_its_progress_is_shown(keeper):
    message = failed_once()

    page = ask(keeper, [message], confirmed="1")

    run = Replay.objects.get()
    assert page.redirect_chain[-1][0] == reverse("admin:integrations_replay_change", args=[run.pk])
    assert (run.message_ids, run.notifies, run.requested_by) == ([message.pk], False, keeper.user)
    assert "0 of 1 deliveries are processed again" in page.content.decode()
    assert 'hx-trigger="every 2s"' in page.content.decode()

    run_replay(run.pk, now=NOW)
    page = keeper.get(page.redirect_chain[-1][0]).content.decode()
    assert "1 of 1 deliveries are processed again" in page
    assert "no rule was enabled" in page
    assert "opened an alert" in page
    assert "every 2s" not in page
    assert not Notification.objects.exists()


def test_people_are_told_only_when_that_was_chosen(keeper):
    ask(keeper, [failed_once()], confirmed="1", notifies="on")

    assert Replay.objects.get().notifies


def test_deliveries_of_several_integrations_are_several_runs(keeper):
    ask(keeper, [failed_once_of("A"), failed_once_of("B")], confirmed="1")

    assert Replay.objects.count() == 2


def failed_once_of(name):
    return MessageFactory(
        integration=IntegrationFactory(name=name), status="mapping_failed", reason="no_rule"
    )


def test_what_waits_anyway_is_left_out_and_said_so(keeper):
    waiting = MessageFactory()

    assert "1 is left out" in ask(keeper, [waiting]).content.decode()
    assert (
        "None of these messages can be processed again"
        in ask(keeper, [waiting], confirmed="1").content.decode()
    )
    assert not Replay.objects.exists()


def test_a_range_of_time_is_processed_again(keeper):
    integration = IntegrationFactory()
    inside = MessageFactory(integration=integration, status="mapping_failed", received_at=NOW)
    MessageFactory(integration=integration, status="mapping_failed", received_at=NOW - timedelta(days=3))
    MessageFactory(status="mapping_failed", received_at=NOW)
    form = {
        "integration": integration.pk,
        "since_0": "2026-03-02",
        "since_1": "00:00",
        "until_0": "2026-03-03",
        "until_1": "00:00",
    }

    assert "1 delivery of" in keeper.post(RANGE, form).content.decode()
    keeper.post(RANGE, {**form, "confirmed": "1"})

    assert Replay.objects.get().message_ids == [inside.pk]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"until_0": "2026-03-01"}, "until"),
        ({"since_0": "yesterday"}, "since"),
        ({"integration": "0"}, "integration"),
    ],
)
def test_a_range_that_is_none_is_refused(data, field, keeper):
    form = {"integration": IntegrationFactory().pk, "since_0": "2026-03-02", "since_1": "00:00"}
    form |= {"until_0": "2026-03-03", "until_1": "00:00", "confirmed": "1", **data}

    assert field in keeper.post(RANGE, form).context["form"].errors
    assert not Replay.objects.exists()


def test_the_log_leads_to_processing_a_range_and_to_what_was_done(keeper):
    page = keeper.get(LIST).content.decode()

    assert f'href="{RANGE}"' in page
    assert 'href="/integrations/replay/"' in page


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_process_again_cannot(role, as_role):
    client, message = as_role(role), MessageFactory(status="mapping_failed")

    ask(client, [message], confirmed="1")

    assert client.get(RANGE).status_code == 403
    assert RANGE not in client.get(LIST).content.decode()
    assert "Process again" not in client.get(page_of(message)).content.decode()
    assert not Replay.objects.exists()
    assert InboundMessage.objects.get().status == "mapping_failed"
