"""The conversation with a mail server, with one that reads ahead and with one that does not."""

import smtplib
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage

from alertops.lib.smtp import EmailBackend
from tests.mailserver import MailServer

ANNA, BEN, NOBODY = "anna@example.com", "ben@example.com", "nobody@example.com"
LONG = timedelta(seconds=20)


@pytest.fixture(params=[True, False], ids=["reads ahead", "does not"])
def server(request):
    with MailServer() as server:
        server.reads_ahead = request.param
        yield server


@pytest.fixture
def backend(server):
    backend = EmailBackend(host="127.0.0.1", port=server.port)
    yield backend
    backend.close()


def _mail(*to, body="Nothing works.", sender="alertops@example.com"):
    return EmailMessage("It is on fire", body, sender, list(to))


def _sends(backend, mail):
    backend.deadline.set(LONG)
    return backend.send_messages([mail])


def test_a_mail_arrives_with_its_receipt(backend, server):
    assert _sends(backend, _mail(ANNA)) == 1

    assert server.gets(ANNA)["Subject"] == "It is on fire"
    assert backend.receipt == "250 2.0.0 OK queued as 1"


@pytest.mark.parametrize(
    "body", [".", "..", "one\n.\ntwo", ".bashrc\n\n..\n", "", "\n.\n", "no end", "end\r\n"]
)
def test_lines_that_begin_with_a_dot_arrive_as_they_are(backend, server, body):
    _sends(backend, _mail(ANNA, body=body))

    came = server.gets(ANNA).get_content().rstrip("\r\n")
    assert came.splitlines() == body.rstrip("\r\n").splitlines()


def test_who_is_refused_is_named_and_the_others_get_it(backend, server):
    server.refuses[NOBODY] = "550 5.1.1 no such user"

    assert _sends(backend, _mail(ANNA, NOBODY, BEN)) == 1

    server.gets(ANNA)
    server.gets(BEN)
    assert backend.refused == {NOBODY: "550 5.1.1 no such user"}


def test_one_refused_alone_is_an_error_and_the_line_goes_on(backend, server):
    server.refuses[NOBODY] = "550 5.1.1 no such user"

    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        _sends(backend, _mail(NOBODY))
    _sends(backend, _mail(ANNA))

    assert caught.value.recipients == {NOBODY: (550, b"5.1.1 no such user")}
    server.gets(ANNA)
    assert server.connections == 1


def test_a_refused_sender_is_an_error_and_the_line_goes_on(backend, server):
    server.refuses["alertops@example.com"] = "553 5.7.1 not from here"

    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        _sends(backend, _mail(ANNA))
    _sends(backend, _mail(ANNA, sender="root@example.com"))

    assert (caught.value.smtp_code, caught.value.smtp_error) == (553, b"5.7.1 not from here")
    server.gets(ANNA)
    assert server.connections == 1


def test_a_refused_content_is_an_error_and_the_line_goes_on(backend, server):
    server.answers("554 5.7.1 spam")

    with pytest.raises(smtplib.SMTPDataError) as caught:
        _sends(backend, _mail(ANNA))
    _sends(backend, _mail(ANNA))

    assert (caught.value.smtp_code, caught.value.smtp_error) == (554, b"5.7.1 spam")
    server.gets(ANNA)
    assert server.connections == 1


def test_a_server_that_is_closing_says_so_and_gets_the_next_mail_on_a_new_line(backend, server):
    server.patience, server.farewell = 0, "421 4.3.2 closing"

    with pytest.raises(smtplib.SMTPException, match="closing"):
        _sends(backend, _mail(ANNA))
    server.patience = None
    _sends(backend, _mail(ANNA))

    server.gets(ANNA)


def test_a_server_that_reads_ahead_is_asked_in_one_go(backend, server):
    _sends(backend, _mail(ANNA))
    server.gets(ANNA)
    sent = []
    line, send = backend.connection, backend.connection.send
    line.send = lambda data: (sent.append(data), send(data))

    _sends(backend, _mail(ANNA))

    server.gets(ANNA)
    assert len(sent) == (2 if server.reads_ahead else 4)
