"""A statement that is compiled once answers as the QuerySet would that it was made of."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Length
from django.db.transaction import TransactionManagementError

from alertops.lib.compiled import compiled
from alerts.models import Alert, AlertKey, User
from tests.factories import NOW, AlertFactory, PolicyFactory, UserFactory

HOUR = timedelta(hours=1)
SOURCES = ["", "plain", "it's \"quoted\" 'twice'", "a\\b, {c}, [NULL], %s %%", "„Ä“ 🔔", "two\nlines"]

pytestmark = pytest.mark.django_db
only_postgresql = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite neither locks rows nor keeps statements on a server"
)


@pytest.fixture
def alerts():
    """Six alerts that differ in each column; every other has an owner and a policy."""
    return [
        AlertFactory(
            source=source,
            event_count=number,
            is_test=number % 3 == 0,
            opened_at=NOW + number * HOUR + timedelta(microseconds=number),
            tags={source: [number, None]},
            owner=UserFactory() if number % 2 else None,
            policy=PolicyFactory() if number % 2 else None,
        )
        for number, source in enumerate(SOURCES)
    ]


def seen(row):
    """Return all that is known of a row, with the rows that came with it."""
    if not isinstance(row, models.Model):
        return type(row).__name__, row
    columns = {name: value for name, value in vars(row).items() if name != "_state"}
    came_along = {name: seen(other) for name, other in row._state.fields_cache.items()}
    return type(row), columns, came_along, row._state.adding, row._state.db


def whole(source: str) -> QuerySet:
    return Alert.objects.filter(source=source)


def with_related(least: int) -> QuerySet:
    return Alert.objects.select_related("owner", "policy").filter(event_count__gte=least).order_by("-pk")


def some_columns(least: int) -> QuerySet:
    return Alert.objects.only("subject", "tags").filter(event_count__gte=least).order_by("pk")


def flat(least: int) -> QuerySet:
    return Alert.objects.filter(event_count__gt=least).order_by("source").values_list("source", flat=True)


def named(least: int) -> QuerySet:
    columns = ("event_count", "opened_at", "is_test", "tags", "owner__username")
    return Alert.objects.filter(event_count__gt=least).order_by("pk").values_list(*columns, named=True)


def reckoned(more: int) -> QuerySet:
    sums = Alert.objects.annotate(total=F("event_count") + more).order_by("pk")
    return sums.values_list("total", "source", Length("source"), "total", "pk")


def as_dicts(least: int) -> QuerySet:
    return Alert.objects.filter(event_count__gt=least).order_by("pk").values("pk", "tags")


def limited(least: int, most: int) -> QuerySet:
    between = Alert.objects.filter(event_count__gte=least, event_count__lte=most)
    return between.order_by("-opened_at")[1:3]


def of_numbers(numbers: Sequence[int]) -> QuerySet:
    return Alert.objects.filter(event_count__in=numbers).order_by("pk")


def of_sources(sources: Sequence[str]) -> QuerySet:
    return Alert.objects.filter(source__in=sources).order_by("pk").values_list("source", "pk")


def of_other_sources(sources: Sequence[str], least: int) -> QuerySet:
    return Alert.objects.filter(event_count__gte=least).exclude(source__in=sources).order_by("pk")


def of_owners_but(names: Sequence[str]) -> QuerySet:
    return Alert.objects.exclude(owner__username__in=names).order_by("pk")


def opened_between(since: datetime, until: datetime) -> QuerySet:
    return Alert.objects.filter(opened_at__gte=since, opened_at__lt=until).order_by("pk")


def opened_at_any_of(times: Sequence[datetime]) -> QuerySet:
    return Alert.objects.filter(opened_at__in=times).order_by("pk").values_list("opened_at", flat=True)


def marked_as_test(flag: bool) -> QuerySet:
    return Alert.objects.filter(is_test=flag).order_by("pk")


def marked_as_any(flags: Sequence[bool]) -> QuerySet:
    return Alert.objects.filter(is_test__in=flags).order_by("pk")


def either(source: str, numbers: Sequence[int]) -> QuerySet:
    columns = ("pk", "source", "opened_at")
    of_source = Alert.objects.filter(source=source).order_by().values_list(*columns)
    others = Alert.objects.filter(event_count__in=numbers).order_by().values_list(*columns)
    return of_source.union(others).order_by("pk")


def either_as_it_is(source: str, least: int) -> QuerySet:
    of_source = Alert.objects.filter(source=source).order_by()
    return of_source.union(Alert.objects.filter(event_count__gte=least).order_by(), all=True).order_by("pk")


LISTS_OF_SOURCES = [(SOURCES,), (SOURCES[2:3],), ([],), (SOURCES[3:],), (["'", '"', "}", "\\"],)]
QUESTIONS = {
    whole: [(source,) for source in SOURCES],
    with_related: [(0,), (4,), (9,)],
    some_columns: [(0,), (3,)],
    flat: [(-1,), (3,), (2**40,)],
    named: [(-1,), (3,)],
    reckoned: [(0,), (-7,), (2**33,)],
    as_dicts: [(-1,), (3,)],
    limited: [(0, 5), (1, 3), (5, 5)],
    of_numbers: [([1, 2, 5],), ([3],), ([],), ([3, 2**40, -1],), ((1, 2),)],
    of_sources: LISTS_OF_SOURCES,
    of_other_sources: [(sources, 1) for (sources,) in LISTS_OF_SOURCES],
    of_owners_but: [([],), (["nobody"],)],
    opened_between: [(NOW, NOW + 2 * HOUR), (NOW + HOUR, NOW + 9 * HOUR), (NOW, NOW)],
    opened_at_any_of: [([NOW, NOW + HOUR + timedelta(microseconds=1)],), ([NOW + HOUR],), ([],)],
    marked_as_test: [(True,), (False,)],
    marked_as_any: [([True],), ([False],), ([True, False],), ([],)],
    either: [("plain", [0, 5]), ("", []), ("nowhere", [2, 3, 4])],
    either_as_it_is: [("plain", 4), ("nowhere", 9), ("", 0)],
}


@pytest.mark.parametrize(("build", "calls"), QUESTIONS.items(), ids=[build.__name__ for build in QUESTIONS])
def test_each_answer_is_that_of_the_queryset(alerts, build, calls):
    ask = compiled(build)

    for values in calls * 3:
        assert list(map(seen, ask(*values))) == list(map(seen, build(*values)))


def test_values_may_be_given_by_name(alerts):
    assert compiled(limited)(most=3, least=0) == [alerts[2], alerts[1]]


def test_what_came_along_is_not_asked_for_again(alerts, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = compiled(with_related)(0)
        assert [alert.owner and alert.owner.username for alert in found] == [
            alert.owner and alert.owner.username for alert in reversed(alerts)
        ]


def test_each_call_is_one_statement_and_to_compile_is_none(alerts, django_assert_num_queries):
    ask = compiled(of_sources)

    for sources in (SOURCES, [], SOURCES[:1]):
        with django_assert_num_queries(1):
            assert len(ask(sources)) == len(sources)


def test_each_update_is_one_statement_and_to_compile_is_none(alerts, django_assert_num_queries):
    change = compiled(rename)

    for numbers in ([1, 2], [], [3]):
        with django_assert_num_queries(1):
            assert change(numbers, "changed") == len(numbers)


def test_the_queryset_is_built_once():
    built = []

    def of_source(source: str) -> QuerySet:
        built.append(source)
        return Alert.objects.filter(source=source)

    ask = compiled(of_source)
    for source in SOURCES:
        ask(source)

    assert len(built) == 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_may_ask_at_once(alerts):
    ask, together = compiled(with_related), threading.Barrier(4)

    def ask_often(number):
        together.wait()
        try:
            return [len(ask((number + turn) % 6)) for turn in range(50)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask_often, range(4)))

    assert answers == [[6 - (number + turn) % 6 for turn in range(50)] for number in range(4)]
    assert list(map(seen, ask(0))) == list(map(seen, with_related(0)))  # whoever compiled it has ended


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [lambda: compiled(whole)(""), lambda: compiled(rename)([], "")])
def test_the_first_thing_on_a_connection_may_be_to_compile(ask):
    connection.close()

    assert not ask()


def test_a_row_may_be_changed_saved_and_refreshed(alerts):
    [alert] = compiled(whole)("plain")

    alert.subject = "changed"
    alert.save()
    Alert.objects.filter(pk=alert.pk).update(event_count=40)
    alert.refresh_from_db()

    assert Alert.objects.count() == len(alerts)
    assert Alert.objects.get(subject="changed") == alerts[1]
    assert alert.event_count == 40
    assert alert.tags == {"plain": [1, None]}


def rename(numbers: Sequence[int], subject: str) -> int:
    return Alert.objects.filter(event_count__in=numbers).update(subject=subject, is_test=False)


def test_an_update_changes_just_its_rows_and_says_how_many(alerts):
    change = compiled(rename)

    assert [change([1, 3], "first"), change([4], "it's 'second'"), change([], "none")] == [2, 1, 0]

    assert list(Alert.objects.order_by("pk").values_list("subject", "is_test")) == [
        ("Build broken", True),
        ("first", False),
        ("Build broken", False),
        ("first", False),
        ("it's 'second'", False),
        ("Build broken", False),
    ]


def test_what_is_there_may_be_reckoned_with(alerts):
    def add(least: int, much: int) -> int:
        return Alert.objects.filter(event_count__gte=least).update(event_count=F("event_count") + much)

    assert compiled(add)(4, 10) == 2
    assert sorted(Alert.objects.values_list("event_count", flat=True)) == [0, 1, 2, 3, 14, 15]


@pytest.mark.parametrize(
    ("owned", "closed_at", "source"),
    [(True, NOW, "x"), (False, None, "y"), (True, None, ""), (False, NOW + timedelta(microseconds=7), "z")],
)
def test_nothing_may_be_written_where_it_may_be_given(alerts, owned, closed_at, source):
    def put(pk: int, owner: int | None, closed_at: datetime | None, digest: str | None) -> int:
        chosen = Alert.objects.filter(pk=pk)
        return chosen.update(owner=owner, closed_at=closed_at, key_digest=digest)

    change, owner, alert = compiled(put), alerts[1].owner if owned else None, alerts[3]
    for last in (None, source or None):
        assert change(alert.pk, owner and owner.pk, closed_at, last) == 1

    alert.refresh_from_db()
    assert (alert.owner, alert.closed_at, alert.key_digest) == (owner, closed_at, source or None)


def test_rows_may_be_deleted():
    def forget(before: datetime) -> int:
        return AlertKey.objects.filter(decided_at__lt=before).delete()

    for hour in range(4):
        AlertKey.objects.create(digest=str(hour), decided_at=NOW + hour * HOUR)
    change = compiled(forget)

    assert [change(NOW + HOUR), change(NOW + HOUR), change(NOW + 3 * HOUR)] == [1, 0, 2]
    assert AlertKey.objects.get().digest == "3"


@pytest.mark.parametrize("times", [0, 2])
def test_more_or_less_than_one_statement_is_refused_and_none_is_sent(alerts, times):
    def change(source: str) -> int:
        return sum(Alert.objects.filter(source=source).update(subject=f"{n}") for n in range(times))

    with pytest.raises(ValueError):
        compiled(change)("plain")

    assert not Alert.objects.exclude(subject="Build broken").exists()


def test_what_fails_in_a_transaction_marks_it_as_djangos_own_does(alerts):
    def name(pk: int, username: str) -> int:
        return User.objects.filter(pk=pk).update(username=username)

    change, (first, second, *_rest) = compiled(name), User.objects.order_by("pk")
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            change(first.pk, second.username)
        assert connection.needs_rollback
        with pytest.raises(TransactionManagementError):
            User.objects.get(pk=first.pk)

    assert change(first.pk, "free") == 1


def locked(least: int) -> QuerySet:
    return Alert.objects.select_for_update(skip_locked=True).filter(event_count__gte=least).order_by("pk")


def locked_with_owner(pks: Sequence[int]) -> QuerySet:
    chosen = Alert.objects.select_for_update(of=("self",), no_key=True).select_related("owner")
    return chosen.filter(pk__in=pks).order_by("pk")


def test_rows_are_found_that_are_to_be_locked(alerts):
    ask = compiled(locked_with_owner)

    for some in (alerts[1:3], [], alerts):
        assert ask([alert.pk for alert in some]) == some


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_locked_row_is_skipped_by_others(alerts):
    ask, lock = compiled(locked), compiled(locked_with_owner)

    def ask_elsewhere():
        try:
            with transaction.atomic():
                return ask(0)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            lock([alerts[0].pk, alerts[3].pk])
            assert thread.submit(ask_elsewhere).result() == [alerts[n] for n in (1, 2, 4, 5)]
        assert thread.submit(ask_elsewhere).result() == alerts


@only_postgresql
def test_what_is_asked_often_is_prepared():
    def by_many_columns(source: str) -> QuerySet:
        return Alert.objects.filter(source=source, topic="t", runbook_url="r").values_list("pk")

    ask, before = compiled(by_many_columns), prepared()
    for source in SOURCES:
        ask(source)

    [statement] = prepared() - before
    assert "runbook_url" in statement


def prepared():
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return {statement for (statement,) in cursor.fetchall()}
