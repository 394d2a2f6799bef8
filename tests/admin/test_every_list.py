"""Every filter, search and action of every list, and how many queries a list costs."""

import pytest
from django.contrib import admin
from django.urls import reverse

from alertops.lib.admin import CappedPaginator
from integrations.models import InboundMessage
from tests.admin.conftest import NOBODY
from tests.factories import (
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    PushFactory,
    RepositoryFactory,
    RunFactory,
    TeamFactory,
    UserFactory,
)

PAGES = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
LISTED = sorted(label for label in PAGES if label != "integrations.mappingrule")
FILTERED = [label for label in LISTED if PAGES[label].list_filter]
SEARCHED = [label for label in LISTED if PAGES[label].search_fields]


def address(label):
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def choices(answer):
    changelist = answer.context["cl"]
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            yield choice["query_string"]


@pytest.mark.parametrize("label", FILTERED)
def test_every_choice_of_every_filter_shows_a_list(label, superuser, rows):
    for query in set(choices(superuser.get(address(label)))):
        assert superuser.get(address(label) + query).status_code == 200, query


@pytest.mark.parametrize(
    "words", ["website", "#12", "9" * 40, "'; --", "ü"], ids=["a word", "a number", "digits", "SQL", "umlaut"]
)
@pytest.mark.parametrize("label", SEARCHED)
def test_every_search_shows_a_list(label, words, superuser, rows):
    assert superuser.get(address(label), {"q": words}).status_code == 200


@pytest.mark.parametrize("label", ["alerts.alert", "integrations.inboundmessage", "alerts.notification"])
def test_the_chips_above_a_list_lead_to_its_statuses(label, superuser, rows):
    page = superuser.get(address(label)).content.decode()

    assert 'class="ao-chips"' in page
    assert 'aria-current="true"' in page


@pytest.mark.parametrize("label", LISTED)
def test_every_action_works_on_a_selection(label, superuser, rows):
    request = superuser.get(address(label)).wsgi_request
    for name in PAGES[label].get_actions(request):
        data = {"action": name, "_selected_action": [rows[label].pk]}

        assert superuser.post(address(label), data, follow=True).status_code == 200, name


def test_a_list_that_is_empty_says_what_it_is_for(superuser):
    page = superuser.get(address("integrations.integration")).content.decode()

    assert "No integration yet" in page
    assert "Add API integration" in page


def test_a_search_that_finds_nothing_says_so_and_offers_everything(superuser, rows):
    page = superuser.get(address("alerts.alert"), {"q": "no such thing"}).content.decode()

    assert "Nothing here with this search" in page


def test_an_alert_is_found_by_its_number(superuser, rows):
    other = AlertFactory(subject="Something else")

    found = superuser.get(address("alerts.alert"), {"q": f"#{other.pk}"}).context["cl"].result_list

    assert list(found) == [other]


def grow(label, count):
    for number in range(count):
        MAKERS[label](number)


MAKERS = {
    "alerts.alert": lambda _n: AlertFactory(integration=IntegrationFactory(), owner=UserFactory()),
    "alerts.escalationpolicy": lambda _n: PolicyFactory(),
    "alerts.team": lambda _n: TeamFactory(people=[UserFactory()]),
    "alerts.user": lambda _n: UserFactory(),
    "brokers.brokerrun": lambda _n: RunFactory(),
    "brokers.push": lambda _n: PushFactory(),
    "brokers.repository": lambda _n: RepositoryFactory(administrators=[UserFactory()]),
    "brokers.repositoryservice": lambda _n: RunFactory(),
    "integrations.inboundmessage": lambda _n: MessageFactory(alert=AlertFactory()),
    "integrations.integration": lambda _n: MessageFactory(),
}


@pytest.mark.parametrize("label", MAKERS)
def test_a_list_costs_the_same_queries_however_long_it_is(label, superuser, django_assert_max_num_queries):
    grow(label, 2)
    superuser.get(address(label))
    with django_assert_max_num_queries(12) as short:
        superuser.get(address(label))
    grow(label, 20)

    with django_assert_max_num_queries(len(short)):
        superuser.get(address(label))


def test_a_log_reads_no_bodies(superuser, django_assert_max_num_queries):
    MessageFactory()
    with django_assert_max_num_queries(12) as queries:
        superuser.get(address("integrations.inboundmessage"))

    assert not [query for query in queries.captured_queries if '"body"' in query["sql"]]


def test_a_log_is_never_counted_to_its_end(superuser, django_assert_max_num_queries):
    many_messages(51)
    with django_assert_max_num_queries(12) as queries:
        superuser.get(address("integrations.inboundmessage"))

    counts = [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in sql for sql in counts)


class SmallPaginator(CappedPaginator):
    most = 4


@pytest.mark.parametrize(
    ("rows_there", "counted", "is_capped"),
    [(0, 0, False), (3, 3, False), (4, 4, False), (5, 4, True), (9, 4, True)],
)
def test_a_capped_paginator_counts_as_far_as_its_pages_go(db, rows_there, counted, is_capped):
    MessageFactory.create_batch(rows_there)

    paginator = SmallPaginator(InboundMessage.objects.order_by("-id"), 2)

    assert (paginator.count, paginator.is_capped, paginator.num_pages) == (
        counted,
        is_capped,
        max(1, counted // 2 + counted % 2),
    )


def many_messages(count):
    """Make deliveries, the oldest first."""
    integration = IntegrationFactory()
    return InboundMessage.objects.bulk_create(MessageFactory.build_batch(count, integration=integration))


@pytest.fixture
def pages(superuser):
    """Deliveries of two pages and a half, the newest first."""
    return many_messages(125)[::-1]


def page_of_log(client, query=""):
    return client.get(address("integrations.inboundmessage") + query).context["cl"]


def test_the_pages_of_a_long_list_begin_where_the_one_before_ended(superuser, pages):
    seen = [page_of_log(superuser)]
    while seen[-1].has_older:
        seen.append(page_of_log(superuser, seen[-1].older_url))

    assert [row for page in seen for row in page.result_list] == pages
    assert [page.has_newer for page in seen] == [False, True, True]


def test_a_page_of_a_long_list_leads_back_to_the_newer_ones(superuser, pages):
    third = page_of_log(superuser, f"?before={pages[99].pk}")
    second = page_of_log(superuser, third.newer_url)
    first = page_of_log(superuser, second.newer_url)

    assert (second.result_list, second.has_newer) == (pages[50:100], True)
    assert (first.result_list, first.has_newer) == (pages[:50], False)


def test_a_page_of_a_long_list_stays_when_something_comes_in(superuser, pages):
    second = page_of_log(superuser).older_url
    MessageFactory(integration=pages[0].integration)

    assert page_of_log(superuser, second).result_list == pages[50:100]


def test_no_page_of_a_long_list_is_found_by_skipping_rows(superuser, pages, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as queries:
        page_of_log(superuser, f"?before={pages[60].pk}")

    assert not [query for query in queries.captured_queries if "OFFSET" in query["sql"]]


@pytest.mark.parametrize("place", ["before=x", "before=-1", "after=1e9", f"before={'9' * 40}"])
def test_a_page_that_is_none_is_the_first(superuser, pages, place):
    assert page_of_log(superuser, f"?{place}").result_list == pages[:50]


def test_every_long_list_goes_by_number():
    by_number = {label for label in LISTED if getattr(PAGES[label].get_changelist(None), "is_by_number", 0)}

    assert by_number >= {
        "alerts.escalation",
        "alerts.notification",
        "integrations.inboundmessage",
        "integrations.replay",
        "integrations.unmatcheddelivery",
    }


def test_what_is_newer_is_said_and_nothing_else(superuser, pages):
    page = superuser.get(address("integrations.inboundmessage"))
    url = page.context["cl"].poll_url
    assert f'hx-get="{url}"' in page.content.decode()
    assert "newer: show" not in superuser.get(address("integrations.inboundmessage") + url).content.decode()
    MessageFactory.create_batch(3, integration=pages[0].integration)

    answer = superuser.get(address("integrations.inboundmessage") + url).content.decode()

    assert "3 newer: show" in answer
    assert 'href="?"' in answer
    assert "result_list" not in answer


def test_what_is_newer_heeds_the_filters(superuser, pages):
    MessageFactory(status="refused", reason="disabled")

    assert "newer: show" not in newer_than(superuser, pages[0], "status=mapped")
    assert "1 newer: show" in newer_than(superuser, pages[0], "status=problems")


def test_of_very_many_newer_rows_only_a_hundred_are_counted(superuser, pages):
    MessageFactory.create_batch(101, integration=pages[0].integration)

    assert "More than 100 newer: show" in newer_than(superuser, pages[0])


def newer_than(client, row, query=""):
    return client.get(f"{address('integrations.inboundmessage')}?newer={row.pk}&{query}").content.decode()


def test_who_may_not_see_a_log_is_not_told_what_is_newer(as_role, pages):
    assert as_role(NOBODY).get(address("integrations.inboundmessage"), {"newer": 0}).status_code == 403


def test_wrong_filters_are_not_found_when_asked_what_is_newer(superuser, pages):
    answer = superuser.get(address("integrations.inboundmessage"), {"newer": 0, "alert__subject__zz": 1})

    assert answer.status_code in (400, 404)
