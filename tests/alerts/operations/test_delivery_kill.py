"""What becomes of a mail whose worker is killed (`kill -9`) while the mail server has it."""

import pytest

from alerts import engine
from alerts.models import Notification
from alerts.operations import delivery, escalation
from tests.factories import NOW, AlertFactory, UserFactory
from tests.mailserver import MailServer
from tests.processes import Server

PAGES = 24


def write_page():
    escalation.tell(AlertFactory(), [UserFactory(username="anna")], "responder", now=NOW, key="x")


def write_pages(count):
    users = [UserFactory(username=f"reader{number}") for number in range(count)]
    escalation.tell(AlertFactory(), users, "responder", now=NOW, key="x")


def drain():
    """Deliver all that is due, after a tick; return what became of it, and how many were begun twice."""
    engine.tick(NOW)
    while engine.deliver_due(NOW):
        pass
    begun_twice = Notification.objects.filter(attempts__number=2).count()
    return [list(Notification.objects.values_list("status", flat=True).distinct().order_by()), begun_twice]


def deliver(ticks=False):
    """Deliver what is due, after a tick if asked for; return how many, and what became of the page."""
    if ticks:
        engine.tick(NOW)
    count = engine.deliver_due(NOW)
    page = Notification.objects.get()
    return [count, page.status, list(page.attempts.values_list("result", flat=True))]


@pytest.mark.processes
def test_a_mail_whose_worker_was_killed_while_it_was_sent_is_sent_again_and_the_log_says_so():
    with MailServer() as mails, Server("sqlite", web_workers=0, EMAIL_URL=mails.url) as server:
        server.call(write_page)
        workers = []
        mails.on_data = lambda: workers[0].kill()  # noqa: PLW0108 (it has to be started first)
        workers.append(server.spawn(deliver))
        workers[0].wait(30)
        first = mails.wait_for("anna@example.com")
        mails.on_data = lambda: None

        assert server.call(deliver) == [0, "pending", ["unknown"]]
        assert server.call(deliver, True) == [1, "sent", ["unknown", "sent"]]
        assert mails.gets("anna@example.com")["Message-ID"] == first["Message-ID"]


@pytest.mark.processes
def test_a_kill_may_double_the_mails_of_one_stride_and_loses_none():
    with MailServer() as mails, Server("sqlite", web_workers=0, EMAIL_URL=mails.url) as server:
        server.call(write_pages, PAGES)
        workers = []
        mails.on_data = lambda: workers[0].kill() if len(mails.mails) == PAGES // 2 else None
        workers.append(server.spawn(drain))
        workers[0].wait(30)
        mails.on_data = lambda: None

        statuses, begun_twice = server.call(drain)

        told = [address for address, _mail in mails.mails]
        mails.mails.clear()
        assert statuses == ["sent"]
        assert len(set(told)) == PAGES
        assert len(told) - PAGES <= begun_twice <= delivery.MOST_AT_ONCE
