"""A history that SQL writes is one that the product can live with."""

import pytest

from alerts.models import Alert, AlertEvent, Attempt, Notification
from bench import history, repeated, work
from integrations.models import InboundMessage, Outcome
from tests.factories import UserFactory

MESSAGES = 1000


@pytest.fixture
def long_history(db):
    work.prepare(history.INTEGRATIONS)
    return repeated.fill(MESSAGES, 100)


def test_ten_messages_make_one_alert(long_history):
    assert InboundMessage.objects.count() == Outcome.objects.count() == MESSAGES
    assert Alert.objects.count() == MESSAGES / 10
    assert Alert.objects.not_closed().count() == MESSAGES / 1000
    assert Notification.objects.count() == Attempt.objects.count() == MESSAGES / 5


def test_rows_belong_together(long_history):
    opening = InboundMessage.objects.filter(reason="opened").latest("id")
    lines = AlertEvent.objects.filter(alert=opening.alert, kind="opened")

    assert [line.message for line in lines] == [opening]
    assert bytes(opening.body).startswith(b'{"n":')
    assert opening.received_at == opening.processed_at


def test_nothing_of_a_history_is_due(long_history):
    assert not any(work.wait_for().values())


def test_a_history_does_not_keep_new_rows_from_being_written(long_history):
    assert InboundMessage.objects.latest("id").pk == MESSAGES
    assert UserFactory().pk
    Alert.objects.create(
        subject="new", **dict.fromkeys(("created_at", "opened_at", "last_event_at"), work._now())
    )


@pytest.mark.django_db(transaction=True)
def test_everything_that_growth_measures_is_done_on_a_history():
    work.prepare(history.INTEGRATIONS)
    repeated.fill(MESSAGES, 100)

    took = repeated.everything("first", 3)

    assert min(took.values()) > 0
    assert Alert.objects.filter(source_id__startswith="first-").count() == 3
    assert Notification.objects.filter(status="sent", alert__source_id__startswith="first-").count() == 3
