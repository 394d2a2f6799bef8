"""Many rows are written at once, whatever is in them."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection

from alertops.lib.rows import MOST_VALUES, insert_missing, insert_numbered, insert_rows, update_rows
from alerts.models import Alert, AlertEvent, Escalation, EscalationStep, Team, TeamMembership
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
TEXTS = [
    "",
    "a",
    "quoted \"twice\" and 'once'",
    "back\\slash, {brace}, NULL",
    "two\nlines\tand a tab",
    "„Ä“ 🔔",
]


def test_rows_are_inserted_as_they_are():
    alert = AlertFactory()
    kinds = [AlertEvent.Kind.NOTE, "opened"]
    rows = [
        AlertEvent(alert=alert, at=NOW, kind=kind, text=text, data={"text": text, "of": [1, None]})
        for text in TEXTS
        for kind in kinds
    ]

    insert_rows(rows)

    stored = AlertEvent.objects.values_list("alert", "at", "kind", "text", "data", "actor")
    assert list(stored) == [(alert.pk, NOW, row.kind, row.text, row.data, None) for row in rows]


def test_rows_are_given_their_numbers_in_their_order():
    alert = AlertFactory()
    rows = [
        AlertEvent(
            alert=alert, at=NOW, kind=AlertEvent.Kind.NOTE, text=text, data={"text": text, "of": [1, None]}
        )
        for text in [*TEXTS, *reversed(TEXTS)]
    ]

    insert_numbered(rows)

    assert [row.pk for row in rows] == sorted({row.pk for row in rows})
    stored = AlertEvent.objects.order_by("pk").values_list("pk", "alert", "at", "text", "data")
    assert list(stored) == [(row.pk, alert.pk, NOW, row.text, row.data) for row in rows]


def test_a_row_with_a_number_is_one_that_is_there():
    rows = [AlertFactory.build(subject=text or "none") for text in TEXTS]

    insert_numbered(rows)
    assert {(row._state.adding, row._state.db) for row in rows} == {(False, "default")}
    for row in rows:
        row.subject = row.subject.upper()
        row.save()

    assert [row.subject for row in Alert.objects.order_by("pk")] == [row.subject for row in rows]
    rows[0].refresh_from_db()
    assert rows[0].opened_at == NOW


def test_however_many_they_are_each_gets_its_own_number(django_assert_num_queries):
    columns = len(Alert._meta.concrete_fields) - 1
    rows = [AlertFactory.build(event_count=number) for number in range(2 * (MOST_VALUES // columns) + 1)]

    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 3):
        insert_numbered(rows)

    numbers = dict(Alert.objects.values_list("pk", "event_count"))
    assert [numbers[row.pk] for row in rows] == list(range(len(rows)))


def opened(**columns):
    return Alert(subject="Build broken", created_at=NOW, opened_at=NOW, last_event_at=NOW, **columns)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda: [
                opened(tags=[], is_test=True, closed_at=NOW, key_digest="a" * 64),
                opened(tags={"a": [None, "{1,2}"]}, is_test=False, owner=UserFactory()),
            ],
            id="numbers, flags and times, some of them missing",
        ),
        pytest.param(lambda: [opened(), opened()], id="one as the other"),
        pytest.param(
            lambda: [
                MessageFactory.build(integration=integration, body=body, headers={"A": "b, {c}"})
                for integration in [IntegrationFactory()]
                for body in (b"", b"\x00\xff\\x41", "„Ä“".encode())
            ],
            id="bytes",
        ),
        pytest.param(
            lambda: [
                EscalationStep(policy=PolicyFactory(), wait=wait, member_wait=timedelta(0), position=1)
                for wait in (timedelta(0), timedelta(days=40, microseconds=1), timedelta(seconds=90))
            ],
            id="durations",
        ),
        pytest.param(
            lambda: [PolicyFactory.build(sla_hours=hours) for hours in ("2.50", "7", None)], id="decimals"
        ),
    ],
)
def test_whatever_the_columns_are_they_are_kept(make):
    rows = make()

    insert_numbered(rows)

    for row in rows:
        stored = type(row).objects.get(pk=row.pk)
        for field in row._meta.concrete_fields:
            assert getattr(stored, field.attname) == field.to_python(getattr(row, field.attname)), field.name


def test_what_is_missing_is_inserted_and_what_is_there_stays_as_it_is():
    team, people = TeamFactory(), UserFactory.create_batch(3)
    there = TeamMembership.objects.create(team=team, user=people[1], position=7)

    insert_missing([TeamMembership(team=team, user=user, position=1) for user in people])

    found = TeamMembership.objects.order_by("user").values_list("user", "position")
    assert list(found) == [(people[0].pk, 1), (people[1].pk, 7), (people[2].pk, 1)]
    assert TeamMembership.objects.get(position=7) == there


def test_of_the_same_row_twice_the_first_is_inserted():
    team, user = TeamFactory(), UserFactory()

    for _time in range(2):
        insert_missing([TeamMembership(team=team, user=user, position=position) for position in (3, 4)])

    assert TeamMembership.objects.get().position == 3


def test_rows_that_bring_their_own_numbers_keep_them():
    team = TeamFactory(name="there")

    insert_missing([Team(pk=team.pk, name="again"), Team(pk=team.pk + 5, name="new")])

    assert dict(Team.objects.values_list("pk", "name")) == {team.pk: "there", team.pk + 5: "new"}


def test_rows_are_updated_as_they_are():
    alerts = [AlertFactory() for _text in TEXTS]
    for number, (alert, text) in enumerate(zip(alerts, TEXTS, strict=True)):
        alert.resolution, alert.tags, alert.event_count = text, {text: [text]}, number
        alert.closed_at = NOW + timedelta(seconds=number / 3) if number % 2 else None
        alert.merged_into = alerts[0] if number else None
        alert.subject = "not written"
    columns = ["resolution", "tags", "event_count", "closed_at", "merged_into"]

    update_rows(alerts, columns)

    for alert in alerts:
        stored = Alert.objects.get(pk=alert.pk)
        assert [getattr(stored, name) for name in columns] == [getattr(alert, name) for name in columns]
        assert stored.subject == "Build broken"


def test_nothing_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows([])
        update_rows([], ["subject"])
        insert_numbered([])
        insert_missing([])


@pytest.mark.parametrize("insert", [insert_rows, insert_numbered, insert_missing], ids=lambda f: f.__name__)
def test_what_the_database_refuses_is_raised_by_djangos_name(insert):
    with pytest.raises(IntegrityError), connection.cursor():
        insert([Escalation(alert_id=None, started_at=NOW)])


def insert_with(write):
    return lambda: write([AlertFactory.build(subject="x" * 301)])


def update():
    alert = AlertFactory()
    alert.subject = "x" * 301
    update_rows([alert], ["subject"])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite takes any length")
@pytest.mark.parametrize(
    "write",
    [insert_with(insert_rows), insert_with(insert_numbered), insert_with(insert_missing), update],
    ids=["insert_rows", "insert_numbered", "insert_missing", "update_rows"],
)
def test_what_is_too_long_is_refused_and_not_cut_off(write):
    with pytest.raises(DataError):
        write()
