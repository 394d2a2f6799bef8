"""An alert's page tells what had been pushed to its repository before it opened."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from brokers.models import Push, Repository
from brokers.operations.changes import MOST_PUSHES, changes_before
from tests.factories import NOW, AlertFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def repository(full_name="acme/website", host="bitbucket.org", **columns):
    return Repository.objects.create(full_name=full_name, host=host, created_at=NOW, **columns)


def push(to, minutes, **columns):
    facts = {"summary": f"Anna pushed {minutes} minutes before", "facts": {"push": "x" * 1000}, **columns}
    return Push.objects.create(repository=to, received_at=NOW - minutes * MINUTE, **facts)


def page_of(client, alert):
    return client.get(reverse("admin:alerts_alert_change", args=[alert.pk])).content.decode()


@pytest.fixture
def reader(responder):
    """Somebody who may see alerts and repositories."""
    responder.user.user_permissions.add(Permission.objects.get(codename="view_repository"))
    return responder


@pytest.fixture
def stranger(responder):
    """Somebody who may see alerts and no repository, whatever the roles are."""
    for group in responder.user.groups.all():
        group.permissions.remove(*Permission.objects.filter(content_type__app_label="brokers"))
    return responder


def test_the_pushes_of_the_hour_before_are_listed_with_how_long_before(reader):
    site, other = repository(), repository("acme/other")
    for minutes in (0.5, 12, 59):
        push(site, minutes)
    push(site, 60)
    push(site, -1)
    push(other, 5)

    page = page_of(reader, AlertFactory(source_name="Acme/Website"))

    assert "3 pushes to acme/website in the hour before it opened" in page
    assert "less than a minute before" in page
    assert "12 minutes before" in page
    assert "59 minutes before" in page
    assert "Anna pushed 60 minutes before" not in page
    assert "Anna pushed -1 minutes before" not in page
    assert "Anna pushed 5 minutes before" not in page
    assert page.index("Anna pushed 0.5") < page.index("Anna pushed 12") < page.index("Anna pushed 59")


def test_an_alert_that_was_reopened_shows_what_came_before_that(reader):
    push(repository(), -30)

    page = page_of(reader, AlertFactory(source_name="acme/website", opened_at=NOW + 45 * MINUTE))

    assert "15 minutes before" in page


@pytest.mark.parametrize("tag", ["repository", "repo", "project"])
def test_a_tag_can_name_the_repository(reader, tag):
    push(repository("acme/infra"), 5)

    page = page_of(reader, AlertFactory(source_name="DiskFull", tags={tag: "acme/infra", "host": "db/1"}))

    assert "1 push to acme/infra in the hour before it opened" in page


def test_repositories_of_one_name_on_two_hosts_are_both_told(reader):
    push(repository(), 5)
    push(repository(host="github.com"), 6)

    assert "2 pushes to acme/website, acme/website" in page_of(
        reader, AlertFactory(source_name="acme/website")
    )


def test_that_nothing_was_pushed_is_told_too(reader):
    repository()

    page = page_of(reader, AlertFactory(source_name="acme/website"))

    assert "Nothing was pushed to acme/website in the hour before it opened." in page


@pytest.mark.parametrize("columns", [{}, {"source_name": "acme/unknown"}, {"tags": {"repository": 5}}])
def test_an_alert_of_something_else_says_nothing_of_it(reader, columns):
    push(repository(), 5)

    assert "ao-changes" not in page_of(reader, AlertFactory(**columns))


def test_a_long_list_is_cut_and_says_so(reader):
    site = repository()
    for minutes in range(MOST_PUSHES + 1):
        push(site, minutes)

    page = page_of(reader, AlertFactory(source_name="acme/website"))

    assert "More than 10 pushes to acme/website" in page
    assert page.count("Anna pushed") == MOST_PUSHES


def test_who_may_not_see_the_repository_sees_nothing_of_its_pushes(stranger):
    push(repository(), 5)

    assert "Anna pushed" not in page_of(stranger, AlertFactory(source_name="acme/website"))


def test_an_administrator_of_the_repository_sees_its_pushes(stranger):
    site, other = repository(), repository(host="github.com")
    site.administrator_users.add(stranger.user)
    push(site, 5)
    push(other, 6)

    page = page_of(stranger, AlertFactory(source_name="acme/website"))

    assert "Anna pushed 5 minutes before" in page
    assert "Anna pushed 6 minutes before" not in page


def test_hostile_words_are_only_words(reader):
    push(repository(), 5, summary="<script>alert(1)</script>")

    page = page_of(reader, AlertFactory(source_name="acme/website"))

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize(
    ("names", "queries"),
    [([], 0), (["Build", ""], 0), (["acme/unknown"], 1), (["acme/website", "acme/other", "x/y"], 2)],
)
def test_it_costs_two_queries_at_most_however_much_was_pushed(names, queries, django_assert_num_queries):
    reader = UserFactory(is_superuser=True)
    for site in (repository(), repository("acme/other")):
        for minutes in range(30):
            push(site, minutes)

    with django_assert_num_queries(queries):
        found = changes_before(NOW, names, reader=reader)
        assert [row.repository.full_name for row in found.pushes] or queries < 2
        assert all(str(row) for row in found.pushes)


def test_a_page_costs_two_queries_more_and_the_live_part_none(reader, django_assert_max_num_queries):
    without, alert = AlertFactory(source_name="x"), AlertFactory(source_name="acme/website")
    with django_assert_max_num_queries(40) as plain:
        page_of(reader, without)
    site = repository()
    for minutes in range(20):
        push(site, minutes)
    with django_assert_max_num_queries(len(plain) + 2):
        page_of(reader, alert)

    live = reverse("admin:alerts_alert_live", args=[alert.pk])
    with django_assert_max_num_queries(40) as refreshed:
        reader.get(live)
    assert not any("brokers_push" in query["sql"] for query in refreshed.captured_queries)
