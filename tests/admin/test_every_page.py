"""Every page of the admin, for everybody: seen by who may, refused to who may not, broken for nobody."""

import pytest
from django.contrib import admin
from django.urls import reverse

from alertops import roles
from tests.admin.conftest import NOBODY, ROLES, SUPERUSER

LABELS = sorted(f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry)
# Rules and rotations have no list of their own: it leads to the integrations, and to the schedules.
LEADS_ELSEWHERE = {"integrations.mappingrule", "alerts.rotation"}


def page_admin(label):
    return next(page for model, page in admin.site._registry.items() if model._meta.label_lower == label)


def address(label, page, *args):
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def request_of(client, rf):
    request = rf.get("/")
    request.user = client.user
    return request


def test_every_model_that_has_a_page_has_a_row_here(rows):
    assert set(LABELS) == set(rows)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", LABELS)
def test_a_list_shows_to_who_may_see_it(label, role, as_role, rows, rf):
    client = as_role(role)
    page = page_admin(label)

    answer = client.get(address(label, "changelist"))

    if label in LEADS_ELSEWHERE:
        assert answer.status_code == 302
    else:
        may = page.has_view_or_change_permission(request_of(client, rf))
        assert answer.status_code == (200 if may else 403)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", LABELS)
def test_one_row_shows_to_who_may_see_it(label, role, as_role, rows, rf):
    client = as_role(role)
    page = page_admin(label)

    answer = client.get(address(label, "change", rows[label].pk))

    may = page.has_view_or_change_permission(request_of(client, rf))
    assert answer.status_code == (200 if may else 403)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", LABELS)
def test_a_new_row_is_offered_to_who_may_add_it(label, role, as_role, rows, rf):
    client = as_role(role)
    query = {"integration": rows["integrations.integration"].pk, "schedule": rows["alerts.schedule"].pk}

    answer = client.get(address(label, "add"), query)

    may = page_admin(label).has_add_permission(request_of(client, rf))
    assert answer.status_code == (200 if may else 403)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", LABELS)
def test_deleting_asks_who_may_delete(label, role, as_role, rows, rf):
    client = as_role(role)
    row = rows[label]

    answer = client.get(address(label, "delete", row.pk))

    may = page_admin(label).has_delete_permission(request_of(client, rf), row)
    assert answer.status_code == (200 if may else 403)


@pytest.mark.django_db
@pytest.mark.parametrize("label", LABELS)
def test_the_history_of_a_row_shows(label, superuser, rows):
    answer = superuser.get(address(label, "history", rows[label].pk))

    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("label", LABELS)
def test_what_nobody_may_see_is_not_found_rather_than_broken(label, superuser, rows):
    missing = "f" * 128 if label == "knox.authtoken" else 999_999

    answer = superuser.get(address(label, "change", missing))

    assert answer.status_code in (302, 404)


@pytest.mark.parametrize("label", LABELS)
def test_a_stranger_is_asked_to_log_in(label, client, db):
    answer = client.get(address(label, "changelist"))

    assert answer.status_code == 302
    assert answer.url.startswith("/login/")


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (NOBODY, set()),
        (
            roles.VIEWER,
            {
                "alerts.alert",
                "alerts.escalation",
                "alerts.escalationpolicy",
                "alerts.notification",
                "alerts.outofoffice",
                "alerts.rotation",
                "alerts.schedule",
                "alerts.supporthours",
                "alerts.team",
                "alerts.user",
                "brokers.brokerrun",
                "brokers.push",
                "brokers.repository",
                "brokers.repositoryservice",
                "integrations.inboundmessage",
                "integrations.integration",
                "integrations.mappingrule",
                "integrations.replay",
                "integrations.unmatcheddelivery",
            },
        ),
        (SUPERUSER, set(LABELS)),
    ],
)
def test_who_sees_which_pages(role, labels, as_role, rows, rf):
    request = request_of(as_role(role), rf)

    assert {label for label in LABELS if page_admin(label).has_view_permission(request)} == labels
