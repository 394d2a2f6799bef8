"""Whoever comes on call or goes is told, with the alerts that are not closed."""

from datetime import timedelta

import pytest

from alerts import engine
from alerts.models import HandOver, Schedule, User
from alerts.operations.on_call import editing
from tests.factories import NOW, AlertFactory, RotationFactory, UserFactory
from tests.mailserver import MailServer

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Anna's week is over a week after her Monday.
HANDED_OVER = NOW + 7 * DAY - 3 * HOUR


@pytest.fixture
def server(settings):
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        settings.EMAIL_URL = mail_server.url
        yield mail_server


@pytest.fixture
def schedule():
    anna = UserFactory(username="anna", time_zone="Europe/Berlin")
    ben = UserFactory(username="ben", language="de")
    row = RotationFactory(turns=[anna, ben], schedule__name="Website").schedule
    editing.look_again(row.pk, now=NOW)
    run(NOW)
    return row


def run(now):
    while engine.notice_shifts_due(now) + engine.hand_over_due(now):
        pass


def test_the_first_look_tells_nobody(schedule, server):
    assert not HandOver.objects.exists()
    assert Schedule.objects.get().hand_over_at == HANDED_OVER


def test_who_goes_and_who_comes_get_the_alerts_that_are_not_closed(schedule, server):
    AlertFactory(subject="Shop is down", severity="critical", opened_at=HANDED_OVER - HOUR)
    AlertFactory(subject="Disk", status="acknowledged", owner=User.objects.get(username="anna"))
    AlertFactory(subject="Cache", snoozed_until=HANDED_OVER + DAY)
    AlertFactory(subject="Over", status="closed")

    run(HANDED_OVER - timedelta(seconds=1))
    run(HANDED_OVER)

    going, coming = server.gets("anna@example.com"), server.gets("ben@example.com")
    assert going["Subject"] == "You are no longer on call: Website"
    text = going.get_body(("plain",)).get_content()
    assert "ended at 10:00 CET. 3 alerts are not closed." in text
    assert "critical, open since 09:00 CET: Shop is down" in text
    assert "acknowledged by Anna: Disk" in text
    assert "snoozed until 10 March" in text
    assert "Over" not in text
    assert "whoever has the link has the account" not in text
    assert coming["Subject"] == "Ihre Bereitschaft beginnt: Website"


def test_each_is_told_once_however_often_it_is_looked(schedule, server):
    run(HANDED_OVER)
    editing.look_again(schedule.pk, now=HANDED_OVER)
    run(HANDED_OVER)
    run(HANDED_OVER + HOUR)

    server.gets("anna@example.com"), server.gets("ben@example.com")
    assert HandOver.objects.count() == 2


def test_who_has_two_turns_one_after_the_other_is_told_nothing(server):
    anna = UserFactory()
    row = RotationFactory(turns=[anna, anna]).schedule
    editing.look_again(row.pk, now=NOW)

    run(NOW)
    run(HANDED_OVER)

    assert not HandOver.objects.exists()


def test_a_mail_that_is_not_taken_is_sent_later(schedule, server):
    server.answers("451 4.3.0 try again later", "451 4.3.0 try again later")

    run(HANDED_OVER)
    assert set(HandOver.objects.values_list("status", flat=True)) == {"pending"}
    run(HANDED_OVER + timedelta(seconds=15))

    server.gets("anna@example.com"), server.gets("ben@example.com")
    assert set(HandOver.objects.values_list("status", flat=True)) == {"sent"}


def test_who_is_deactivated_is_told_nothing(schedule, server):
    User.objects.update(is_active=False)

    run(HANDED_OVER)

    assert not HandOver.objects.exists()
