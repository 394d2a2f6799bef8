"""How invitations are mailed: by the worker, again while the mail server is down, no link too many."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from alerts.models import Invitation
from alerts.operations import invitations
from alerts.operations.invitations import DeadLink
from tests.factories import NOW, UserFactory

ADDRESS = "dora@example.com"
State = Invitation.State


@pytest.fixture
def people(db):
    return UserFactory(username="anna"), UserFactory(username="dora", email=ADDRESS, password="!")


@pytest.fixture
def dora(people):
    """Dora, whom Anna has just invited."""
    anna, dora = people
    invitations.invite(dora, by=anna, now=NOW)
    return dora


def mail(now=NOW):
    """Do what the worker does."""
    while invitations.mail_due(now):
        pass


def token_in(message):
    text = message.get_body(preferencelist=("plain",)).get_content()
    return re.search(r"/welcome/(\S+)", text)[1]


def state(user, now=NOW):
    return Invitation.objects.get(user=user).state(now)


def test_the_worker_mails_a_link_that_lets_its_person_in(dora, server):
    assert state(dora) is State.SENDING

    mail()

    assert state(dora) is State.WAITING
    assert invitations.read(token_in(server.gets(ADDRESS)), now=NOW) == dora


def test_what_is_mailed_is_not_mailed_again(dora, server):
    mail()
    server.gets(ADDRESS)

    mail(NOW + timedelta(days=1))

    assert not server.mails


def test_a_mail_server_that_is_down_is_asked_again_later(dora, server):
    server.answers("451 4.3.0 try again later")
    mail()
    invitation = Invitation.objects.get(user=dora)
    assert (state(dora), invitation.problem) == (State.SENDING, "451 4.3.0 try again later")
    mail(invitation.mail_due_at - timedelta(seconds=1))
    assert not server.mails

    mail(invitation.mail_due_at)

    assert state(dora) is State.WAITING
    assert invitations.read(token_in(server.gets(ADDRESS)), now=NOW) == dora
    assert not Invitation.objects.get(user=dora).problem


def test_it_is_not_tried_for_ever(dora, server):
    server.answers(*["451 4.3.0 try again later"] * 20)

    for minute in range(120):
        mail(NOW + timedelta(minutes=minute))

    assert state(dora) is State.NOT_SENT
    assert Invitation.objects.get(user=dora).mail_count == 8


def test_an_address_that_is_refused_is_given_up_at_once(dora, server):
    server.refuses[ADDRESS] = "550 5.1.1 no such mailbox"

    mail()

    invitation = Invitation.objects.get(user=dora)
    assert (state(dora), invitation.problem) == (State.NOT_SENT, "550 5.1.1 no such mailbox")
    assert (invitation.token_digest, invitation.mail_count) == (None, 1)


def test_a_worker_that_died_while_it_sent_is_followed_by_another(dora, server):
    Invitation.objects.filter(user=dora).update(
        mail_due_at=NOW + invitations.LEASE, mail_count=1, token_digest="lost"
    )
    mail()
    assert not server.mails

    mail(NOW + invitations.LEASE)

    assert invitations.read(token_in(server.gets(ADDRESS)), now=NOW) == dora


def test_what_breaks_each_worker_is_given_up(dora, server):
    Invitation.objects.filter(user=dora).update(mail_count=8)

    mail()

    assert state(dora) is State.NOT_SENT


def test_what_is_taken_back_before_it_is_mailed_is_not_mailed(dora, server):
    assert invitations.revoke(dora)

    mail()

    assert state(dora) is State.REVOKED


def test_a_link_to_hand_over_takes_the_place_of_the_mail(people, dora, server):
    anna, _dora = people
    token = invitations.hand_over(dora, by=anna, now=NOW).rpartition("/")[2]

    mail()

    assert invitations.read(token, now=NOW) == dora


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_while_it_is_mailed_lets_nobody_in(dora, server):
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("An SQLite database in memory cannot be shared by threads that write.")

    def take_back():
        invitations.revoke(dora)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        server.on_data = lambda: pool.submit(take_back).result()
        mail()

    assert state(dora) is State.REVOKED
    with pytest.raises(DeadLink):
        invitations.read(token_in(server.gets(ADDRESS)), now=NOW)
