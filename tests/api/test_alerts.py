"""Programs read, take and close alerts by token."""

from datetime import timedelta

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from alertops import roles
from alerts.logic.lifecycle import UNTIL_RECOVERED
from alerts.models import Alert, AlertEvent
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import NOW, AlertFactory, IntegrationFactory, PolicyFactory, UserFactory

LIST = "/api/v1/alerts"

# What AlertOps exports of an alert, and what it is called here.
EXPORTED = {
    "Alert ID": "id",
    "Created Date": "created_at",
    "Created By": "created_by",
    "Priority": "priority",
    "IntegrationName": "integration",
    "ServiceName": "service_name",
    "Escalation Policy/Response Play": "escalation_policy",
    "Topic": "topic",
    "Message": "subject",
    "Source": "source",
    "SourceName": "source_name",
    "SourceID": "source_id",
    "Status": "status",
    "Owner": "owner",
    "InitialAssignedDate": "first_assigned_at",
    "TimeToAssign": "seconds_to_assign",
    "TimeToResolve": "seconds_to_resolve",
    "Resolution Date": "closed_at",
    "Within SLA": "is_within_sla",
    "Resolution": "resolution",
}


def url(alert, action=""):
    return f"{LIST}/{alert.pk}" + (f"/{action}" if action else "")


@pytest.mark.parametrize("name", EXPORTED.values(), ids=EXPORTED)
def test_every_column_that_alertops_exports_is_there(name, responder):
    AlertFactory()

    assert name in responder.get(LIST).json()["results"][0]


def test_a_list_is_newest_first_and_tells_people_and_things_by_name(responder):
    anna = UserFactory(username="anna", first_name="Anna")
    alert = AlertFactory(
        integration=IntegrationFactory(name="Builds"), policy=PolicyFactory(name="Nights"), owner=anna
    )
    alert.acknowledgers.add(anna)
    newer = AlertFactory()

    first, second = responder.get(LIST).json()["results"]

    assert (first["id"], second["id"]) == (newer.pk, alert.pk)
    assert second["integration"] == {"id": alert.integration_id, "name": "Builds"}
    assert second["escalation_policy"]["name"] == "Nights"
    assert second["owner"] == {"id": anna.pk, "username": "anna", "name": "Anna"}
    assert second["acknowledged_by"] == [second["owner"]]
    assert second["url"] == f"http://localhost:8000/alerts/alert/{alert.pk}/change/"


@pytest.mark.parametrize(
    ("columns", "figures"),
    [
        ({}, (None, None, None)),
        ({"first_assigned_at": NOW + timedelta(minutes=5)}, (300, None, None)),
        ({"closed_at": NOW + timedelta(hours=1), "sla_due_at": NOW + timedelta(hours=1)}, (None, 3600, True)),
        (
            {"closed_at": NOW + timedelta(hours=2), "sla_due_at": NOW + timedelta(hours=1)},
            (None, 7200, False),
        ),
        ({"sla_due_at": NOW + timedelta(seconds=1)}, (None, None, True)),
        ({"sla_due_at": NOW - timedelta(seconds=1)}, (None, None, False)),
    ],
    ids=["nothing yet", "assigned", "closed in time", "closed too late", "still in time", "already late"],
)
def test_figures_follow_from_the_times(columns, figures, responder):
    alert = AlertFactory(**columns)

    row = responder.get(url(alert)).json()

    assert (row["seconds_to_assign"], row["seconds_to_resolve"], row["is_within_sla"]) == figures


def test_one_alert_has_its_timeline_oldest_first(responder):
    alert = AlertFactory()
    for kind in ("opened", "note"):
        AlertEvent.objects.create(alert=alert, at=NOW, kind=kind, actor_label="Ben", via="admin", text=kind)

    timeline = responder.get(url(alert)).json()["timeline"]

    assert [line["kind"] for line in timeline] == ["opened", "note"]
    assert timeline[1] == {
        "at": "2026-03-02T12:00:00Z",
        "kind": "note",
        "actor": "Ben",
        "via": "admin",
        "text": "note",
        "message": None,
    }


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ({"status": "open"}, ["open"]),
        ({"status": ["open", "closed"]}, ["closed", "open"]),
        ({"severity": "critical"}, ["taken"]),
        ({"owner": "anna"}, ["taken"]),
        ({"owner": "nobody"}, ["closed", "open"]),
        ({"owner": "me"}, []),
        ({"owner": "no such person"}, []),
        ({"created_from": "2026-03-02T12:00:00Z"}, ["closed"]),
        ({"created_from": "2026-03-01T12:00:00+00:00", "created_before": "2026-03-02T12:00:00Z"}, ["taken"]),
        ({}, ["closed", "taken", "open"]),
    ],
    ids=str,
)
def test_a_list_is_narrowed(query, subjects, responder):
    AlertFactory(subject="open", created_at=NOW - timedelta(days=2))
    AlertFactory(
        subject="taken",
        status="acknowledged",
        severity="critical",
        owner=UserFactory(username="anna"),
        created_at=NOW - timedelta(days=1),
    )
    AlertFactory(subject="closed", status="closed")

    assert [row["subject"] for row in responder.get(LIST, query).json()["results"]] == subjects


def test_a_list_is_narrowed_to_an_integration(responder):
    AlertFactory()
    alert = AlertFactory(integration=IntegrationFactory())

    found = responder.get(LIST, {"integration": alert.integration_id}).json()["results"]

    assert [row["id"] for row in found] == [alert.pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"stauts": "open"}, "stauts"),
        ({"status": "opened"}, "status"),
        ({"severity": "awful"}, "severity"),
        ({"integration": "999"}, "integration"),
        ({"integration": "9" * 40}, "integration"),
        ({"created_from": "yesterday"}, "created_from"),
    ],
    ids=str,
)
def test_a_filter_that_is_none_is_refused_and_named(query, field, responder):
    answer = responder.get(LIST, query)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid"
    assert field in answer.json()["fields"]


def test_pages_lead_from_one_to_the_next_without_gap_or_repetition(responder):
    alerts = AlertFactory.create_batch(7)
    seen, address = [], f"{LIST}?page_size=3&status=open"

    while address:
        page = responder.get(address).json()
        seen += [row["id"] for row in page["results"]]
        AlertFactory()  # a newer one moves nothing
        address = page["next"]

    assert seen == [alert.pk for alert in reversed(alerts)]


@pytest.mark.parametrize(
    ("action", "text", "status"),
    [
        ("acknowledge", "", "acknowledged"),
        ("mute", "The lab is being moved.", "acknowledged"),
        ("close", "Restarted.", "closed"),
    ],
)
def test_what_is_done_to_an_alert_is_done_in_the_name_of_the_tokens_owner(action, text, status, responder):
    alert = AlertFactory(key_digest="k")

    answer = responder.post(url(alert, action), {"text": text})

    assert answer.status_code == 200
    assert (answer.json()["changed"], answer.json()["alert"]["status"]) == (True, status)
    assert f"#{alert.pk}" in answer.json()["sentence"]
    line = alert.events.get()
    assert (line.actor, line.via, line.text) == (responder.user, "api", text)


def test_what_is_muted_says_so_and_has_no_time(responder):
    alert = AlertFactory(status="acknowledged", snoozed_until=UNTIL_RECOVERED)

    told = responder.get(url(alert)).json()

    assert (told["is_muted"], told["snoozed_until"]) == (True, None)


def test_the_body_may_be_left_out(responder):
    assert responder.post(url(AlertFactory(), "acknowledge")).status_code == 200


def test_closing_what_is_closed_does_no_harm_and_says_so(responder):
    alert = AlertFactory(status="closed", closed_by="Ben", resolution="Mended")

    answer = responder.post(url(alert, "close"), {"text": "Again"})

    assert (answer.status_code, answer.json()["changed"]) == (200, False)
    assert "closed already, by Ben" in answer.json()["sentence"]
    assert Alert.objects.get().resolution == "Mended"


@pytest.mark.parametrize("body", [{"text": "x" * 5001}, {"text": ["a"]}], ids=["too long", "a list"])
def test_a_body_that_is_wrong_is_refused_with_the_field_named(body, responder):
    alert = AlertFactory()

    answer = responder.post(url(alert, "close"), body)

    assert answer.status_code == 400
    assert "text" in answer.json()["fields"]
    assert Alert.objects.get().status == "open"


@pytest.mark.parametrize("number", ["999999", "9" * 18, "9" * 30, "abc", "-1"])
@pytest.mark.parametrize(("method", "action"), [("get", ""), ("post", "/acknowledge"), ("post", "/close")])
def test_an_alert_that_is_not_there_is_not_found(number, method, action, responder):
    answer = getattr(responder, method)(f"{LIST}/{number}{action}")

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v2/alerts", "/api/v1/alerts/1/explode"])
def test_what_is_no_endpoint_answers_programs_in_json(address, responder):
    answer = responder.get(address)

    assert answer.status_code == 404
    assert "/api/v1/docs" in answer.json()["detail"] or "number" in answer.json()["detail"]


READERS = [roles.VIEWER, roles.RESPONDER, roles.INTEGRATIONS_ADMIN, roles.ADMIN, SUPERUSER]


@pytest.mark.parametrize("role", [*READERS, NOBODY])
def test_who_may_read_reads(role, caller):
    alert, client = AlertFactory(), caller(role)
    expected = 200 if role in READERS else 403

    assert client.get(LIST).status_code == expected
    assert client.get(url(alert)).status_code == expected


@pytest.mark.parametrize("action", ["acknowledge", "close", "mute"])
@pytest.mark.parametrize("role", [*READERS, NOBODY])
def test_who_may_respond_responds(role, action, caller):
    alert = AlertFactory(key_digest="k")
    may = role not in (roles.VIEWER, NOBODY)

    answer = caller(role).post(url(alert, action))

    assert answer.status_code == (200 if may else 403)
    assert (Alert.objects.get().status != "open") is may


def test_a_refusal_names_the_permission_that_is_needed(caller):
    answer = caller(roles.VIEWER).post(url(AlertFactory(), "close"))

    assert answer.json() == {
        "error": "permission_denied",
        "detail": "This needs the permission alerts.respond_alert: ask for a role that has it.",
    }


@pytest.mark.parametrize(
    "header", ["", "Token", "Token wrong", "Token a b", "Token \xff\xfe", "Basic YTpi", "Bearer x"], ids=repr
)
@pytest.mark.parametrize(("method", "address"), [("get", LIST), ("post", f"{LIST}/1/close")])
def test_without_a_valid_token_the_answer_says_how_to_get_one(header, method, address, db):
    client = APIClient()
    client.credentials(**({"HTTP_AUTHORIZATION": header} if header else {}))

    answer = getattr(client, method)(address)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert "People > API tokens" in answer.json()["detail"]


def test_a_token_that_has_ended_or_whose_person_left_opens_nothing(responder):
    responder.user.is_active = False
    responder.user.save()
    assert responder.get(LIST).status_code == 401

    responder.user.is_active = True
    responder.user.save()
    AuthToken.objects.update(expiry=NOW - timedelta(seconds=1))
    assert responder.get(LIST).status_code == 401


def test_a_person_who_is_logged_in_may_read_but_needs_the_form_token_to_act(caller, db):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(caller(roles.RESPONDER).user)

    assert client.get(LIST).status_code == 200
    assert client.post(url(AlertFactory(), "close")).status_code == 403


@pytest.mark.parametrize(
    ("method", "address"), [("post", LIST), ("delete", f"{LIST}/1"), ("patch", f"{LIST}/1")]
)
def test_alerts_are_neither_made_nor_edited_nor_deleted_here(method, address, responder):
    AlertFactory(pk=1)

    assert getattr(responder, method)(address).status_code in (403, 405)
    assert Alert.objects.count() == 1


def test_a_list_costs_the_same_queries_however_long_it_is(responder, django_assert_max_num_queries):
    def fill(count):
        for _number in range(count):
            alert = AlertFactory(
                integration=IntegrationFactory(), owner=UserFactory(), policy=PolicyFactory()
            )
            alert.acknowledgers.add(UserFactory())

    fill(2)
    with django_assert_max_num_queries(7) as short:
        responder.get(LIST)
    fill(20)

    with django_assert_max_num_queries(len(short)):
        assert len(responder.get(LIST).json()["results"]) == 22


def test_one_alert_and_an_action_cost_few_queries(responder, django_assert_max_num_queries):
    alert = AlertFactory()

    with django_assert_max_num_queries(8):
        responder.get(url(alert))
    with django_assert_max_num_queries(32):
        responder.post(url(alert, "acknowledge"))
