"""How many notifications are handed over together: fast to a fast server, one by one to a slow one."""

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alertops.lib import processes
from alerts import channels
from alerts.channels import Receipt, lines
from alerts.models import Attempt, Escalation, Notification
from alerts.operations import attempts, delivery, escalation, letters
from alerts.operations.attempts import Result
from alerts.operations.company import company_of
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy
from tests.factories import NOW, AlertFactory, IntegrationFactory, UserFactory

EMAIL = channels.CHANNELS["email"]

pytestmark = pytest.mark.django_db


def write_pages(count, name="anna", **columns):
    """Open alerts of one integration, each with a page that is due now; return who is told."""
    user = UserFactory(username=name)
    a_policy = policy(([user], 0, {}), ([user], 5, {}))
    integration = IntegrationFactory(escalation_policy=a_policy)
    for _n in range(count):
        escalation.start(AlertFactory(policy=a_policy, integration=integration), now=NOW)
    pass_minutes(0, 0)
    Notification.objects.filter(user=user).update(**columns)
    return user


def deliver():
    return sum(iter(lambda: delivery.deliver_due(NOW), 0))


@pytest.fixture
def fast_line(server):
    """A line is open to the server, and its calls have been fast."""
    write_pages(1, "early")
    deliver()
    with lines.line_to(EMAIL) as line:
        line.pace = timedelta(milliseconds=1)
    read(server)


def read(server):
    """Return whom the mails are for, in the order in which they came; they are then read and gone."""
    to = [address for address, _mail in server.mails]
    server.mails.clear()
    return to


def statements(count):
    """Return how many statements a stride of so many takes."""
    write_pages(count, f"reader{count}")
    ids = list(Notification.objects.pending().values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as queries:
        claimed = attempts.begin(ids, EMAIL, now=NOW)
        rows = letters.read(ids)
        known = company_of(list(rows.values()), now=NOW)
        for attempt in claimed:
            row = attempt.notification = rows[attempt.notification_id]
            letters.compose(row, row.user, now=NOW, company=known[row.pk])
        attempts.end([Result(attempt, Receipt("250 OK"), NOW) for attempt in claimed])
    assert len(claimed) == count
    return len(queries)


def test_a_stride_of_many_costs_the_statements_of_one():
    assert statements(1) == statements(delivery.MOST_AT_ONCE)


def strides():
    """Return how many attempts were put on record together, each time."""
    moments = Attempt.objects.order_by("pk").values_list("started_at", flat=True)
    return [len(list(together)) for _moment, together in itertools.groupby(moments)]


def test_a_fast_server_gets_as_many_at_once_as_is_allowed(server, fast_line):
    write_pages(delivery.MOST_AT_ONCE + 1)

    deliver()

    assert len(read(server)) == delivery.MOST_AT_ONCE + 1
    assert strides() == [1, delivery.MOST_AT_ONCE, 1]  # the first was to open the line


def test_a_slow_server_gets_the_mails_one_by_one(server):
    server.pause = 0.07  # before each of four answers
    write_pages(3)

    deliver()

    assert len(read(server)) == 3
    assert strides() == [1, 1, 1]


def test_what_a_slow_call_leaves_of_a_stride_is_given_back_unsent(server, fast_line):
    write_pages(9)
    server.on_data = lambda: setattr(server, "pause", 0.5 if len(server.mails) >= 3 else 0)

    sent = delivery.deliver_due(NOW)

    assert len(read(server)) == sent <= 5
    waiting = Notification.objects.pending()
    assert waiting.count() == 9 - sent
    assert set(waiting.values_list("start_count", "claimed_by", "lease_until")) == {(0, "", None)}
    assert not Attempt.objects.filter(notification__in=waiting).exists()


def test_one_that_cannot_be_read_does_not_keep_the_others_of_its_stride(server, caplog):
    write_pages(6)
    broken = Escalation.objects.order_by("id")[3]
    Escalation.objects.filter(pk=broken.pk).update(steps=["no step"])

    deliver()

    assert len(read(server)) == 5
    assert broken.alert.notifications.get().status == "pending"
    assert "could not be read for all at once" in caplog.text


def test_a_quiet_integrations_page_does_not_wait_behind_the_many_of_a_loud_one(server):
    write_pages(30, "loud", due_at=NOW - MINUTE)
    write_pages(1, "quiet")

    deliver()

    assert "quiet@example.com" in read(server)[:2]


def test_the_more_urgent_page_of_an_integration_comes_first(server):
    user = write_pages(3)
    last = Notification.objects.latest("id")
    Notification.objects.exclude(pk=last.pk).update(urgency="low")

    deliver()

    ids = [mail["X-Alertops-Alert"] for _to, mail in server.mails]
    assert (ids[0], set(read(server))) == (str(last.alert_id), {user.email})


def test_a_worker_that_sends_many_at_once_is_one_that_is_busy(settings):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": 3}
    write_pages(8)
    held = attempts.begin(list(Notification.objects.values_list("pk", flat=True)), EMAIL, now=NOW)

    assert len(held) == 8
    Notification.objects.update(claimed_by=f"{processes.node()}/1/1")
    assert not delivery.is_busy(NOW)
    Notification.objects.filter(pk=held[0].notification_id).update(claimed_by=f"{processes.node()}/2/1")
    assert delivery.is_busy(NOW)


def test_what_was_given_back_has_no_attempt_and_is_as_it_was():
    write_pages(1)
    before = Notification.objects.values().get()

    attempts.give_back(attempts.begin([before["id"]], EMAIL, now=NOW))

    assert Notification.objects.values().get() == before
    assert not Attempt.objects.exists()


def test_the_words_of_a_server_are_kept_without_what_a_database_does_not_take(server):
    write_pages(1)
    server.answers("250 2.0.0 \0 taken")

    deliver()

    read(server)
    assert Attempt.objects.get().answer == "250 2.0.0  taken"
