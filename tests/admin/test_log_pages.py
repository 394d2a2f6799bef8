"""The inbound log tells what became of a delivery and why, and processes it again when asked to."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from alertops import roles
from alerts.models import Alert, Notification
from integrations.models import InboundMessage, Integration, Outcome, Replay
from integrations.operations import process_waiting, run_replay
from tests.admin.conftest import NOBODY
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
    build_body,
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
        "commit_status^state: “FAILED” equals “FAILED”",
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


@pytest.mark.parametrize(
    ("body", "leaves"),
    [
        (
            b'{"a": {"b^c": [1, "x", null, true, {}]}}',
            ['title="a^b\\^c^0"', ">1<", ">x<", ">(nothing)<", ">true<"],
        ),
        (b"a=1&b=two", [">a<", ">two<"]),
        (b"payload=%7B%22inner%22%3A%20%22found%22%7D", [">inner<", ">found<"]),
    ],
    ids=["JSON", "form", "payload"],
)
def test_what_was_sent_is_drawn_as_a_tree_with_the_path_of_each_value(body, leaves, keeper):
    page = keeper.get(page_of(MessageFactory(body=body, body_size=len(body)))).content.decode()

    for leaf in leaves:
        assert leaf in page


@pytest.mark.parametrize("body", [b"[[[", b"\xff", b""], ids=["broken", "no text", "empty"])
def test_what_is_no_data_is_drawn_as_no_tree(body, keeper):
    page = keeper.get(page_of(MessageFactory(body=body, body_size=len(body)))).content.decode()

    assert 'class="ao-tree"' not in page


def test_a_very_large_tree_is_cut_and_says_so(keeper):
    body = b"[" + b",".join(b"%d" % number for number in range(5000)) + b"]"

    page = keeper.get(page_of(MessageFactory(body=body, body_size=len(body)))).content.decode()

    assert "3500 more: see the text" in page


def test_the_bytes_are_saved_as_a_file_and_run_by_no_browser(keeper):
    message = MessageFactory(body=b"<script>alert(1)</script>", body_size=25)

    answer = keeper.get(reverse("admin:integrations_inboundmessage_body", args=[message.pk]))

    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_delivery_leads_to_the_ones_before_and_after_of_its_integration(keeper):
    before, row = MessageFactory.create_batch(2, integration=IntegrationFactory())
    MessageFactory()
    after = MessageFactory(integration=row.integration)

    page = keeper.get(page_of(row)).content.decode()

    assert f'rel="prev" href="{page_of(after)}"' in page
    assert f'rel="next" href="{page_of(before)}"' in page


def test_one_delivery_costs_few_queries_however_many_there_are(keeper, django_assert_max_num_queries):
    rows = MessageFactory.create_batch(30, integration=IntegrationFactory())
    with django_assert_max_num_queries(12):
        keeper.get(page_of(rows[15]))


# The list


def test_a_row_names_what_it_is_about_and_leads_to_its_alert(keeper):
    processed(integration=RuleFactory().integration)
    number = Alert.objects.get().pk

    page = keeper.get(LIST).content.decode()

    assert "acme/website" in page
    assert "Bitbucket · main" in page
    assert f'href="/alerts/alert/{number}/change/">Alert #{number}</a>' in page


@pytest.mark.parametrize(
    ("columns", "is_offered"),
    [
        ({"status": "mapping_failed", "reason": "no_rule"}, True),
        ({"status": "refused", "reason": "disabled"}, True),
        ({"status": "refused", "reason": "too_large"}, False),
        ({"status": "mapped_ignored", "reason": "filtered"}, False),
    ],
    ids=["no rule", "off", "not kept", "ignored"],
)
def test_a_row_offers_to_process_again_what_that_may_mend(columns, is_offered, keeper, as_role):
    url = reverse("admin:integrations_inboundmessage_again", args=[MessageFactory(**columns).pk])

    assert (f'href="{url}"' in keeper.get(LIST).content.decode()) is is_offered
    assert url not in as_role(roles.VIEWER).get(LIST).content.decode()


def listed(client, **query):
    return [row.pk for row in client.get(LIST, query).context["cl"].result_list]


@pytest.fixture
def kinds(db):
    """One delivery of each kind that a chip or a filter is for, by name."""
    one, other = IntegrationFactory(name="One"), IntegrationFactory(name="Other")
    old = NOW - timedelta(hours=3)
    return {
        "old": MessageFactory(integration=one, status="mapped", reason="opened", received_at=old).pk,
        "failed": MessageFactory(integration=one, status="mapping_failed", reason="no_rule").pk,
        "refused": MessageFactory(integration=other, status="refused", reason="disabled").pk,
        "ignored": MessageFactory(integration=other, status="mapped_ignored", reason="filtered").pk,
        "test": MessageFactory(integration=other, status="mapped", reason="opened", is_test=True).pk,
    }


@pytest.mark.parametrize(
    ("query", "names", "window"),
    [
        ({"status": "problems"}, "refused failed", False),
        ({"status": "mapped_ignored"}, "ignored", False),
        ({"since": "hour"}, "test ignored refused failed", False),
        ({"since": "hour", "status": "problems"}, "refused failed", False),
        ({"is_test": "1"}, "test", False),
        ({"is_test": "0"}, "ignored refused failed old", True),
        ({"integration__id__exact": "One"}, "failed old", False),
        ({"integration__id__exact": "One", "status": "problems"}, "failed", False),
        ({"integration__id__exact": "Other", "is_test": "1"}, "test", False),
        ({"integration__id__exact": "One", "status": "mapped"}, "old", True),
        ({"reason": "no_rule"}, "failed", True),
        ({"reason": "opened", "is_test": "1"}, "test", True),
        ({"integration__id__exact": "nonsense"}, "test ignored refused failed old", True),
    ],
    ids=str,
)
def test_chips_and_filters_find_by_an_index_or_within_a_window(query, names, window, keeper, kinds):
    for integration in Integration.objects.all():
        query = {
            key: str(integration.pk) if value == integration.name else value for key, value in query.items()
        }

    changelist = keeper.get(LIST, query).context["cl"]

    assert [row.pk for row in changelist.result_list] == [kinds[name] for name in names.split()]
    assert bool(changelist.window) is window


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL needs no index for five rows")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("status=problems", "message_problem"),
        ("status=problems&integration__id__exact=1", "message_problem"),
        ("is_test=1", "message_test"),
        ("is_test=1&integration__id__exact=1", "message_test"),
        ("status=mapped", "message_status"),
        ("integration__id__exact=1", "message_integration"),
        ("since=hour", "PRIMARY KEY"),
        ("before=4", "PRIMARY KEY"),
        ("integration__id__exact=1&status=mapped", "LIST SUBQUERY"),
        ("q=words", "LIST SUBQUERY"),
    ],
)
def test_each_list_is_read_by_an_index(query, index, keeper, kinds):
    rows = keeper.get(f"{LIST}?{query}").context["cl"]

    plan = (rows.queryset.filter(pk__lt=rows.before) if rows.before else rows.queryset)[:51].explain()

    assert index in plan
    assert rows.window or "TEMP B-TREE" not in plan


def test_a_chosen_chip_is_taken_back_by_following_it(keeper, kinds):
    page = keeper.get(LIST, {"status": "problems", "since": "hour"}).content.decode()

    assert '<a href="?status=problems" class="ao-chosen" aria-current="true">Last hour</a>' in page
    assert '<a href="?since=hour">All</a>' in page


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("acme/WEBSITE", True),
        ("Opened #", True),
        ("Bitbucket", True),
        ("grün", True),
        ("“quoted”", True),
        ("50%", True),
        ("back\\slash", True),
        ("nowhere", False),
        ("5_%", False),
    ],
)
def test_words_are_found_in_the_sentence_in_what_was_read_and_in_what_was_sent(words, is_found, keeper):
    body = build_body("FAILED", text="grün “quoted” 50% back\\slash")
    row = processed(integration=RuleFactory().integration, body=body, body_size=len(body))

    assert listed(keeper, q=words) == ([row.pk] if is_found else [])


def test_letters_beyond_ascii_are_found_as_they_are_sent(keeper):
    row = MessageFactory(body='{"name": "grün"}'.encode(), body_size=17)

    assert listed(keeper, q="grün") == [row.pk]


def test_bytes_that_are_no_text_do_not_hinder_a_search(keeper):
    row = MessageFactory(body=b"\xff\x00\\needle", body_size=9, detail="said")

    assert listed(keeper, q="said") == [row.pk]


def test_a_number_and_the_id_of_the_sender_are_found_without_a_window(keeper):
    row, _other = MessageFactory(delivery_id="b2f-81"), MessageFactory()

    for words in (f"#{row.pk}", str(row.pk), "b2f-81"):
        changelist = keeper.get(LIST, {"q": words}).context["cl"]
        assert [found.pk for found in changelist.result_list] == [row.pk]
        assert changelist.window is None


def test_a_search_says_how_far_it_has_looked_and_goes_on_from_there(keeper):
    integration = IntegrationFactory()
    needle = MessageFactory(integration=integration, detail="the needle")
    InboundMessage.objects.bulk_create(MessageFactory.build_batch(5001, integration=integration, body=b""))

    answer = keeper.get(LIST, {"q": "needle"})
    changelist = answer.context["cl"]

    assert "among the newest 5000 entries, back to" in answer.content.decode()
    assert "Look further back" in answer.content.decode()
    assert (changelist.result_list, changelist.window.is_last) == ([], False)
    further = keeper.get(LIST + changelist.older_url)
    assert [row.pk for row in further.context["cl"].result_list] == [needle.pk]
    assert "to the very beginning of the list" in further.content.decode()


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


def test_processing_again_says_what_would_become_of_each(keeper):
    page = ask(keeper, [failed_once()]).content.decode()

    assert "1 of 1 would come to something else than before" in page
    assert "1 would open an alert" in page
    assert "no rule was enabled" in page
    assert not Alert.objects.exists()


def test_where_no_alert_would_change_that_is_said(keeper):
    message = processed(integration=IntegrationFactory(), state="SUCCESSFUL")
    RuleFactory(integration=message.integration)

    page = ask(keeper, [message]).content.decode()

    assert "No alert would change." in page
    assert "1 would come to: nothing to close" in page


def test_where_nothing_would_change_that_is_said(keeper):
    message = processed(integration=RuleFactory().integration)

    assert "Nothing would change" in ask(keeper, [message]).content.decode()


def test_one_delivery_is_processed_again_by_its_own_page(keeper):
    message = failed_once()
    url = reverse("admin:integrations_inboundmessage_again", args=[message.pk])

    assert "1 would open an alert" in keeper.get(url).content.decode()
    assert not Replay.objects.exists()
    keeper.post(url, {"confirmed": "1"})

    assert Replay.objects.get().message_ids == [message.pk]


def test_of_many_the_page_asks_later_what_would_become_of_them(keeper):
    message = failed_once()
    rows = MessageFactory.build_batch(100, integration=message.integration, status="mapping_failed")
    rows = [message, *InboundMessage.objects.bulk_create(rows)]

    page = ask(keeper, rows)

    assert 'hx-trigger="load"' in page.content.decode()
    part = ask(keeper, rows, foretell="1").content.decode()
    assert "101 of 101 would come to something else than before" in part
    assert "And 71 more." in part
    assert "<html" not in part


def test_what_was_refused_for_its_signature_is_asked_about_only_where_there_is_some(keeper):
    unsigned = MessageFactory(status="refused", reason="bad_signature")
    RuleFactory(integration=unsigned.integration)

    assert "with_unsigned" not in ask(keeper, [failed_once()]).content.decode()
    assert "with_unsigned" in ask(keeper, [unsigned]).content.decode()
    assert "would open" not in ask(keeper, [unsigned], foretell="1").content.decode()
    assert "1 would open" in ask(keeper, [unsigned], foretell="1", with_unsigned="on").content.decode()


def test_too_many_at_once_are_refused_before_anything_is_read(keeper):
    integration = IntegrationFactory()
    rows = MessageFactory.build_batch(5001, integration=integration, status="mapping_failed", body=b"")
    InboundMessage.objects.bulk_create(rows)
    form = {"integration": integration.pk, "since_0": "2026-03-02", "since_1": "00:00"}
    form |= {"until_0": "2026-03-03", "until_1": "00:00", "confirmed": "1"}

    assert "choose a shorter time" in keeper.post(RANGE, form).content.decode()
    asked = ask(keeper, rows[:1], select_across="1", confirmed="1").content.decode()

    assert "choose a shorter time" in asked
    assert not Replay.objects.exists()


def test_a_run_that_stopped_is_begun_again(keeper, as_role):
    message = failed_once()
    run = Replay.objects.create(
        integration=message.integration,
        message_ids=[message.pk],
        requested_at=NOW,
        status="failed",
        error="It broke",
    )
    url = reverse("admin:integrations_replay_again", args=[run.pk])
    page = keeper.get(reverse("admin:integrations_replay_change", args=[run.pk])).content.decode()
    assert "It stopped after 0 of 1 delivery." in page
    assert url in page

    assert as_role(roles.VIEWER).post(url).status_code == 403
    assert keeper.get(url).status_code == 405
    keeper.post(url)

    assert list(Replay.objects.values_list("status", flat=True)) == ["waiting", "failed"]


def test_the_list_of_runs_reads_no_reports(keeper, django_assert_max_num_queries):
    Replay.objects.create(
        integration=IntegrationFactory(), message_ids=[1, 2, 3], requested_at=NOW, done_count=1
    )
    with django_assert_max_num_queries(12) as queries:
        page = keeper.get("/integrations/replay/").content.decode()

    assert "3 deliveries wait to be processed again." in page
    assert not [query for query in queries.captured_queries if '"report"' in query["sql"]]


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
    assert "1 delivery waits to be processed again" in page.content.decode()
    assert 'hx-trigger="every 2s"' in page.content.decode()

    run_replay(run.pk, now=NOW)
    page = keeper.get(page.redirect_chain[-1][0]).content.decode()
    assert "1 delivery was processed again" in page
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
    MessageFactory(integration=integration, status="mapping_failed", received_at=NOW - timedelta(days=3))
    inside = MessageFactory(integration=integration, status="mapping_failed", received_at=NOW)
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


def test_who_may_not_see_the_log_sees_no_body_and_no_bytes(as_role):
    client, message = as_role(NOBODY), MessageFactory(status="mapping_failed")

    for name in ("change", "body", "again"):
        url = reverse(f"admin:integrations_inboundmessage_{name}", args=[message.pk])
        assert client.get(url).status_code == 403, name


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_process_again_cannot(role, as_role):
    client, message = as_role(role), MessageFactory(status="mapping_failed")

    ask(client, [message], confirmed="1")

    assert client.get(RANGE).status_code == 403
    assert (
        client.get(reverse("admin:integrations_inboundmessage_again", args=[message.pk])).status_code == 403
    )
    assert RANGE not in client.get(LIST).content.decode()
    assert "Process again" not in client.get(page_of(message)).content.decode()
    assert not Replay.objects.exists()
    assert InboundMessage.objects.get().status == "mapping_failed"
