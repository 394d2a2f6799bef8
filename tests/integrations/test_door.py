"""A delivery at the door: what is taken, what is refused, and what is kept of each."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.test import Client
from django_q.models import OrmQ

from integrations import operations
from integrations.logic import signature
from integrations.models import InboundMessage, UnmatchedDelivery
from integrations.operations.turned_away import (
    BAD_SIGNATURES_KEPT_A_MINUTE,
    UNMATCHED_KEPT,
    UNMATCHED_KEPT_A_MINUTE,
)
from tests.factories import NOW, IntegrationFactory

pytestmark = pytest.mark.django_db
BODY = b'{"commit_status": {"state": "FAILED"}}'
JSON = "application/json"


@pytest.fixture
def integration():
    return IntegrationFactory(name="Builds")


def post(client, integration, body=BODY, *, content_type=JSON, **kwargs):
    return client.post(f"/in/{integration.token}", body, content_type=content_type, **kwargs)


def post_stream(client, integration, stream, **environ):
    """Post as a server does that hands over a stream, whatever length was announced."""
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, **environ}
    return client.generic("POST", f"/in/{integration.token}", b"", JSON, **environ)


def assert_refused(answer, status, code):
    message = InboundMessage.objects.get()
    assert answer.status_code == status
    assert answer.json()["error"] == code == message.reason
    assert answer.json()["detail"] == message.detail != ""
    assert message.status == "refused"
    return message


def test_a_delivery_is_answered_with_its_id_and_the_url_of_its_status(client, integration):
    answer = post(client, integration)

    message = InboundMessage.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "id": message.pk,
        "status_url": f"{settings.BASE_URL}/in/{integration.token}/messages/{message.pk}",
    }


def test_a_delivery_is_stored_as_it_came(client, integration):
    odd = b'\xef\xbb\xbf{"a":  1,\r\n "b": "\\u0000"}'

    post(client, integration, odd, headers={"X-Event-Key": "repo:push", "X-Request-UUID": "u-1"})

    message = InboundMessage.objects.get()
    assert bytes(message.body) == odd
    assert message.body_size == len(odd)
    assert message.headers["X-Event-Key"] == "repo:push"
    assert (message.status, message.method, message.content_type) == ("pending", "POST", JSON)
    assert (message.delivery_id, message.remote_address, message.is_test) == ("u-1", "127.0.0.1", False)


def test_the_door_does_one_look_up_and_one_insert(client, integration, django_assert_num_queries):
    with django_assert_num_queries(2) as queries:
        post(client, integration)

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "INSERT"]


def test_secrets_among_the_headers_are_masked(client, integration):
    post(client, integration, headers={"Authorization": "Bearer abc", "Cookie": "sessionid=abc"})

    assert "abc" not in json.dumps(InboundMessage.objects.get().headers)


@pytest.mark.parametrize("headers", [{"Accept": "text/plain"}, {"Accept": "nonsense"}, {}], ids=str)
def test_a_delivery_is_taken_whatever_its_sender_accepts(client, integration, headers):
    answer = client.post(f"/in/{integration.token}?format=xml", BODY, JSON, headers=headers)

    assert answer.status_code == 202


def test_a_cookie_without_csrf_token_does_no_harm(integration):
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "x"

    assert post(client, integration).status_code == 202


def test_put_and_a_slash_at_the_end_are_fine(client, integration):
    assert client.put(f"/in/{integration.token}", BODY, content_type=JSON).status_code == 202
    assert client.post(f"/in/{integration.token}/", BODY, content_type=JSON).status_code == 202


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("query", ["", "?status=open"], ids=["empty", "query"])
def test_other_methods_open_nothing(client, integration, method, query):
    answer = client.generic(method, f"/in/{integration.token}{query}")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == JSON
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [("GET", "?status=open", 202), ("GET", "", 405), ("GET", "?", 405), ("HEAD", "?status=open", 405)],
)
def test_get_opens_only_where_it_is_allowed_and_says_something(client, method, query, status):
    integration = IntegrationFactory(allows_get=True)

    assert client.generic(method, f"/in/{integration.token}{query}").status_code == status
    assert InboundMessage.objects.count() == (status == 202)


def test_an_unknown_url_is_listed_without_its_body(client):
    answer = client.post("/in/nobody-has-this", BODY, JSON, headers={"User-Agent": "Hooks/1"})

    row = UnmatchedDelivery.objects.get()
    assert answer.status_code == 404
    assert answer.json()["error"] == "unknown_url"
    assert (row.token_hint, row.method, row.user_agent) == ("nobody", "POST", "Hooks/1")


def test_only_the_last_unmatched_deliveries_are_kept(client):
    rows = [UnmatchedDelivery(received_at=NOW, token_hint=str(n)) for n in range(UNMATCHED_KEPT + 20)]
    UnmatchedDelivery.objects.bulk_create(rows)

    client.post("/in/nobody-has-this", BODY, JSON)

    kept = list(UnmatchedDelivery.objects.values_list("token_hint", flat=True))
    assert len(kept) == UNMATCHED_KEPT
    assert kept[:2] == ["nobody", str(UNMATCHED_KEPT + 19)]


def test_unmatched_deliveries_are_counted_out_by_the_minute(client, stopped_clock):
    answers = [client.post("/in/nobody", BODY, JSON).status_code for _ in range(UNMATCHED_KEPT_A_MINUTE + 5)]

    assert set(answers) == {404}
    assert UnmatchedDelivery.objects.count() == UNMATCHED_KEPT_A_MINUTE


def test_an_old_url_works_as_long_as_it_is_kept(client, integration, stopped_clock):
    old = integration.token
    operations.rotate(integration, keep_old_for=timedelta(hours=1), now=NOW)

    assert operations.find(integration.token, NOW).id == integration.pk
    assert operations.find(old, NOW + timedelta(minutes=59)).id == integration.pk
    assert operations.find(old, NOW + timedelta(hours=1)) is None
    assert client.post(f"/in/{old}", BODY, JSON).status_code == 202


def test_an_old_url_that_is_not_kept_is_unknown_at_once(client, integration):
    old = integration.token
    operations.rotate(integration, keep_old_for=timedelta(0), now=NOW)

    assert client.post(f"/in/{old}", BODY, JSON).status_code == 404
    assert post(client, integration).status_code == 202


def test_of_two_who_rotate_at_once_the_second_is_told(integration):
    stale = type(integration).objects.get(pk=integration.pk)
    operations.rotate(integration, keep_old_for=timedelta(0), now=NOW)

    with pytest.raises(operations.AlreadyRotated):
        operations.rotate(stale, keep_old_for=timedelta(0), now=NOW)


class Unread(BytesIO):
    def read(self, *_size):
        raise AssertionError("a body that is too large is not read")


def test_what_announces_too_much_is_refused_unread(client, integration):
    answer = post_stream(client, integration, Unread(), CONTENT_LENGTH="1000001")

    message = assert_refused(answer, 413, "too_large")
    assert "ALERTOPS_MAX_BODY_BYTES" in message.detail
    assert (bytes(message.body), message.body_size) == (b"", 1_000_001)


def test_a_body_in_chunks_is_read_to_its_end(client, integration):
    answer = post_stream(
        client, integration, BytesIO(BODY), HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH=""
    )

    assert answer.status_code == 202
    assert bytes(InboundMessage.objects.get().body) == BODY


def test_chunks_that_the_server_does_not_end_are_not_waited_for(client, integration):
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input_terminated": False}

    assert post_stream(client, integration, Unread(), **environ).status_code == 400


def test_a_body_in_chunks_is_read_no_further_than_the_bound(client, integration, settings):
    settings.MAX_BODY_BYTES = 1000
    stream = BytesIO(b"x" * 5000)

    answer = post_stream(client, integration, stream, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")

    message = assert_refused(answer, 413, "too_large")
    assert stream.tell() == 1001
    assert bytes(message.body) == b""


def test_the_largest_body_is_taken(client, integration, settings):
    settings.MAX_BODY_BYTES = len(BODY)

    assert post(client, integration).status_code == 202
    assert post(client, integration, BODY + b" ").status_code == 413


def test_a_body_that_broke_off_is_refused_even_if_it_reads_well(client, integration):
    answer = post_stream(client, integration, BytesIO(BODY), CONTENT_LENGTH=str(len(BODY) + 10))

    message = assert_refused(answer, 400, "unreadable_body")
    assert "broke off" in message.detail


@pytest.mark.parametrize("length", ["", "-5", "many"])
def test_without_a_length_there_is_no_body(client, integration, length):
    answer = post_stream(client, integration, Unread(), CONTENT_LENGTH=length)

    assert_refused(answer, 400, "unreadable_body")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"<xml/>"], ids=repr)
def test_what_cannot_be_read_is_refused_and_kept(client, integration, body):
    answer = post(client, integration, body)

    message = assert_refused(answer, 400, "unreadable_body")
    assert bytes(message.body) == body


def test_a_switched_off_integration_refuses_and_lists(client):
    answer = post(client, IntegrationFactory(name="Builds", is_enabled=False))

    message = assert_refused(answer, 403, "disabled")
    assert "Builds" in message.detail
    assert bytes(message.body) == BODY


@pytest.mark.parametrize("scheme", signature.Scheme)
def test_a_delivery_is_let_in_by_its_signature(client, scheme):
    integration = IntegrationFactory(signing_secret="hush", signature_scheme=scheme)
    name, value = signature.sign(scheme, secret="hush", body=BODY)

    assert post(client, integration, headers={name: value}).status_code == 202
    assert "hush" not in json.dumps(InboundMessage.objects.get().headers)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "is missing"),
        ({"X-Hub-Signature": "sha256=00"}, "X-Hub-Signature does not prove"),
        ({"X-Hub-Signature-256": "sha256=00"}, "X-Hub-Signature-256 does not prove"),
    ],
    ids=["missing", "Bitbucket", "GitHub"],
)
def test_without_a_valid_signature_it_is_refused_with_the_mend(client, headers, words):
    answer = post(client, IntegrationFactory(signing_secret="hush"), headers=headers)

    message = assert_refused(answer, 403, "bad_signature")
    assert words in message.detail


def test_forged_signatures_do_not_fill_the_disk(client, stopped_clock):
    integration = IntegrationFactory(signing_secret="hush")

    answers = [post(client, integration).status_code for _ in range(BAD_SIGNATURES_KEPT_A_MINUTE + 5)]

    assert set(answers) == {403}
    assert InboundMessage.objects.count() == BAD_SIGNATURES_KEPT_A_MINUTE


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_the_senders_address_is_what_the_trusted_proxies_say(
    client, integration, settings, proxies, forwarded, expected
):
    settings.TRUSTED_PROXY_COUNT = proxies

    post(client, integration, headers={"X-Forwarded-For": forwarded} if forwarded else {})

    assert InboundMessage.objects.get().remote_address == expected


def test_a_secret_url_is_made_of_the_base_url(integration):
    assert operations.url_of(integration) == f"{settings.BASE_URL}/in/{integration.token}"


@pytest.mark.django_db(transaction=True)
def test_deliveries_nudge_their_processing_once_until_the_nudge_has_arrived(
    client, integration, django_assert_num_queries
):
    post(client, integration)
    with django_assert_num_queries(2):  # nothing is sent a second time, and no transaction is opened
        post(client, integration)

    assert OrmQ.objects.count() == 1
