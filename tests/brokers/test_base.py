"""What every broker may ask of its host, and what reaches the host then."""

import base64
import json
import threading
from urllib.parse import parse_qs

import pytest

from brokers import Answer, BaseBroker, BrokerError, Mail, Request, TemporaryError
from tests.brokers.recorder import Recorder


@pytest.fixture
def host() -> Recorder:
    return Recorder()


@pytest.fixture
def broker(host) -> BaseBroker:
    return BaseBroker(host)


@pytest.mark.parametrize(
    ("given", "body", "kind"),
    [
        ({"data": b"\x01"}, "\x01", None),
        ({"data": "grün"}, "grün", "text/plain; charset=utf-8"),
        ({"data": {"a": "b c", "d": "ü"}}, "a=b+c&d=%C3%BC", "application/x-www-form-urlencoded"),
        ({"data": [("a", "1"), ("a", "2")]}, "a=1&a=2", "application/x-www-form-urlencoded"),
        ({"json": {"a": None}}, '{"a": null}', "application/json"),
        ({"json": []}, "[]", "application/json"),
        ({}, "", None),
    ],
)
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_body_is_encoded_and_says_what_it_is(broker, host, method, given, body, kind):
    getattr(broker, method)("https://example.com/", **given)

    call = host.calls[0]
    assert (call.method, call.body) == (method.upper(), body)
    assert call.headers.get("Content-Type") == kind


def test_headers_of_the_broker_win(broker, host):
    broker.post("https://example.com/", "x", headers={"Content-Type": "text/markdown"})

    assert host.calls[0].headers == {"Content-Type": "text/markdown"}


@pytest.mark.parametrize(
    ("url", "auth", "pair"),
    [
        ("https://user:pass%3Aword@example.com:8443/a?b=c", None, "user:pass:word"),
        ("https://user@example.com:8443/a?b=c", None, "user:"),
        ("https://example.com:8443/a?b=c", ("ünser", "wört"), "ünser:wört"),
        ("https://user:one@example.com:8443/a?b=c", ("user", "two"), "user:two"),
    ],
)
def test_user_and_password_leave_the_address(broker, host, url, auth, pair):
    broker.get(url, auth=auth)

    call = host.calls[0]
    assert call.url == "https://example.com:8443/a?b=c"
    assert base64.b64decode(call.headers["Authorization"].removeprefix("Basic ")).decode() == pair


def test_a_broker_that_says_who_asks_is_not_contradicted(broker, host):
    broker.get("https://user:one@example.com/", headers={"authorization": "Bearer two"})

    assert host.calls[0].headers == {"authorization": "Bearer two"}


def test_an_address_that_cannot_be_read_is_the_settings_fault(broker):
    with pytest.raises(BrokerError, match="check it in the settings"):
        broker.get("https://[::1/")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_another_try(status):
    with pytest.raises(TemporaryError, match=str(status)) as failed:
        Answer(status, {"retry-after": "90"}).checked()

    assert failed.value.retry_after == 90


@pytest.mark.parametrize(
    "wait", ["", "soon", "-1", "1e9", "9999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "²"]
)
def test_a_wait_that_is_no_number_of_seconds_is_none(wait):
    with pytest.raises(TemporaryError) as failed:
        Answer(503, {"retry-after": wait}).checked()

    assert failed.value.retry_after is None


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 405, 410, 413, 418, 501])
def test_what_will_not_pass_fails_for_good_and_names_the_mend(status):
    answer = Answer(status, {"location": "https://new.example.com/"}, b"No\r\nway", "hooks.example.com")

    with pytest.raises(BrokerError, match=rf"hooks.example.com answered {status}: No way\. \w+") as failed:
        answer.checked()
    assert not isinstance(failed.value, TemporaryError)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_yes_is_handed_back(status):
    assert Answer(status).checked().status == status


def test_an_answer_tells_its_text_and_its_json():
    assert Answer(200, body=b'{"a": 1}').json() == {"a": 1}
    assert Answer(200, body=b"\xff").text == "\ufffd"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_json_fails_the_run(body):
    with pytest.raises(BrokerError, match="did not answer with JSON"):
        Answer(200, body=body).json()


def test_a_failure_names_the_host_and_nothing_secret(broker, host):
    host.answers = {"POST": Answer(404)}

    with pytest.raises(BrokerError) as failed:
        broker.post("https://user:s3cret@hooks.example.com/T0KEN").checked()

    assert str(failed.value).startswith("hooks.example.com answered 404")
    assert "s3cret" not in str(failed.value)


def test_a_mail_reaches_the_host_without_line_breaks_in_what_becomes_headers(broker, host):
    broker.send_mail(
        ["anna@example.com", "ANNA@example.com", "ben@example.com"],
        subject="Hello\r\nBcc: eve@example.com\u202e",
        text="One\nTwo",
        sender_name="Eve\n<eve@example.com>",
        reply_to="ben@example.com\r\nX: y",
        headers=[("X-Branch", "main\r\nX-Evil: yes")],
    )

    assert host.mails == [
        Mail(
            to=("anna@example.com", "ben@example.com"),
            subject="Hello Bcc: eve@example.com",
            text="One\nTwo",
            sender_name="Eve <eve@example.com>",
            reply_to="ben@example.com X: y",
            headers=(("X-Branch", "main X-Evil: yes"),),
        )
    ]


@pytest.mark.parametrize("to", [[], ["nobody"], ["anna@example.com\nBcc: eve@example.com"]])
def test_a_mail_to_nobody_or_to_junk_is_not_sent(broker, host, to):
    with pytest.raises(BrokerError):
        broker.send_mail(to, subject="Hello", text="Hello")

    assert host.mails == []


def test_alerts_are_asked_for_by_their_key(broker, host):
    broker.open_alert(
        key="k", subject="It\nburns", text="Now", severity="critical", url="https://example.com"
    )
    broker.close_alert(key="k", text="Out")

    assert host.requests == [
        Request("open", "k", "It burns", "Now", "critical", "https://example.com"),
        Request("close", "k", text="Out"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"key": ""}, {"subject": ""}, {"severity": "loud"}],
)
def test_an_alert_without_key_or_subject_or_with_a_severity_of_its_own_is_refused(broker, host, wrong):
    with pytest.raises(BrokerError):
        broker.open_alert(**{"key": "k", "subject": "s", **wrong})

    assert host.requests == []


def test_what_is_local_is_kept_for_a_thread_and_a_name(host):
    class One(BaseBroker):
        pass

    class Other(BaseBroker):
        pass

    first = One(host).get_local("opener", list)
    elsewhere: list[list[int]] = []
    thread = threading.Thread(target=lambda: elsewhere.append(One(host).get_local("opener", list)))
    thread.start()
    thread.join()

    assert One(host).get_local("opener", list) is first
    assert One(host).get_local("closer", list) is not first
    assert Other(host).get_local("opener", list) is not first
    assert elsewhere[0] is not first


def test_a_broker_of_2012_runs_with_little_change(host):
    """The class of the old documentation: only the opener is replaced by post."""

    class Post(BaseBroker):
        def handle(self, payload):
            url = payload["service"]["url"]
            del payload["service"]
            del payload["broker"]
            self.post(url, {"payload": json.dumps(payload)})

    Post(host).handle({"broker": "post", "service": {"url": "https://example.com/"}, "commits": []})

    assert json.loads(parse_qs(host.calls[0].body)["payload"][0]) == {"commits": []}
