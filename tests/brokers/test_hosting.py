"""What a broker's calls come to: against real servers, on record, within limits, and without secrets."""

import base64
import json
from urllib.parse import quote, urlencode

import pytest

from brokers.base import SHOWN_ANSWER, BaseBroker, BrokerError, Request, TemporaryError
from brokers.operations import hosting
from brokers.operations.hosting import DryHost, LiveHost
from tests.mailserver import MailServer
from tests.web import RudeServer, WebServer

SECRET = "s3cr3t/p@ss wörd+1"
PAIR = base64.b64encode(f"anna:{SECRET}".encode()).decode()


@pytest.fixture(autouse=True)
def _loop_is_listed(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]


@pytest.fixture
def server():
    with WebServer() as web_server:
        yield web_server


@pytest.fixture
def post(server, settings):
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_URL = mail_server.url
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        settings.DEFAULT_FROM_EMAIL = "alertops <alerts@ops.example.com>"
        yield mail_server


def broker(host):
    return BaseBroker(host)


def call(host, server, method="POST", body=b"a push", **headers):
    return host.call(method, f"{server.url}/hook", body=body, headers=headers)


# Calls


def test_a_call_and_its_answer_are_on_record(server):
    server.answers(201, b'{"id": 7}', {"X-Build": "7"})
    host = LiveHost(run_id=1)

    answer = broker(host).post(f"{server.url}/hook?a=1", {"payload": "x y"}, headers={"X-One": "1"})

    assert (answer.status, answer.json(), answer.headers["x-build"]) == (201, {"id": 7}, "7")
    assert answer.address == f"{server.url}/hook?a=1"
    [line] = host.transcript
    assert (line["kind"], line["method"], line["address"]) == ("call", "POST", f"{server.url}/hook?a=1")
    assert (line["body"], line["size"], line["headers"]["X-One"]) == ("payload=x+y", 11, "1")
    assert (line["status"], line["answer"], line["answer_headers"]["x-build"]) == (201, '{"id": 7}', "7")
    assert line["milliseconds"] >= 0
    assert server.received[0].form() == {"payload": "x y"}


def test_every_status_is_an_answer(server):
    server.answers(500, b"broken")
    host = LiveHost()

    with pytest.raises(TemporaryError, match="answered 500: broken"):
        call(host, server).checked()
    assert host.transcript[0]["status"] == 500


def test_a_secret_at_the_cut_of_an_answer_is_not_told_by_half(server):
    server.answers(400, ("x" * (SHOWN_ANSWER - 3) + "hush-hush").encode())

    with pytest.raises(BrokerError) as told:
        call(LiveHost(secrets=["hush-hush"]), server).checked()

    assert "hus" not in str(told.value)


@pytest.mark.parametrize(
    "send",
    [
        lambda server, broker: broker.post(server.url, auth=("anna", SECRET)),
        lambda server, broker: broker.post(server.url.replace("://", f"://anna:{quote(SECRET, safe='')}@")),
        lambda server, broker: broker.host.call(
            "POST", server.url.replace("://", f"://anna:{quote(SECRET, safe='')}@"), body=None, headers={}
        ),
        lambda server, broker: broker.post(f"{server.url}/?token={quote(SECRET)}"),
        lambda server, broker: broker.post(server.url, headers={"Authorization": f"Bearer {quote(SECRET)}"}),
        lambda server, broker: broker.post(server.url, headers={"X-Api": quote(SECRET)}),
        lambda server, broker: broker.post(server.url, {"password": SECRET}),
        lambda server, broker: broker.post(server.url, json={"password": SECRET}),
        lambda server, broker: broker.post(
            server.url, {"payload": json.dumps({"service": {"password": SECRET}})}
        ),
        lambda server, broker: broker.post(server.url, f"my {SECRET}"),
    ],
    ids=[
        "basic auth",
        "address",
        "address as it is",
        "query",
        "bearer",
        "header",
        "form",
        "JSON",
        "JSON in a form",
        "text",
    ],
)
def test_no_secret_is_on_record_even_when_the_other_side_repeats_it(server, send):
    echo = urlencode({"a": SECRET}) + f" {PAIR} {json.dumps(SECRET)} {SECRET}"
    server.answers(200, echo.encode(), {"X-Echo": PAIR, "Set-Cookie": "session=12345678"})
    host = LiveHost(secrets=[SECRET])

    answer = send(server, broker(host))

    assert SECRET in answer.text  # the broker has it; the record has not
    kept = json.dumps(host.transcript) + json.dumps(host.transcript, ensure_ascii=False) + answer.address
    for form in (SECRET, "s3cr3t", "p@ss", "p%40ss", "rd+1", "rd%2B1", PAIR, PAIR[8:20], "12345678"):
        assert form not in kept
    assert "***" in kept


def test_a_password_that_nobody_declared_is_not_on_record_either(server):
    server.answers(200, f"you sent {PAIR}".encode())
    host = LiveHost()

    broker(host).post(server.url, auth=("anna", SECRET))

    kept = json.dumps(host.transcript, ensure_ascii=False)
    assert PAIR not in kept
    assert SECRET not in kept
    assert host.transcript[0]["headers"]["Authorization"] == "Basic ***"


def test_what_goes_wrong_is_on_record_without_secrets():
    host = LiveHost(secrets=["secrethost"])

    with pytest.raises(BrokerError) as caught:
        host.call("GET", "http://secrethost:22/", body=None, headers={})
    with pytest.raises(BrokerError, match="header X-One"):
        host.call("GET", "http://127.0.0.1/", body=None, headers={"X-One": "a\r\nb"})
    host.log("going to secrethost")

    kept = json.dumps([*host.transcript, str(caught.value)])
    assert "secrethost" not in kept
    assert "Port 22" in host.transcript[0]["error"]


def test_an_address_that_may_not_be_called_is_for_good_and_the_setting_is_named(server, settings):
    settings.OUTBOUND_NETWORKS = []
    host = LiveHost()

    with pytest.raises(BrokerError, match="ALERTOPS_OUTBOUND_NETWORKS") as caught:
        call(host, server)

    assert not isinstance(caught.value, TemporaryError)
    assert "ALERTOPS_OUTBOUND_NETWORKS" in host.transcript[0]["error"]
    assert server.received == []


def test_a_server_that_does_not_answer_is_worth_another_try():
    with RudeServer(lambda connection, _is_over: connection.recv(10)) as rude:
        host = LiveHost()
        with pytest.raises(TemporaryError, match=r"127\.0\.0\.1"):
            host.call("GET", rude.url, body=None, headers={})
    assert host.transcript[0]["error"]


def test_a_redirect_is_an_answer_and_not_followed(server):
    server.answers(302, headers={"Location": f"{server.url}/elsewhere"})

    with pytest.raises(BrokerError, match="not followed"):
        call(LiveHost(), server).checked()
    assert len(server.received) == 1


def test_only_the_beginning_of_a_long_answer_is_read_and_kept(server):
    server.answers(body=b"x" * 3_000_000)
    host = LiveHost()

    answer = call(host, server)

    assert len(answer.body) == hosting.MOST_BYTES
    assert len(host.transcript[0]["answer"]) == hosting.SHOWN
    assert host.transcript[0]["is_cut"]


@pytest.mark.parametrize(
    "body",
    [
        b"a\0b",
        b"\xff\xfe",
        "\u202e\x1b[31m".encode(),
        b'"\\ud800"',
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_what_no_database_takes_is_not_on_record(server, body):
    server.answers(body=body, headers={"X-Odd": "\x7f\xa0"})
    host = LiveHost()

    assert call(host, server, body=body).body == body
    host.log(body.decode("utf-8", "surrogatepass") if b"\xff" not in body else "\0\ud800")

    kept = json.dumps(host.transcript, ensure_ascii=False)
    kept.encode()
    assert not any(character in kept for character in ("\0", "\\u0000", "\x1b", "\u202e"))


def test_a_run_makes_no_more_calls_than_it_may(server):
    host = LiveHost()
    for _number in range(hosting.MOST_CALLS):
        call(host, server)

    with pytest.raises(BrokerError, match="20 calls at most"):
        call(host, server)
    assert len(server.received) == hosting.MOST_CALLS


def test_a_run_logs_and_asks_for_no_more_than_it_may():
    host = LiveHost()
    for number in range(1000):
        host.log(f"line {number}")
    for number in range(hosting.MOST_REQUESTS):
        host.ask(Request("open", f"key {number}", "subject"))

    with pytest.raises(BrokerError, match="20 alerts at most"):
        host.ask(Request("open", "one more", "subject"))
    assert len(host.transcript) == hosting.MOST_LOGGED + hosting.MOST_REQUESTS
    assert len(host.requests) == hosting.MOST_REQUESTS


def test_what_is_asked_of_alerts_can_be_stored():
    host = LiveHost(secrets=["topsecret"])

    host.ask(
        Request("open", "key\0\r\n1", "Forced\r\nX: 1", "text\0\ud800\nmore topsecret", "error", "http://x")
    )

    [request] = host.requests
    assert (request.key, request.subject) == ("key 1", "Forced X: 1")
    assert request.text == "text\nmore topsecret"
    assert host.transcript[0]["kind"] == "request"


# Another attempt


def test_what_an_attempt_has_sent_the_next_one_does_not_send_again(server, post):
    def act(host, server):
        broker(host).send_mail(["anna@example.com"], subject="A push", text="One commit.")
        first = call(host, server)
        second = call(host, server)
        return first, second, call(host, server, body=b"another")

    server.answers(201, b'{"id": 1}')
    server.answers(200, b"")
    server.answers(503)
    before = LiveHost(run_id=5)
    act(before, server)
    post.gets("anna@example.com")

    after = LiveHost(run_id=5, earlier=json.loads(json.dumps(before.transcript)))
    first, second, third = act(after, server)

    assert (first.json(), second.status, third.status) == ({"id": 1}, 200, 200)
    assert [request.body for request in server.received] == [b"a push", b"a push", b"another", b"another"]
    assert [line.get("is_from_before") for line in after.transcript] == [True, True, True, None]


def test_what_was_only_asked_or_not_wholly_kept_is_asked_again(server):
    server.answers(200, b"fine")
    server.answers(200, b"x" * 5000)
    server.answers(200, b"my hushhush")
    before = LiveHost(secrets=["hushhush"])
    for method in ("GET", "POST", "PUT"):
        call(before, server, method)

    after = LiveHost(secrets=["hushhush"], earlier=before.transcript)
    for method in ("GET", "POST", "PUT"):
        call(after, server, method)

    assert len(server.received) == 6


# A rehearsal


def test_a_rehearsal_calls_nobody_and_tells_what_would_be_done(server, post):
    host = DryHost(secrets=[SECRET])
    rehearsed = broker(host)

    answer = rehearsed.post(f"{server.url}/hook", json={"password": SECRET}, auth=("anna", SECRET))
    rehearsed.send_mail(["anna@example.com"], subject="A push", text="One commit.")
    rehearsed.log("done")
    rehearsed.open_alert(key="forced", subject="A forced push")

    assert (answer.status, answer.body) == (200, b"")
    assert [line["kind"] for line in host.transcript] == ["call", "mail", "log", "request"]
    assert host.transcript[0]["address"] == f"{server.url}/hook"
    assert host.transcript[1]["to"] == ["anna@example.com"]
    assert "s3cr3t" not in json.dumps(host.transcript)
    assert (server.received, post.mails, len(host.requests)) == ([], [], 1)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "http://127.0.0.1:6379/", "http://[::1", "http://a b/"]
)
def test_a_rehearsal_says_what_would_be_refused(url):
    with pytest.raises(BrokerError):
        DryHost().call("GET", url, body=None, headers={})
