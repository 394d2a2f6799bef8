"""Lines to mail servers: kept between passes, and left by servers without any harm."""

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest

from alerts import channels
from alerts.channels import Channel, Receipt, lines
from alerts.models import Attempt, Notification
from alerts.operations import delivery
from tests.alerts.operations.policies import pass_minutes, policy, start
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db


def write_pages(count):
    users = [UserFactory() for _n in range(count)]
    start(policy((users, 0, {})))
    pass_minutes(0, 0)


def deliver(seconds=0):
    return sum(iter(lambda: delivery.deliver_due(NOW + timedelta(seconds=seconds)), 0))


def attempts_of(server):
    """Return the results of all attempts, and how many lines there were; the mails are then read and gone."""
    server.mails.clear()
    return list(Attempt.objects.values_list("result", flat=True)), server.connections


def test_the_next_pass_uses_the_line_of_the_last(server):
    for _pass in range(3):
        write_pages(1)
        deliver()

    assert attempts_of(server) == (["sent"] * 3, 1)


def test_a_server_that_closes_after_each_mail_gets_all_of_them_at_once(server):
    server.patience = 1
    write_pages(4)

    deliver()

    assert attempts_of(server) == (["sent"] * 4, 4)


def test_a_server_that_closes_a_line_that_was_idle_is_called_anew(server):
    server.patience = 1
    for _pass in range(2):
        write_pages(1)
        deliver()
        time.sleep(0.1)

    assert attempts_of(server) == (["sent"] * 2, 2)


def test_a_server_that_has_had_enough_of_a_line_gets_the_rest_on_another(server):
    server.patience, server.farewell = 2, "421 4.3.2 that is enough for one connection"
    write_pages(5)

    deliver()

    assert attempts_of(server) == (["sent"] * 5, 3)


def test_a_server_that_has_had_enough_of_everybody_is_left_alone_for_a_while(server):
    server.patience, server.farewell = 0, "421 4.3.2 closing"
    write_pages(2)

    deliver()

    assert attempts_of(server) == (["retry"] * 2, 2)


def test_a_server_that_lists_strangers_as_grey_gets_the_mail_at_the_second_attempt(server):
    write_pages(2)
    everybody = Notification.objects.values_list("address", flat=True)
    server.refuses = dict.fromkeys(everybody, "451 4.7.1 greylisted, come back later")
    deliver()
    server.refuses = {}

    deliver(16)

    assert attempts_of(server) == (["retry"] * 2 + ["sent"] * 2, 1)


def test_a_mail_that_may_have_been_taken_is_not_sent_again_at_once(server):
    server.patience = 2
    write_pages(1)
    deliver()
    write_pages(1)
    server.answers("")  # the content is taken, and the line is closed without a word

    deliver()

    assert attempts_of(server)[0] == ["sent", "retry"]


@pytest.fixture
def diary():
    return []


@pytest.fixture
def channel(diary):
    """A channel that writes down what is done with its lines."""

    @contextmanager
    def connect():
        diary.append("opened")
        yield lambda letter: diary.append(letter) or Receipt()
        diary.append("closed")

    return Channel("paper", "paper", timedelta(seconds=1), connect, kept=timedelta(seconds=0.2))


def send(channel, letter):
    with lines.line_to(channel) as line:
        line.send(letter)


def test_a_line_is_closed_a_while_after_its_last_letter(channel, diary):
    send(channel, "one")
    send(channel, "two")

    assert diary == ["opened", "one", "two"]
    time.sleep(0.5)
    assert diary == ["opened", "one", "two", "closed"]


def test_a_line_that_is_in_use_is_nobody_elses(channel, diary):
    with lines.line_to(channel) as line:
        line.send("one")
        send(channel, "two")

    lines.forget_all()

    assert sorted(diary) == ["closed", "closed", "one", "opened", "opened", "two"]


def test_a_line_on_which_a_worker_was_stopped_is_not_kept(channel, diary):
    def stopped():
        with lines.line_to(channel) as line:
            line.send("one")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    assert diary == ["opened", "one", "closed"]


def test_mail_keeps_its_lines():
    assert channels.CHANNELS["email"].kept
