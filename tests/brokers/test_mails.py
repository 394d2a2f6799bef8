"""What a broker's mail looks like when it has gone through a real mail server."""

import re

import pytest

from brokers.base import BaseBroker, BrokerError, Mail, TemporaryError
from brokers.operations import mails
from brokers.operations.hosting import LiveHost
from tests.mailserver import MailServer

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def post(settings):
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_URL = mail_server.url
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        settings.DEFAULT_FROM_EMAIL = "alertops <alerts@ops.example.com>"
        yield mail_server


def send(*to, host=None, subject="acme/website: one commit", text="One commit.", **more):
    host = host or LiveHost(run_id=7)
    host.mail(Mail(to=to or (ANNA,), subject=subject, text=text, **more))
    return host.transcript[-1]


def parts_of(mail):
    parts = [part for part in mail.walk() if not part.is_multipart()]
    return {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in parts}


def test_a_mail_arrives_as_it_was_described(post):
    line = send(
        html="<p>One commit.</p>",
        sender_name="Anna Müller, at work",
        reply_to="anna@example.com",
        thread="acme/website main",
        list_name="acme/website",
        headers=(("X-Repository", "acme/website"),),
    )

    mail = post.gets(ANNA)
    assert mail["Subject"] == "acme/website: one commit"
    assert mail["To"] == ANNA
    assert mail["From"].addresses[0].addr_spec == "alerts@ops.example.com"
    assert mail["From"].addresses[0].display_name == "Anna Müller, at work"
    assert (mail["Reply-To"], mail["X-Repository"]) == ("anna@example.com", "acme/website")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == '"acme/website" <acme-website.ops.example.com>'
    assert re.fullmatch(r"<run-7-1\.[0-9a-f]{20}@ops\.example\.com>", mail["Message-ID"])
    assert re.fullmatch(r"<thread-[0-9a-f]{32}@ops\.example\.com>", mail["In-Reply-To"])
    assert mail["References"] == mail["In-Reply-To"]
    assert mail["Date"]
    assert parts_of(mail) == {"text/plain": "One commit.", "text/html": "<p>One commit.</p>"}
    assert (line["message_id"], line["to"]) == (mail["Message-ID"], [ANNA])
    assert line["answer"].startswith("250")


def test_a_mail_says_no_more_than_it_has_to(post):
    send()

    mail = post.gets(ANNA)
    assert mail["From"] == "alertops <alerts@ops.example.com>"
    assert not {"Reply-To", "In-Reply-To", "References", "List-Id"} & set(mail.keys())
    assert mail.get_content_type() == "text/plain"


def test_one_key_is_one_conversation_and_another_is_another(post):
    for thread in ("acme/website main", "acme/website main", "acme/website dev"):
        send(thread=thread)

    first, second, third = (mail for _to, mail in post.mails)
    post.mails.clear()
    assert first["References"] == second["References"] != third["References"]


def test_a_mail_that_is_tried_again_has_the_same_id_and_another_has_another(post):
    host, again = LiveHost(run_id=7), LiveHost(run_id=7)
    ids = [send(host=host)["message_id"], send(host=host)["message_id"]]

    assert [send(host=again)["message_id"], send(host=again)["message_id"]] == ids
    assert len({*ids, send(host=LiveHost(run_id=8))["message_id"], send(text="More.")["message_id"]}) == 4
    post.mails.clear()


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus München: ☃ 日本語 \U0001f600",
        "x" * 5000,
        "é" * 5000,
        "line\r\nline\rline\n.\nline\n..\n",
        "From the beginning\n\n\nend   ",
        "diff --git a/x b/x\n-\x00\x1b[31mold\n+new\u202e\ud800",
        "=3D=\n=20 trailing \t\n",
    ],
)
def test_any_text_passes_whatever_is_on_the_way(post, text):
    """8-bit diffs once made a body base64 under a header that said otherwise (BCLOUD-12434)."""
    send(text=text, html=f"<pre>{text}</pre>")

    mail, raw = post.gets(ANNA), post.raw[-1]
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for odd in ("\x00", "\x1b", "\u202e", "\ud800"):
        plain = plain.replace(odd, "")
    assert parts_of(mail)["text/plain"].rstrip("\n") == plain.rstrip("\n")
    assert parts_of(mail)["text/html"].rstrip("\n") == f"<pre>{plain}</pre>"
    raw.decode("ascii")
    assert max(map(len, raw.splitlines())) < 200
    assert {part["Content-Transfer-Encoding"] for part in mail.walk() if not part.is_multipart()} == {
        "quoted-printable"
    }


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: eve@example.com",
        "x\nBcc: eve@example.com",
        "x\rBcc: eve@example.com",
        "x\r\n\r\n<script>",
        "x\u2028Bcc: eve@example.com",
        "x\x0bBcc: eve@example.com",
        "x\x85Bcc: eve@example.com",
        "=?utf-8?q?x=0ABcc:_eve=40example.com?=",
        'x" <eve@example.com>, "y',
        "x\0\ud800" + "y" * 5000,
    ],
)
def test_no_header_can_be_slipped_in(post, evil):
    send(
        subject=evil,
        sender_name=evil,
        reply_to=evil,
        thread=evil,
        list_name=evil,
        headers=(("X-One", evil),),
    )

    mail = post.gets(ANNA)
    assert mail["Bcc"] is None
    assert [address.addr_spec for address in mail["From"].addresses] == ["alerts@ops.example.com"]
    assert mail["Reply-To"] is None
    assert set(map(str.lower, mail.keys())) <= {
        *("subject", "from", "to", "date", "message-id", "auto-submitted", "x-auto-response-suppress"),
        *("in-reply-to", "references", "list-id", "x-one", "mime-version", "content-type"),
        "content-transfer-encoding",
    }
    assert parts_of(mail) == {"text/plain": "One commit.\n"}


@pytest.mark.parametrize("name", ["Bcc", "X-One\r\nBcc", "x-one: 1\nBcc", "From", "", "X-"])
def test_a_header_of_another_kind_is_refused(post, name):
    with pytest.raises(BrokerError, match="X-"):
        send(headers=((name, "eve@example.com"),))


@pytest.mark.parametrize(
    "address",
    ["anna", "a@b\r\nBcc: eve@example.com", "Anna <anna@example.com>", "a@b, c@d", "", "@", "-f@x y"],
)
def test_an_address_that_is_none_is_refused(post, address):
    with pytest.raises(BrokerError):
        send(ANNA, address)


def test_a_mail_for_nobody_or_for_too_many_or_too_long_is_refused(post):
    host = LiveHost()
    for mail in (
        Mail(to=(), subject="x", text="y"),
        Mail(to=tuple(f"p{number}@example.com" for number in range(101)), subject="x", text="y"),
        Mail(to=(ANNA,), subject="x", text="y" * 2_000_001),
    ):
        with pytest.raises(BrokerError):
            host.mail(mail)
    assert all(line["error"] for line in host.transcript)


def test_an_address_that_is_named_twice_gets_one_mail(post):
    send(ANNA, BEN, ANNA)

    assert sorted(to for to, _mail in post.mails) == [ANNA, BEN]
    post.mails.clear()


# What the mail server says


def test_who_is_refused_is_on_record_when_others_get_the_mail(post):
    post.refuses[BEN] = "550 5.1.1 no such user"

    line = send(ANNA, BEN)

    post.gets(ANNA)
    assert line["refused"] == {BEN: "550 5.1.1 no such user"}


@pytest.mark.parametrize(
    ("refuses", "kind"),
    [
        ("550 5.1.1 no such user", BrokerError),
        ("451 4.3.0 try later", TemporaryError),
    ],
)
def test_a_mail_that_nobody_gets_has_failed(post, refuses, kind):
    post.refuses[ANNA] = refuses

    with pytest.raises(BrokerError, match=refuses) as caught:
        send()
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("answer", "kind"), [("554 5.7.1 looks like spam", BrokerError), ("452 4.3.1 full", TemporaryError)]
)
def test_a_mail_that_is_not_taken_has_failed(post, answer, kind):
    post.answers(answer)

    with pytest.raises(BrokerError, match=answer) as caught:
        send()
    assert type(caught.value) is kind


def test_a_mail_server_that_is_gone_is_worth_another_try(settings):
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    host = LiveHost()

    with pytest.raises(TemporaryError, match="EMAIL_URL"):
        send(host=host)
    assert "EMAIL_URL" in host.transcript[0]["error"]


def test_a_mail_server_that_drags_it_out_is_given_up(post):
    post.pause = 0.4
    message = mails.message_of(Mail(to=(ANNA,), subject="x", text="y"), message_id="<1@example.com>")

    with pytest.raises(TemporaryError, match="EMAIL_URL"):
        mails.send(message, seconds=0.6)
    post.pause = 0
    post.mails.clear()


def test_without_a_mail_server_it_is_said_where_mails_are(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH, settings.EMAIL_URL = tmp_path, ""

    line = send()

    assert "EMAIL_URL" in line["answer"]
    assert [file.read_text().count("acme/website: one commit") for file in tmp_path.iterdir()] == [1]


def test_a_broker_sends_by_the_call_it_has(post):
    host = LiveHost(run_id=9)
    BaseBroker(host).send_mail([ANNA], subject="x\r\ny", text="z", thread="t", headers=[("X-One", "1")])

    mail = post.gets(ANNA)
    assert (mail["Subject"], mail["X-One"]) == ("x y", "1")
