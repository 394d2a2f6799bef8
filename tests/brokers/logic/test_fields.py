"""The settings of brokers: what will do, what will not, and what must not be seen."""

import pytest

from alertops.lib.sayings import recognize
from brokers import (
    Boolean,
    BranchFilterField,
    Choice,
    EmailList,
    FieldError,
    InvalidSettings,
    Password,
    String,
    Text,
    Url,
)
from brokers.logic.fields import clean_settings, secret_values

NAMES = Choice("choice", choices=(("a", "A"), ("b", "B")), default="a")


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("anna@example.com", ["anna@example.com"]),
        ("anna@example.com, ben@example.com", ["anna@example.com", "ben@example.com"]),
        ("anna@example.com;ben@example.com\n cy@example.com", 3),
        ("Anna Example <anna@example.com>, ben@example.com", ["anna@example.com", "ben@example.com"]),
        ('"Example, Anna" <anna@example.com>; ben@example.com', ["anna@example.com", "ben@example.com"]),
        ("a <" * 40_000, None),
        ("a" * 90_000, None),
        ("anna@example.com, ANNA@example.com", ["anna@example.com"]),
        (["anna@example.com", "ben@example.com"], 2),
        ("o'neill+tag@mail.example.co.uk", ["o'neill+tag@mail.example.co.uk"]),
        ("anna@bücher.example", ["anna@xn--bcher-kva.example"]),
        (" , ;\n ", []),
        ("", []),
        (None, []),
        ("root@localhost", ["root@localhost"]),
        ("anna@example.com\r\nBcc: eve@example.com", None),
        ("anna@example.com\nSubject: hello", None),
        ("anna", None),
        ("@example.com", None),
        ("anna@", None),
        ("anna@@example.com", None),
        ("anna@exam ple.com", None),
        ("anna@-example.com", None),
        ("anna@example..com", None),
        (".anna@example.com", None),
        ("anna..b@example.com", None),
        ("anna@example.com>", None),
        ("<script>@example.com", None),
        ("a" * 65 + "@example.com", None),
        ("anna@" + "e" * 250 + ".com", None),
        ("änna@example.com", None),
        ("anna@example.com\x00", None),
        ("anna@exa\u202emple.com", None),
        (7, None),
        ([["anna@example.com"]], None),
        ({"to": "anna@example.com"}, None),
        (", ".join(f"a{number}@example.com" for number in range(101)), None),
    ],
)
def test_a_list_of_addresses_holds_addresses_only(value, addresses):
    field = EmailList("to")
    if addresses is None:
        with pytest.raises(FieldError):
            field.clean(value)
    elif isinstance(addresses, int):
        assert len(field.clean(value)) == addresses
    else:
        assert field.clean(value) == addresses


def test_the_junk_in_a_list_is_named_and_cannot_forge_the_page():
    with pytest.raises(FieldError, match="“ev�e” is no e-mail address"):
        EmailList("to").clean("anna@example.com, ev\u202ee")


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (String("name"), "  web site ", "web site"),
        (String("name"), None, ""),
        (String("name"), 12, "12"),
        (String("length", pattern="[0-9]+"), "280", "280"),
        (Text("lines"), "a\r\nb\rc\n", "a\nb\nc"),
        (Password("token"), " s3cret ", "s3cret"),
        (Boolean("on"), True, True),
        (Boolean("on"), "on", True),
        (Boolean("on"), "false", False),
        (Boolean("on"), None, False),
        (NAMES, "b", "b"),
        (NAMES, "", "a"),
        (Url("url"), " https://example.com/hook?a=b ", "https://example.com/hook?a=b"),
        (Url("url"), "http://[::1]:8080/x", "http://[::1]:8080/x"),
        (Url("url", is_secret=True), "https://u:p@example.com/", "https://u:p@example.com/"),
        (BranchFilterField("only"), "main,\n!wip", "main, !wip"),
    ],
)
def test_what_will_do_is_kept(field, value, kept):
    assert field.clean(value) == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (String("name", required=True), "  "),
        (String("name"), "a\nb"),
        (String("name"), "a\x00"),
        (String("name"), "x" * 201),
        (String("name"), ["a"]),
        (String("name"), True),
        (String("length", pattern="[0-9]+"), "many"),
        (Text("lines"), "x" * 5001),
        (Password("token"), "a\nb"),
        (Password("token", required=True), None),
        (Boolean("on"), "perhaps"),
        (NAMES, "c"),
        (NAMES, ["a"]),
        (EmailList("to", required=True), " , "),
        (EmailList("to", required=True), []),
        (Url("url"), "example.com"),
        (Url("url"), "ftp://example.com/"),
        (Url("url"), "javascript:alert(1)"),
        (Url("url"), "file:///etc/passwd"),
        (Url("url"), "https://"),
        (Url("url"), "https:///path"),
        (Url("url"), "https://example.com:99999/"),
        (Url("url"), "https://example.com:0/"),
        (Url("url"), "https://exam ple.com/"),
        (Url("url"), "https://example.com/\r\nHost: x"),
        (Url("url"), "https://example.com\\@evil.example/"),
        (Url("url"), "https://[::1/"),
        (Url("url"), "https://user:password@example.com/"),
        (Url("url"), "https://example.com/" + "x" * 2000),
        (BranchFilterField("only"), "main dev"),
        (BranchFilterField("only"), "100%~"),
    ],
)
def test_what_will_not_do_is_refused(field, value):
    with pytest.raises(FieldError) as refused:
        field.clean(value)

    assert recognize(str(refused.value))


def test_settings_are_cleaned_together_and_every_error_is_told():
    fields = (String("name", required=True), EmailList("to", required=True), Boolean("html", default=True))

    assert clean_settings(fields, {"name": "x", "to": "a@example.com"}) == {
        "name": "x",
        "to": ["a@example.com"],
        "html": True,
    }
    with pytest.raises(InvalidSettings) as refused:
        clean_settings(fields, {"to": "a", "nonsense": 1})
    assert set(refused.value.errors) == {"name", "to", "nonsense"}


def test_secrets_are_hidden_and_their_parts_are_known():
    fields = (Url("url", is_secret=True), Password("token"), String("name"))
    settings = {"url": "https://u:pass%20word@example.com/hook/T0KEN?x=1", "token": "s3cret", "name": "open"}

    assert fields[0].shown(settings["url"]) == "https://example.com/…"
    assert "s3cret" not in fields[1].shown("s3cret")
    assert fields[2].shown("open") == "open"
    assert secret_values(fields, settings) >= {"s3cret", "pass word", "pass%20word", "/hook/T0KEN?x=1"}
    assert "open" not in secret_values(fields, settings)
