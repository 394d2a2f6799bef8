"""Every filter, search and action of every list, and how many queries a list costs."""

import pytest
from django.contrib import admin
from django.urls import reverse

from alertops.lib.admin import CappedPaginator
from alertops.templatetags.pages import older_url
from integrations.models import InboundMessage
from tests.factories import (
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
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
    MessageFactory.create_batch(2)
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


def test_below_the_last_row_of_a_capped_list_one_goes_on_by_its_number(superuser):
    messages = MessageFactory.create_batch(5, integration=IntegrationFactory())
    changelist = superuser.get(address("integrations.inboundmessage")).context["cl"]

    assert older_url(changelist) == f"?id__lt={messages[0].pk}"
    older = superuser.get(address("integrations.inboundmessage"), {"id__lt": messages[2].pk})
    assert list(older.context["cl"].result_list) == [messages[1], messages[0]]
