"""Hostile commit messages, names and files: no broker lets them out of their place."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from brokers import Answer
from brokers.builtin import BUILTIN
from tests.brokers.pushes import told
from tests.brokers.recorder import Recorder, run

SETTINGS = {
    "email": {"to": "team@example.com", "reply_to": "author", "threads": True},
    "email_diff": {"to": "team@example.com", "reply_to": "author"},
    "post": {"url": "https://hooks.example.com/", "secret": "s3cret"},
    "issues": {"jira_url": "https://jira.example.com", "jira_user": "bot", "jira_token": "t"},
    "jenkins": {
        "endpoint": "https://jenkins.example.com",
        "project": "website",
        "parameters": "B={branch}\nA={author}",
    },
    "chat": {"url": "https://hooks.example.com/"},
    "teams": {"url": "https://hooks.example.com/"},
    "status": {"url": "https://hooks.example.com/"},
    "alert": {"protected": "*", "opens": "a", "closes": "b"},
}
MEGABYTE = 1_000_000
TEXTS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>'\"</pre></td>&lt;",
    "headers": "Hello\r\nBcc: eve@example.com\r\n\r\nBody\nSubject: Other",
    "bidi": "access \u202egranted\u2066 \u200bto all\u061c",
    "controls": "a\x00b\x1b[31mc\x7f\x85d\u2028e",
    "blank": " \r\n\t\n ",
    "nothing": "",
    "megabyte": "x" * MEGABYTE,
    "lines": "fixes #1\n" * (MEGABYTE // 9),
    "brackets": "<" * MEGABYTE,
    "spaces": " " * MEGABYTE + "x",
    "template": "{0} %s {url} ${jndi:ldap://example.com} {{7*7}}",
    "mentions": "@channel @here <!everyone> [link](javascript:alert(1)) <@U1>",
    "surrogate": "half \ud83d of one",
    "combining": "z" + "\u0301" * 10_000,
}


def hostile(text: str, name: str = "github/push") -> dict:
    """Return a payload in which a text stands wherever a stranger can put one."""
    payload = told(name)
    payload["user"] = text[:5000]
    payload["repository"]["name"] = text[:5000]
    for commit in payload["commits"]:
        short = text[:5000]
        commit |= {"message": text, "author": short, "raw_author": f"{short} <{short}>"}
        commit["files"] = [{"file": short, "type": "added"}]
    for change in payload["changes"]:
        change["forced"] = True
    return payload


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", BUILTIN)
def test_a_broker_does_its_work_whatever_is_written(name, text):
    host = Recorder({"GET": Answer(200, body=text.encode("utf-8", "replace"))})

    run(BUILTIN[name], hostile(text), SETTINGS[name], host)

    for call in host.calls:
        assert all(value.isprintable() for value in call.headers.values())
        assert len(call.url) < 8000
    for line in host.lines:
        assert len(line) < 2000


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["email", "email_diff"])
def test_a_mail_can_be_built_and_holds_no_header_of_a_stranger(name, text):
    host = Recorder({"GET": Answer(200, body=text.encode("utf-8", "replace"))})
    run(BUILTIN[name], hostile(text), SETTINGS[name], host)
    (mail,) = host.mails

    built = EmailMessage()
    built["To"] = ", ".join(mail.to)
    built["Subject"] = mail.subject
    built["From"] = f'"{mail.sender_name.encode("ascii", "replace").decode()[:40]}"'
    for key, value in mail.headers:
        built[key] = value
    built.set_content(mail.text)
    built.add_alternative(mail.html, subtype="html")

    read = message_from_bytes(built.as_bytes(), policy=policy.default)
    assert read["Bcc"] is None
    assert read["To"] == "team@example.com"
    assert len(built.as_bytes()) < 5_000_000
    assert mail.reply_to == ""


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_html_of_a_mail_holds_only_tags_of_ours(text):
    mail = run(BUILTIN["email"], hostile(text), SETTINGS["email"]).mails[0]

    tags = Tags()
    tags.feed(mail.html)

    assert tags.names <= {
        *("html", "body", "h2", "h3", "p", "a", "pre", "code", "hr", "br", "span", "b"),
    }
    assert tags.attributes <= {"style", "href"}
    assert all(address.startswith("https://github.com/acme/website") for address in tags.addresses)


@pytest.mark.parametrize("name", BUILTIN)
def test_bidi_and_control_characters_are_not_shown_to_anybody(name):
    host = Recorder()

    run(BUILTIN[name], hostile(TEXTS["bidi"] + TEXTS["controls"]), SETTINGS[name], host)

    shown = [mail.text + mail.html + mail.subject for mail in host.mails]
    shown += [call.body for call in host.calls if name not in ("post", "jenkins")]
    shown += [request.subject + request.text for request in host.requests]
    shown += host.lines
    assert shown
    decoded = "".join(json.dumps(text).replace("\\\\u", "\\u") for text in shown)
    for character in ("\\u202e", "\\u2066", "\\u061c", "\\u001b", "\\u0000"):
        assert character not in decoded


def test_nobody_is_called_by_a_commit_message():
    call = run(BUILTIN["chat"], hostile(TEXTS["mentions"]), SETTINGS["chat"]).calls[0]

    text = json.loads(call.body)["text"]
    assert "@channel" not in text
    assert "<!everyone" not in text
    assert "<@U1" not in text


def test_a_link_of_a_stranger_cannot_leave_its_brackets():
    payload = told("github/push")
    payload["commits"][0]["url"] = "https://example.com/?a=1|<!everyone>&b=2"

    call = run(BUILTIN["chat"], payload, SETTINGS["chat"]).calls[0]

    assert "<!everyone>" not in json.loads(call.body)["text"]


@pytest.mark.parametrize("name", ["email", "email_diff", "chat", "teams", "status", "alert"])
def test_two_thousand_commits_make_a_message_of_bounded_size(name):
    payload = told("github/push")
    payload["commits"] = [
        {**payload["commits"][0], "raw_node": f"{number:040x}", "message": f"Step {number} " + "x" * 5000}
        for number in range(2048)
    ]
    host = Recorder({"GET": Answer(200, body=b"diff --git a/x b/x\n" + b"+y\n" * 100_000)})

    run(BUILTIN[name], payload, {**SETTINGS[name], **({"opens": ""} if name == "alert" else {})}, host)

    assert sum(len(mail.text) + len(mail.html) for mail in host.mails) < 1_500_000
    assert all(len(call.body) < 28_000 for call in host.calls)
    assert sum(len(request.text) for request in host.requests) < 100_000


def test_a_card_of_teams_stays_below_what_teams_takes():
    payload = told("github/push")
    for commit in payload["commits"]:
        commit["message"] = "ü" * 10_000
        commit["url"] = "https://example.com/" + "x" * 1900
    payload["commits"] *= 5

    call = run(BUILTIN["teams"], payload, SETTINGS["teams"]).calls[0]

    assert len(call.body) < 28_000


class Tags(HTMLParser):
    """Collects what an HTML text is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]
