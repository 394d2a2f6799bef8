"""Every built-in broker against real servers: what arrives there, over HTTP and SMTP."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from brokers.base import REPOSITORY_TOKEN, REPOSITORY_URL, BrokerError, TemporaryError, clean_settings
from brokers.builtin import BUILTIN
from brokers.logic.fields import secret_values
from brokers.operations.hosting import LiveHost
from tests.brokers.pushes import told

DIFF = b"diff --git a/a.txt b/a.txt\n@@ -1 +1 @@\n-caf\xe9\n+Gr\xc3\xbc\xc3\x9fe\n+\x80\xff\n"
TEAM = "team@example.com"


def run(name, payload, settings, *, token="", url=None):
    """Run a broker as the engine does, with all that guards it; returns its host.

    url: of the repository as it is stored; without it, as the push says it.
    """
    broker = BUILTIN[name]
    place = {REPOSITORY_TOKEN: token, REPOSITORY_URL: payload["repository"]["url"] if url is None else url}
    service = {**clean_settings(broker.fields, settings), **place}
    host = LiveHost(secrets={*secret_values(broker.fields, service), *filter(None, [token])}, run_id=1)
    broker(host).handle({**payload, "broker": name, "service": service})
    return host


def at(server, name="gitea/push"):
    """Return the payload of a push whose code host is the server of the test."""
    payload = told(name)
    payload["host"]["name"] = server.url.removeprefix("http://")
    payload["repository"]["url"] = f"{server.url}/acme/website"
    return payload


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def test_email_arrives_with_both_parts_and_its_headers(post):
    run("email", told("github/one_commit"), {"to": TEAM, "reply_to": "author", "threads": True})

    mail = post.gets(TEAM)
    assert mail["Subject"] == "commit/website: ben: Mend the contact form, fixes #12"
    assert mail["From"].addresses[0].display_name == "ben"
    assert mail["Reply-To"] == "ben@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "acme/website" in mail["List-Id"]
    assert mail["In-Reply-To"]
    assert "Mend the contact form" in text_of(mail)
    assert mail.get_body(("html",))


def test_mails_of_a_branch_are_one_conversation_and_of_another_are_not(post):
    for name in ("github/push", "github/one_commit", "github/new_branch"):
        run("email", told(name), {"to": TEAM, "threads": True})

    first, second, other = (mail["References"] for _to, mail in post.mails)
    post.mails.clear()
    assert first == second != other


def test_email_diff_arrives_readable_though_the_diff_is_of_no_encoding(post, server):
    server.answers(200, DIFF)

    payload = at(server)
    payload["commits"] = payload["commits"][:1]
    run("email_diff", payload, {"to": TEAM}, token="T0KEN")

    mail = post.gets(TEAM)
    assert "-café" in text_of(mail)
    assert "+Grüße" in text_of(mail)
    assert post.raw[0].isascii()
    assert server.received[0].headers["authorization"] == "token T0KEN"
    assert server.received[0].path.endswith(f"/git/commits/{payload['commits'][0]['raw_node']}.diff")


def test_a_diff_of_which_only_the_beginning_is_read_is_said_to_be_cut(post, server):
    picture = b"diff --git a/a.png b/a.png\nBinary files a/a.png and b/a.png differ\n"
    for _commit in range(3):
        server.answers(200, picture + b"x" * 1_100_000)

    run("email_diff", at(server), {"to": TEAM})

    assert text_of(post.gets(TEAM)).count("cut, it is too long") == 3


def test_the_token_goes_to_the_stored_address_whatever_a_push_says(post, server):
    payload = told("gitlab/push")
    payload["repository"]["url"] = f"{server.url}/acme/web/website"

    for stored in ("https://127.0.0.1:1/acme/web/website", ""):
        host = run("email_diff", payload, {"to": TEAM}, token="T0KEN", url=stored)

        calls = [line["address"] for line in host.transcript if line["kind"] == "call"]
        assert bool(calls) is bool(stored)
        assert all(address.startswith("https://127.0.0.1:1/api/v4/") for address in calls)
        assert "could not be fetched" in text_of(post.gets(TEAM))
    assert server.received == []


def test_email_diff_goes_out_though_the_host_has_gone(post):
    payload = told("gitea/push")
    payload["repository"]["url"] = "http://127.0.0.1:1/acme/website"

    run("email_diff", payload, {"to": TEAM})

    assert text_of(post.gets(TEAM)).count("could not be fetched") == 3


@pytest.mark.parametrize("text", ["Hello\r\nBcc: eve@example.com", "a\u202eb\x00", "x" * 1_000_000, "<b>&"])
def test_hostile_messages_arrive_as_a_mail_to_the_team_alone(post, text):
    payload = told("github/push")
    for commit in payload["commits"]:
        commit |= {"message": text, "author": text[:5000], "raw_author": text[:5000]}

    run("email", payload, {"to": TEAM})

    assert post.gets(TEAM)["Bcc"] is None


def test_post_arrives_as_a_form_with_user_and_password(server):
    url = server.url.replace("://", "://anna:s3cret@") + "/hook?token=T0KEN"

    host = run("post", told("bitbucket/push"), {"url": url})

    received = server.received[0]
    assert received.path == "/hook?token=T0KEN"
    assert base64.b64decode(received.headers["authorization"].split()[1]) == b"anna:s3cret"
    assert json.loads(received.form()["payload"])["user"] == "anna"
    assert not any(secret in json.dumps(host.transcript) for secret in ("s3cret", "T0KEN"))


def test_post_arrives_as_json_that_its_signature_fits(server):
    run("post", told("github/push"), {"url": server.url, "format": "json", "secret": "s3cret"})

    received = server.received[0]
    digest = hmac.new(b"s3cret", received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-hub-signature"] == f"sha256={digest}"
    assert received.headers["content-type"] == "application/json"


def test_post_does_not_follow_a_redirect(server):
    server.answers(302, headers={"Location": f"{server.url}/elsewhere"})

    with pytest.raises(BrokerError, match="Redirects are not followed"):
        run("post", told("github/push"), {"url": server.url})
    assert len(server.received) == 1


def test_post_says_when_to_come_again(server):
    server.answers(429, headers={"Retry-After": "7"})

    with pytest.raises(TemporaryError) as failed:
        run("post", told("github/push"), {"url": server.url})
    assert failed.value.retry_after == 7


def test_issues_are_moved_and_commented_on(server):
    run("issues", at(server), {}, token="T0KEN")

    moved, said = server.received
    assert (moved.method, moved.path) == ("PATCH", "/api/v1/repos/acme/website/issues/12")
    assert moved.json() == {"state": "closed"}
    assert (said.method, said.path) == ("POST", "/api/v1/repos/acme/website/issues/12/comments")
    assert "Mend the contact form" in said.json()["body"]


def test_jenkins_is_asked_for_a_build(server):
    server.answers(201, headers={"Location": f"{server.url}/queue/item/7/"})

    host = run("jenkins", told("github/push"), {"endpoint": server.url, "project": "a/b", "token": "T0KEN"})

    parts = urlsplit(server.received[0].path)
    assert (server.received[0].method, parts.path) == ("GET", "/job/a/job/b/build")
    assert parse_qs(parts.query)["token"] == ["T0KEN"]
    assert "T0KEN" not in json.dumps(host.transcript)
    assert "queue/item/7" in host.transcript[-1]["text"]


@pytest.mark.parametrize("name", ["chat", "teams"])
def test_a_channel_is_told(server, name):
    host = run(name, told("github/push"), {"url": f"{server.url}/services/T0KEN"})

    assert "3 new commits" in json.dumps(server.received[0].json())
    assert "T0KEN" not in json.dumps(host.transcript)


def test_a_short_message_is_published(server):
    run("status", told("github/push"), {"url": server.url, "token": "T0KEN"})

    received = server.received[0]
    assert received.form()["status"].startswith("anna pushed 3 new commits to main of acme/website")
    assert received.headers["authorization"] == "Bearer T0KEN"


def test_an_alert_is_asked_for():
    host = run("alert", told("github/push"), {"protected": "main"})

    assert [(request.action, request.severity) for request in host.requests] == [("open", "error")]
