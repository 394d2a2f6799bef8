"""What all pages share: the menu, the security headers, the mark."""

import pytest

from alertops import roles
from tests.admin.conftest import NOBODY, SUPERUSER

CONFIGURING = ["", "Alerts", "Inbound log", "On call", "Integrations", "Escalation", "Repositories"]


def menu(client):
    return {
        str(group["title"]): [str(item["title"]) for item in group["items"]]
        for group in client.get("/").context["sidebar_navigation"]
    }


def test_a_responder_sees_five_entries(as_role):
    assert menu(as_role(roles.RESPONDER)) == {
        "": ["Overview"],
        "Alerts": ["Not closed", "Mine", "All"],
        "Inbound log": ["Deliveries"],
        "On call": ["Schedules", "Out of office"],
        "Notifications": ["Notification log"],
    }


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        (
            NOBODY,
            [
                "",
            ],
        ),
        (roles.VIEWER, ["", "Alerts", "Inbound log", "On call", "Notifications"]),
        (
            roles.INTEGRATIONS_ADMIN,
            [*CONFIGURING, "Notifications", "System"],
        ),
        (
            roles.ADMIN,
            [*CONFIGURING, "Notifications", "People", "System"],
        ),
        (
            SUPERUSER,
            [*CONFIGURING, "Notifications", "People", "System"],
        ),
    ],
)
def test_a_person_sees_only_what_they_may_use(role, titles, as_role):
    assert list(menu(as_role(role))) == titles


@pytest.mark.parametrize("role", [roles.INTEGRATIONS_ADMIN, roles.ADMIN])
def test_of_the_system_an_administrator_sees_its_health_alone(role, as_role):
    assert menu(as_role(role))["System"] == ["Health"]


@pytest.mark.parametrize("role", [NOBODY, *roles.ROLES, SUPERUSER])
def test_every_entry_of_the_menu_leads_to_a_page_that_its_reader_may_see(role, as_role):
    client = as_role(role)
    groups = client.get("/").context["sidebar_navigation"]

    for group in groups:
        for item in group["items"]:
            assert client.get(item["link"]).status_code == 200, item["link"]


@pytest.mark.parametrize(
    ("address", "active"),
    [
        ("/", "Overview"),
        ("/alerts/alert/", "All"),
        ("/alerts/alert/?status=not_closed", "Not closed"),
        ("/alerts/alert/?whose=mine", "Mine"),
        ("/alerts/alert/add/", "All"),
        ("/integrations/integration/", "Inbound integrations"),
        ("/system/health/", "Health"),
        ("/brokers/repository/", "Repositories"),
        ("/brokers/repositoryservice/", "Services"),
        ("/brokers/repositoryservice/add/", "Services"),
        ("/brokers/repositoryservice/brokers/", "Brokers"),
        ("/brokers/repositoryservice/brokers/email/", "Brokers"),
        ("/brokers/brokerrun/", "Runs"),
    ],
)
def test_the_menu_shows_where_one_is(address, active, superuser):
    groups = superuser.get(address).context["sidebar_navigation"]

    assert [str(item["title"]) for group in groups for item in group["items"] if item["active"]] == [active]


@pytest.mark.parametrize(
    "address",
    [
        *("/", "/login/", "/alerts/alert/", "/integrations/integration/add/", "/password_change/"),
        *("/overview/alerts/", "/system/health/"),
    ],
)
def test_the_pages_of_the_admin_may_evaluate_and_nothing_more(address, superuser):
    policy = superuser.get(address)["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "address", ["/healthz", "/readyz", "/api/v1/schema", "/api/v1/docs", "/api/v1/alerts"]
)
def test_nothing_else_may_evaluate(address, superuser):
    policy = superuser.get(address)["Content-Security-Policy"]

    assert "'unsafe-eval'" not in policy
    assert "default-src 'self'" in policy


def test_a_page_bears_the_mark_and_our_style_sheet(superuser):
    page = superuser.get("/").content.decode()

    assert "alertops/mark.svg" in page
    assert "alertops/app.css" in page


@pytest.mark.parametrize(("address", "words"), [("/no/such/page/", "There is nothing here")])
def test_an_address_that_is_nothing_says_so(address, words, superuser):
    answer = superuser.get(address, headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert words in answer.content.decode()


def test_what_one_may_not_see_is_refused_in_words(as_role):
    answer = as_role(NOBODY).get("/alerts/alert/")

    assert answer.status_code == 403
    assert "You may not see this page" in answer.content.decode()
