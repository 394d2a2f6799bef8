"""The page behind a link in a mail: who may act by it, what it says, and what it never does by itself."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from alerts.logic.lifecycle import Action
from alerts.models import Alert, AlertEvent, Notification
from alerts.operations import delivery, escalation, links
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start
from tests.alerts.operations.reports import act, by
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW + 5 * MINUTE, tick=False) as clock:
        yield clock


@pytest.fixture
def anna():
    return UserFactory(username="anna", last_name="Berg", time_zone="Europe/Berlin")


@pytest.fixture
def ben():
    return UserFactory(username="ben")


@pytest.fixture
def alert(anna):
    """A broken build about which Anna was told at 12:00 UTC; it is five past now."""
    made = start(policy(([anna], 0, {})))
    Alert.objects.filter(pk=made.pk).update(subject="Build broken", closed_by="")
    pass_minutes(0, 0)
    delivery.deliver_due(NOW)
    return Alert.objects.get(pk=made.pk)


@pytest.fixture
def phone():
    """A browser that nobody has logged in with, and that holds no cookie."""
    return Client(enforce_csrf_checks=True)


def address(alert, action=Action.ACKNOWLEDGE):
    page = Notification.objects.select_related("alert").filter(alert=alert, kind="page").latest("id")
    return urlsplit(links.link(page, action)).path


def words(response):
    return response.content.decode()


def test_looking_shows_what_it_is_who_acts_and_one_button(phone, alert):
    page = phone.get(address(alert))

    assert page.status_code == 200
    assert "You act as <strong>Anna Berg</strong>" in words(page)
    assert "Open since 13:00 CET, and nobody has taken it yet." in words(page)
    assert words(page).count("<button") == 1
    assert "Acknowledge (I’ve got it)" in words(page)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("action", links.ACTIONS.values())
def test_looking_changes_nothing_however_often(phone, alert, method, action):
    for _time in range(3):
        getattr(phone, method)(address(alert, action))

    alert.refresh_from_db()
    assert alert.status == "open"
    assert not alert.events.exclude(kind=AlertEvent.Kind.STEP).exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_no_other_method_is_answered(phone, alert, method):
    assert getattr(phone, method)(address(alert)).status_code == 405


def test_the_button_acknowledges_as_the_person_of_the_mail(phone, alert, anna):
    page = phone.post(address(alert))

    assert f"#{alert.pk} is acknowledged. You have it, since 13:05 CET." in words(page)
    assert "<button" not in words(page)
    alert.refresh_from_db()
    assert (alert.status, alert.owner) == ("acknowledged", anna)
    line = alert.events.get(kind=AlertEvent.Kind.ACKNOWLEDGED)
    assert (line.actor, line.via) == (anna, "mail")


def test_pressing_twice_is_answered_without_harm(phone, alert):
    phone.post(address(alert))
    page = phone.post(address(alert))

    assert f"#{alert.pk} is acknowledged already. You have it" in words(page)
    assert alert.events.filter(kind=AlertEvent.Kind.ACKNOWLEDGED).count() == 1


def test_who_comes_second_sees_who_has_it_and_may_have_it_too(phone, alert, anna, ben):
    act(alert, "acknowledge", by=by(ben), at=NOW + MINUTE)

    assert "Ben has it, since 13:01 CET." in words(phone.get(address(alert)))
    assert "Acknowledge too (I’ve got it as well)" in words(phone.get(address(alert)))
    phone.post(address(alert))

    alert.refresh_from_db()
    assert alert.owner == ben
    assert set(alert.acknowledgers.all()) == {anna, ben}


def test_the_close_link_asks_how_it_was_solved_and_closes(phone, alert):
    closing = address(alert, Action.CLOSE)

    assert "How was it solved?" in words(phone.get(closing))
    page = phone.post(closing, {"text": "Rolled back."})

    alert.refresh_from_db()
    assert (alert.status, alert.resolution, alert.closed_by) == ("closed", "Rolled back.", "Anna Berg")
    assert f"#{alert.pk} is closed." in words(page)
    assert "CLOSED" in words(page)


def test_a_long_story_is_cut(phone, alert):
    phone.post(address(alert, Action.CLOSE), {"text": "x" * 5000})

    alert.refresh_from_db()
    assert len(alert.resolution) == 2000


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("action", links.ACTIONS.values())
def test_after_closing_the_page_says_by_whom(phone, alert, ben, method, action):
    act(alert, "close", by=by(ben), at=NOW + 2 * MINUTE)

    page = getattr(phone, method)(address(alert, action))

    assert page.status_code == 200
    assert "Already closed by Ben at 13:02 CET. There is nothing left to do." in words(page)
    assert "<button" not in words(page)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_from_before_the_closing_is_void_when_the_alert_is_open_again(phone, alert, ben, method):
    old = address(alert)
    act(alert, "close", by=by(ben), at=NOW + MINUTE)
    act(alert, "reopen", by=by(ben), at=NOW + 2 * MINUTE)

    page = getattr(phone, method)(old)

    assert page.status_code == 410
    assert "is open again since 13:02 CET. Use the newest mail, or log in." in words(page)
    alert.refresh_from_db()
    assert alert.status == "open"


def test_a_link_lives_on_when_the_acknowledgement_ran_out(phone, alert, ben):
    act(alert, "acknowledge", by=by(ben), at=NOW + MINUTE)
    act(alert, "unacknowledge", by=by(ben), at=NOW + 2 * MINUTE)

    phone.post(address(alert))

    alert.refresh_from_db()
    assert alert.status == "acknowledged"


def test_a_link_of_a_reminder_gives_more_time(phone, alert, anna, clock):
    Alert.objects.update(severity="critical")
    act(alert, "acknowledge", by=by(anna))
    clock.move_to(NOW + 56 * MINUTE, tick=False)
    alert.refresh_from_db()
    escalation.tell(alert, [anna], "reminder", now=NOW + 56 * MINUTE, key="x")
    Alert.objects.update(acknowledgement_reminder_at=None)
    reminder = urlsplit(links.link(Notification.objects.get(kind="reminder"), Action.ACKNOWLEDGE)).path

    assert "Acknowledge again" in words(phone.get(reminder))
    phone.post(reminder)

    alert.refresh_from_db()
    assert alert.acknowledgement_expires_at == NOW + 116 * MINUTE


LEFT = {"switched off": {"is_active": False}, "deleted": None}


@pytest.mark.parametrize("fields", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_left_cannot_act_any_more(phone, alert, anna, fields, method):
    link = address(alert)
    if fields is None:
        anna.delete()
    else:
        type(anna).objects.update(**fields)

    page = getattr(phone, method)(link)

    assert page.status_code == 403
    alert.refresh_from_db()
    assert alert.status == "open"


def tampered(link):
    """Yield addresses that somebody made out of one that works."""
    token = link.rsplit("/", 1)[1]
    value, signature = token.split(".")
    yield "nonsense"
    yield token[:-1]
    yield f"{value}.{signature[::-1]}"
    yield f"{value[:-2]}AA.{signature}"
    yield value
    yield f"{token}.{signature}"
    yield "é" * 9


def test_an_address_that_was_not_made_here_is_refused_in_words(phone, alert):
    link = address(alert)

    for token in tampered(link):
        for method in (phone.get, phone.post):
            page = method(f"/answer/{token}")
            assert page.status_code == 404
            assert "This link does not work." in words(page)

    alert.refresh_from_db()
    assert alert.status == "open"


def test_a_link_for_one_action_cannot_be_used_for_another(phone, alert):
    value, _signature = address(alert).rsplit("/", 1)[1].split(".")
    _other, signature = address(alert, Action.CLOSE).rsplit("/", 1)[1].split(".")

    assert phone.post(f"/answer/{value}.{signature}").status_code == 404


def test_the_link_of_a_notification_that_is_gone_is_refused(phone, alert):
    link = address(alert)
    Notification.objects.all().delete()

    assert phone.get(link).status_code == 404


def test_the_address_is_kept_from_others_and_the_page_runs_no_script(phone, alert):
    page = phone.get(address(alert))

    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["X-Frame-Options"] == "DENY"
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "<script" not in words(page)
    assert not page.cookies


def test_what_a_stranger_wrote_stays_text(phone, alert):
    Alert.objects.update(subject="<script>alert(1)</script>", runbook_url="javascript:alert(1)")

    page = words(phone.get(address(alert)))

    assert "<script>" not in page
    assert "javascript:" not in page


def test_a_link_survives_that_the_key_is_changed_with_the_old_one_kept(phone, alert, settings):
    link = address(alert)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, another key, another key, another key"

    assert phone.get(link).status_code == 200


def test_what_somebody_else_did_between_looking_and_pressing_is_said(phone, alert, ben):
    act(alert, "merge", by=by(ben), at=NOW + timedelta(seconds=1), other_id=start().pk)

    assert "Already closed by Ben" in words(phone.post(address(alert)))
