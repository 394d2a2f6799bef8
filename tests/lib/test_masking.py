"""Secrets are masked in whatever form they got into a text."""

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest

from alertops.lib.masking import Masking, credentials_in

SECRET = 'p@ss w/ö:"x"&<1>+'
HOOK = "https://chat.example.com/services/T012/B345/abcdefghij?token=0123456789"


def basic(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        quote(quote(SECRET, safe=""), safe=""),
        urlencode({"password": SECRET}),
        "".join(f"%{octet:02X}" for octet in SECRET.encode()),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps(SECRET)),
        html.escape(SECRET),
        "".join(f"&#{ord(character)};" for character in SECRET),
        "".join(f"&#x{ord(character):x};" for character in SECRET),
        basic(SECRET),
        basic(f"anna:{SECRET}"),
        basic(f"ann:{SECRET}"),
        basic(f"an:{SECRET}"),
        basic(f"anna:{SECRET}:and more"),
        base64.urlsafe_b64encode(f"anna:{SECRET}".encode()).decode(),
        quote(basic(f"anna:{SECRET}"), safe=""),
        urlencode({"payload": json.dumps({"service": {"password": SECRET}})}),
    ],
)
def test_a_secret_is_masked_in_every_form(form):
    shown = Masking([SECRET])(f"before {form} after")

    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "***" in shown
    longest = max(len(part) for part in shown.split("***"))
    assert longest < 24 or "password" in shown
    for piece in ("p@ss", "ss w", "ss%20w", "w/ö", "<1>", "1&gt;", "1%3E", basic(SECRET)[4:12]):
        assert piece not in shown


def test_what_is_no_secret_stays():
    text = "POST https://jenkins.example.com/job/website/build?delay=0sec answered 201"

    assert Masking([SECRET, "hush"])(text) == text
    assert Masking([])(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOOK, "https://chat.example.com/***"),
        ("http://chat.example.com:8080/x", "http://chat.example.com:8080/x"),
        ("no service abcdefghij here", "no service *** here"),
        ("token=0123456789", "token=***"),
        (quote(HOOK, safe=""), "https%3A%2F%2Fchat.example.com%2F***"),
    ],
)
def test_of_a_secret_address_the_host_may_be_known(text, expected):
    assert Masking([HOOK])(text) == expected


def test_the_password_of_any_address_is_masked():
    shown = Masking()("calling https://anna:hush@ci.example.com/ and http://token:@x")

    assert shown == "calling https://***@ci.example.com/ and http://token:@x"


def test_a_short_secret_is_masked_where_it_stands_alone():
    assert Masking(["abc"])("abc, abcd and key=abc") == "***, abcd and key=***"


def test_a_secret_at_the_cut_is_masked_as_a_whole():
    text = "x" * 95 + "topsecretvalue" + "y" * 500

    assert Masking(["topsecretvalue"]).beginning(text, 100) == "x" * 95 + "***y…"


def test_of_a_telling_header_only_the_scheme_is_shown():
    headers = {
        "Authorization": "Bearer abc",
        "PRIVATE-TOKEN": "abc",
        "Set-Cookie": "session=abc",
        "X-Hub-Signature": "sha256=abc",
        "Content-Type": "application/json",
        "X-Event-Key": "repo:push",
        "X-Author": "Anna",
        "X-Echo": "my hushhush",
    }

    assert Masking(["hushhush"]).headers(headers) == {
        "Authorization": "Bearer ***",
        "PRIVATE-TOKEN": "***",
        "Set-Cookie": "***",
        "X-Hub-Signature": "***",
        "Content-Type": "application/json",
        "X-Event-Key": "repo:push",
        "X-Author": "Anna",
        "X-Echo": "my ***",
    }


def test_what_a_telling_header_carries_is_found():
    headers = {"Authorization": f"Basic {basic('anna:hush:hush')}", "X-Api-Key": "abc", "Accept": "x"}

    assert list(credentials_in(headers)) == [basic("anna:hush:hush"), "hush:hush", "abc"]


def test_masking_takes_little_time_for_a_hostile_text():
    mask = Masking(["a" * 100, "%25" * 30, "p" * 50 + "!"])
    began = time.process_time()
    mask.beginning("%25" * 300_000, 2000)
    mask.beginning("a" * 99 + "%2525" * 200_000, 2000)
    mask("p" * 20_000)

    assert time.process_time() - began < 5
