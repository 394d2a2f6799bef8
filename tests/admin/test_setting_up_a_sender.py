"""The set-up page of an integration: its secret URL, the steps, and the wait for the first delivery."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from alertops import roles
from integrations.admin import setup
from integrations.models import Integration, UnmatchedDelivery
from integrations.operations import find
from integrations.operations.presets import create_integration
from tests.factories import NOW, AlertFactory, IntegrationFactory, MessageFactory, UserFactory


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


@pytest.fixture
def builds(db):
    return create_integration("bitbucket", name="Builds", users=[UserFactory()])


def address(page, *args):
    return reverse(f"admin:integrations_integration_{page}", args=args)


# The secret URL


def test_the_secret_url_is_masked_everywhere_until_it_is_asked_for(keeper, builds):
    for page in ("setup", "change"):
        text = keeper.get(address(page, builds.pk)).content.decode()
        assert builds.token not in text
        assert "/in/••••••••••••" in text
    assert not LogEntry.objects.exists()


def test_shown_it_stands_in_the_steps_and_lines_too_and_each_showing_is_on_record(keeper, builds):
    for _time in range(2):
        answer = keeper.post(address("url", builds.pk))

    text = answer.content.decode()
    assert text.count(f"/in/{builds.token}") == 4  # itself, the steps, two lines for a shell
    assert "•</" not in text
    assert "no-store" in answer["Cache-Control"]
    showings = LogEntry.objects.filter(object_id=str(builds.pk), change_message="Saw the secret URL.")
    assert [entry.user for entry in showings] == [keeper.user, keeper.user]


def test_copying_hands_out_the_url_alone_and_is_on_record(keeper, builds):
    answer = keeper.post(address("url", builds.pk), {"for": "copying"})

    assert answer.json() == {"url": f"http://localhost:8000/in/{builds.token}"}
    assert "no-store" in answer["Cache-Control"]
    assert LogEntry.objects.get().change_message == "Copied the secret URL."


def test_the_secret_url_is_not_shown_by_following_a_link(keeper, builds):
    assert keeper.get(address("url", builds.pk)).status_code == 405
    assert keeper.get(address("test", builds.pk)).status_code == 405
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("data", [{"keep_old_for": "0"}, {"for": "copying"}])
@pytest.mark.parametrize("page", ["url", "rotate"])
@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_see_the_secret_url_is_refused(page, role, data, as_role, builds):
    answer = as_role(role).post(address(page, builds.pk), data)

    assert answer.status_code == 403
    assert builds.token not in answer.content.decode()
    assert Integration.objects.get().token == builds.token


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_a_viewers_set_up_page_has_the_steps_and_nothing_to_show_copy_or_send(role, as_role, builds):
    text = as_role(role).get(address("setup", builds.pk)).content.decode()

    assert "<strong>Build status created</strong>" in text
    assert builds.token not in text
    assert "data-copy-url" not in text
    assert f'action="{address("test", builds.pk)}"' not in text


def test_who_sees_no_integration_sees_no_set_up(as_role, builds):
    client = as_role("nobody")

    assert client.get(address("setup", builds.pk)).status_code == 403
    assert client.get(address("arrival", builds.pk)).status_code == 403
    assert client.get(address("setup", 999)).status_code == 404


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://localhost:8000", "“localhost” is this machine and nothing else"),
        ("http://127.0.0.1", "this machine"),
        ("http://[::1]:80", "this machine"),
        ("http://alerts.localhost", "this machine"),
        ("http://192.168.1.20", "inside your own network"),
        ("https://alerts.internal", "inside your own network"),
        ("http://nas", "inside your own network"),
        ("http://alerts.example.com", "begins with http"),
        ("https://alerts.example.com", None),
        ("https://8.8.8.8", None),
    ],
)
def test_an_address_that_senders_may_not_reach_is_told_with_the_mend(base_url, words):
    notices = list(setup.reach(base_url))

    assert [words in notice.text for notice in notices] == ([True] if words else [])
    assert all("Set ALERTOPS_BASE_URL to the address" in notice.mend for notice in notices)


@pytest.mark.parametrize(("keep_old_for", "old_works"), [("86400", True), ("0", False)])
def test_a_new_url_replaces_the_old_one_which_works_on_for_a_chosen_time(
    keep_old_for, old_works, keeper, builds
):
    old = builds.token

    answer = keeper.post(address("rotate", builds.pk), {"keep_old_for": keep_old_for})

    builds.refresh_from_db()
    assert builds.token != old
    assert answer.url == address("setup", builds.pk)
    assert bool(find(old, NOW)) is old_works
    assert LogEntry.objects.filter(change_message="Replaced the secret URL.").count() == 1


def test_of_two_who_replace_the_url_the_second_is_told(keeper, builds):
    seen = keeper.get(address("rotate", builds.pk)).context["form"].initial["seen"]
    keeper.post(address("rotate", builds.pk), {"keep_old_for": "0", "seen": seen})
    token = Integration.objects.get().token

    page = keeper.post(address("rotate", builds.pk), {"keep_old_for": "0", "seen": seen}, follow=True)

    assert "Somebody else has replaced the secret URL meanwhile" in page.content.decode()
    assert Integration.objects.get().token == token


def test_looking_at_the_page_of_replacing_replaces_nothing(keeper, builds):
    keeper.get(address("rotate", builds.pk))

    assert Integration.objects.get().token == builds.token


# Steps and lines


def test_a_line_for_a_shell_is_not_offered_where_it_would_be_refused(keeper, builds):
    assert "curl -H" in keeper.get(address("setup", builds.pk)).content.decode()
    builds.signing_secret = "a shared secret"
    builds.save()

    text = keeper.get(address("setup", builds.pk)).content.decode()

    assert "curl -H" not in text
    assert "a signing secret is set" in text


def test_an_integration_of_a_preset_that_is_gone_still_has_its_page(keeper):
    integration = IntegrationFactory(preset="telegraph")

    text = keeper.get(address("setup", integration.pk)).content.decode()

    assert "Let the sender post JSON to the URL above." in text


# The wait for the first delivery


def begin(client, integration):
    """Open the page and return the address that it asks."""
    return client.get(address("setup", integration.pk)).context["arrival"].url


def test_as_long_as_nothing_comes_the_answer_is_empty_and_says_when_it_looked(keeper, builds):
    url = begin(keeper, builds)

    answer = keeper.get(url)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "12:00:00" in unquote(answer["X-Looked"])


def test_the_first_delivery_turns_up_in_words_with_its_row_and_alert_and_the_looking_stops(keeper, builds):
    url = begin(keeper, builds)
    alert = AlertFactory(integration=builds)
    message = MessageFactory(integration=builds, status="mapped", detail="Opened #12", alert=alert)

    text = keeper.get(url).content.decode()

    assert "Opened #12" in text
    assert reverse("admin:alerts_alert_change", args=[alert.pk]) in text
    assert reverse("admin:integrations_inboundmessage_change", args=[message.pk]) in text
    assert "hx-trigger" not in text


@pytest.mark.parametrize(
    ("case", "words", "looks_on"),
    [
        (("pending", "", 0), "being processed", True),
        (("processing", "", 9), "being processed", True),
        (("pending", "", 11), "is the worker running?", True),
        (("mapped_ignored", "filtered", 0), "the sender is set up", False),
        (("mapping_failed", "missing_field", 0), "What is missing is a rule", False),
        (("refused", "bad_signature", 0), "Change the signing secret", True),
        (("refused", "disabled", 0), "Switch the integration on", True),
        (("refused", "unreadable_body", 0), "A delivery came and was refused", True),
    ],
)
def test_whatever_comes_is_told_with_what_to_do(case, words, looks_on, keeper, builds):
    status, reason, seconds = case
    url = begin(keeper, builds)
    MessageFactory(
        integration=builds,
        status=status,
        reason=reason,
        detail="The detail names the mend." if reason else "",
        received_at=NOW - timedelta(seconds=seconds),
    )

    text = keeper.get(url).content.decode()

    assert words in text
    assert ("The detail names the mend." in text) is bool(reason)
    assert ('hx-trigger="every 1s' in text) is looks_on


def test_a_refused_delivery_is_shown_until_one_is_taken(keeper, builds):
    url = begin(keeper, builds)
    MessageFactory(integration=builds, status="refused", reason="bad_signature", detail="No signature.")
    found = keeper.get(url).context["arrival"]
    assert keeper.get(found.url).status_code == 204

    MessageFactory(integration=builds, status="mapped", detail="Opened #12")
    MessageFactory(integration=builds, status="refused", reason="bad_signature", detail="No signature.")

    assert "Opened #12" in keeper.get(found.url).content.decode()


def test_what_is_received_is_shown_anew_when_it_has_been_processed(keeper, builds):
    message = MessageFactory(integration=builds, status="pending")
    began = f"{address('arrival', builds.pk)}?after=0&began={int(NOW.timestamp())}"
    received = keeper.get(began).context["arrival"]
    assert keeper.get(received.url).status_code == 204

    message.status, message.detail = "mapped", "Opened #12"
    message.save()

    assert "Opened #12" in keeper.get(received.url).content.decode()


def test_only_what_comes_after_the_page_was_opened_counts_and_only_of_this_integration(keeper, builds):
    MessageFactory(integration=builds, status="mapped", detail="Opened #1")
    url = begin(keeper, builds)
    MessageFactory(integration=IntegrationFactory(), status="mapped", detail="Opened #2")

    assert keeper.get(url).status_code == 204


def test_a_delivery_that_went_astray_is_told_to_who_waits(keeper, builds):
    url = begin(keeper, builds)
    UnmatchedDelivery.objects.create(received_at=NOW, token_hint="abc123", method="POST")
    assert "a URL that no integration has" in keeper.get(url).content.decode()

    UnmatchedDelivery.objects.create(received_at=NOW, token_hint=builds.token[:6], method="POST")

    assert "begins like this one, and ends otherwise" in keeper.get(url).content.decode()


def test_after_ten_minutes_the_looking_stops_with_a_button(keeper, builds):
    url = begin(keeper, builds)
    with time_machine.travel(NOW + timedelta(minutes=10, seconds=1), tick=False):
        text = keeper.get(url).content.decode()
        again = keeper.get(begin(keeper, builds))

    assert "Nothing came within ten minutes" in text
    assert "Look again" in text
    assert "hx-trigger" not in text
    assert again.status_code == 204


@pytest.mark.parametrize(
    "query", ["", "?after=x&began=y", f"?after={'9' * 40}&began={'9' * 40}", "?began=-1"]
)
def test_an_address_that_somebody_has_written_breaks_nothing(query, keeper, builds):
    assert keeper.get(address("arrival", builds.pk) + query).status_code == 200


def test_who_may_not_see_deliveries_or_alerts_is_shown_none(as_role, builds):
    alert = AlertFactory(integration=builds)
    MessageFactory(integration=builds, status="mapped", detail="Opened #12", alert=alert)
    client = as_role("nobody")
    query = f"?after=0&began={int(NOW.timestamp())}"
    give(client.user, "integrations.view_integration")
    assert "ao-arrival" not in client.get(address("setup", builds.pk)).content.decode()
    assert client.get(address("arrival", builds.pk) + query).status_code == 403

    give(client.user, "integrations.view_inboundmessage")
    text = client.get(address("arrival", builds.pk) + query).content.decode()

    assert "Opened #12" in text
    assert reverse("admin:alerts_alert_change", args=[alert.pk]) not in text


def test_looking_once_costs_few_queries(keeper, builds, django_assert_max_num_queries):
    url = begin(keeper, builds)
    MessageFactory.create_batch(20, integration=IntegrationFactory())

    with django_assert_max_num_queries(8):
        keeper.get(url)


def test_the_set_up_page_costs_few_queries(keeper, builds, django_assert_max_num_queries):
    with django_assert_max_num_queries(13):
        keeper.get(address("setup", builds.pk))


# The sample


def test_a_sample_that_cannot_be_sent_says_so_in_place(keeper, builds, settings):
    settings.BASE_URL = "http://localhost:9"

    answer = keeper.post(address("test", builds.pk), headers={"HX-Request": "true"})

    assert "http://localhost:9" in answer.content.decode()


def give(user, *names):
    from django.contrib.auth.models import Permission  # noqa: PLC0415

    for name in names:
        app, code = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    for cached in ("_perm_cache", "_user_perm_cache"):
        user.__dict__.pop(cached, None)
