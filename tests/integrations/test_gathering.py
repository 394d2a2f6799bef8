"""Deliveries that came at the same time are taken in together, and answered each for itself."""

import io
import json
from datetime import timedelta

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import gathering, operations
from integrations.models import InboundMessage, UnmatchedDelivery
from tests.factories import NOW, IntegrationFactory

# Not in a transaction: answers end as in a server, which looks after its connections.
pytestmark = pytest.mark.django_db(transaction=True)
BODY = b'{"status": "open"}'


def environ(path, body=BODY, method="POST", **more):
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.9",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        **more,
    }


def to(integration, body=BODY, **more):
    return environ(f"/in/{integration.token}", body, **more)


def answers(*environs):
    """Take requests in together, as the server does; return status and JSON of each answer."""
    gathering.take_in(list(environs))
    return [answer(each) for each in environs]


def answer(environ):
    begun = []
    pieces = WSGIHandler()(environ, lambda status, _headers: begun.append(status))
    try:
        return int(begun[0][:3]), json.loads(b"".join(pieces) or "{}")
    finally:
        pieces.close()


def test_many_are_one_look_up_and_one_insert_and_their_ids_rise_as_they_came():
    first, second = IntegrationFactory(), IntegrationFactory()
    bodies = [json.dumps({"n": n}).encode() for n in range(20)]
    environs = [to(first if n % 2 else second, body) for n, body in enumerate(bodies)]

    with CaptureQueriesContext(connection) as queries:
        gathering.take_in(environs)
    statements = [query["sql"] for query in queries if "integrations_" in query["sql"]]
    found = [answer(each) for each in environs]

    assert [sql.split()[0] for sql in statements] == ["SELECT", "INSERT"]
    ids = [told["id"] for status, told in found if status == 202]
    assert ids == sorted(set(ids))
    assert [bytes(InboundMessage.objects.get(pk=pk).body) for pk in ids] == bodies


def test_each_is_answered_for_itself():
    plain, signed = IntegrationFactory(), IntegrationFactory(signing_secret="hush")
    disabled, get = IntegrationFactory(is_enabled=False), IntegrationFactory(allows_get=True)
    rotated = IntegrationFactory()
    old = rotated.token
    operations.rotate(rotated, keep_old_for=timedelta(0), now=NOW)

    found = answers(
        to(plain),
        environ("/in/nobody\xff\xfe"),
        to(signed),
        to(plain, b"{"),
        to(disabled),
        to(plain, method="DELETE"),
        to(get, b"", method="GET", QUERY_STRING="status=open"),
        to(plain, b"", method="GET", QUERY_STRING="status=open"),
        environ(f"/in/{old}"),
        to(plain, method="PUT"),
        to(plain, CONTENT_LENGTH="2000000"),
        environ("/healthz", method="GET"),
    )

    assert [status for status, _told in found] == [202, 404, 403, 400, 403, 405, 202, 405, 404, 202, 413, 200]
    assert InboundMessage.objects.filter(status="pending").count() == 3
    refused = InboundMessage.objects.filter(status="refused").order_by("pk")
    assert [message.reason for message in refused] == [
        "bad_signature",
        "unreadable_body",
        "disabled",
        "too_large",
    ]
    assert UnmatchedDelivery.objects.count() == 2


def test_what_came_without_tls_is_not_taken_in(settings):
    settings.SECURE_SSL_REDIRECT = True
    integration = IntegrationFactory()
    safe = to(integration, **{"wsgi.url_scheme": "https"})

    assert [status for status, _told in answers(to(integration), safe)] == [301, 202]
    assert InboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/in/abc", True),
        ("/in/abc/", True),
        ("/in/", False),
        ("/in/abc/messages/1", False),
        ("/inn/abc", False),
        ("/x/in/abc", False),
    ],
)
def test_a_door_is_told_by_its_path(path, is_one):
    assert gathering.is_delivery(path) is is_one


def test_one_that_cannot_be_stored_does_not_take_the_others_with_it():
    """The check of a body's size in the database stands for whatever it may refuse."""
    integration = IntegrationFactory()
    table = InboundMessage._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_refuse_in[connection.vendor].format(table=table))
    try:
        found = answers(to(integration), to(integration, b'{"poison": 1}'), to(integration))
    finally:
        with connection.cursor() as cursor:
            for statement in _allow_in[connection.vendor].split(";"):
                cursor.execute(statement.format(table=table))

    assert [status for status, _told in found] == [202, 503, 202]
    assert InboundMessage.objects.count() == 2


_refuse_in = {
    "sqlite": "CREATE TRIGGER poison BEFORE INSERT ON {table} WHEN CAST(NEW.body AS TEXT) LIKE '%poison%'"
    " BEGIN SELECT RAISE(ABORT, 'poison'); END",
    "postgresql": "ALTER TABLE {table} ADD CONSTRAINT poison CHECK (position('poison'::bytea in body) = 0)",
}
_allow_in = {
    "sqlite": "DROP TRIGGER poison",
    "postgresql": "ALTER TABLE {table} DROP CONSTRAINT poison",
}
