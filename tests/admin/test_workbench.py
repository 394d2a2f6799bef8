"""The mapping workbench: rules are tried with nothing stored, and saved all at once."""

import json
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alertops import roles
from alerts.models import Alert
from integrations import operations
from integrations.models import Filter, InboundMessage, MappingRule
from integrations.operations.presets import create_integration
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    UserFactory,
    build_body,
)

PARTS = ["", "_try", "_save", "_test", "_heard"]


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


@pytest.fixture
def builds(db):
    """One rule, a failed build as the sample; Anna is told at once, Ben after 5 minutes."""
    policy = PolicyFactory(last_resort=UserFactory(username="carla"))
    StepFactory(policy=policy, position=1, users=[UserFactory(username="anna")])
    StepFactory(policy=policy, position=2, users=[UserFactory(username="ben")], wait=timedelta(minutes=5))
    integration = IntegrationFactory(escalation_policy=policy, sample_body=build_body("FAILED").decode())
    RuleFactory(integration=integration)
    return integration


def address(integration, part=""):
    return reverse(f"admin:integrations_mappingrule_workbench{part}", args=[integration.pk])


def post(client, integration, part, data):
    body = data if isinstance(data, str | bytes) else json.dumps(data)
    return client.post(address(integration, part), body, content_type="application/json")


def setup_of(client, integration, **query):
    return client.get(address(integration), query).context["setup"]


def try_out(client, integration, *changes, delivery=None, **more):
    """Try the saved rules with some changes; each is (name of a rule's column, value)."""
    rules = setup_of(client, integration)["rules"]
    for name, value in changes:
        rules[0][name] = value
    asked = {"rules": rules, "delivery": delivery or {"kind": "sample"}, **more}
    return post(client, integration, "_try", asked).json()


def text(state, **more):
    return {"kind": "text", "body": build_body(state, **more).decode(), "headers": {}}


# What is tried


def test_a_delivery_is_told_with_every_verdict_and_value(keeper, builds):
    Filter.objects.create(
        rule=builds.rules.get(), path="commit_status^state", operator="equals", value="FAILED"
    )

    answer = try_out(keeper, builds, wants_data=True)

    [rule] = answer["rules"]
    assert (rule["result"], rule["problems"]) == ("decides", {})
    assert rule["filters"]["0"] == {"holds": True, "said": "“FAILED” equals “FAILED”"}
    assert rule["fields"]["source_name"]["value"] == "acme/website"
    assert rule["status"] == "“FAILED” opens an alert"
    assert answer["outcome"]["sentence"] == "“Builds”: the status “FAILED” opens an alert."
    assert answer["outcome"]["consequence"] == "Delivered now, it would open a new alert."
    assert answer["data"]["commit_status"]["state"] == "FAILED"


def test_who_would_be_told_is_said_with_the_minutes(keeper, builds):
    details = try_out(keeper, builds)["outcome"]["details"]

    people = [details.index(word) for word in ("at once", "Anna", "after 5 minutes", "Ben", "Carla")]
    assert people == sorted(people)


def test_a_path_that_finds_nothing_is_named(keeper, builds):
    fields = {
        **builds.rules.get().fields,
        "subject": {"kind": "template", "value": "<commit_status^name> by <who>"},
        "short_text": {"kind": "path", "value": "commit_status^nothing"},
    }

    [rule] = try_out(keeper, builds, ("fields", fields))["rules"]

    assert rule["fields"]["subject"] == {
        "value": "Build of main by",
        "gaps": ["who: there is no “who”"],
        "notes": [],
    }
    assert rule["fields"]["short_text"]["gaps"] == ["“commit_status” has no “nothing”"]


def test_what_can_be_read_is_shown_while_another_part_is_half_typed(keeper, builds):
    fields = {**builds.rules.get().fields, "subject": {"kind": "template", "value": "<commit_st"}}
    filters = [
        {"group": "all", "path": "commit_status^", "operator": "equals", "value": "x"},
        {"group": "all", "path": "commit_status^state", "operator": "regex", "value": "^FAIL"},
    ]

    [rule] = try_out(keeper, builds, ("fields", fields), ("filters", filters))["rules"]

    assert rule["result"] == "broken"
    assert sorted(rule["problems"]) == ["fields.subject", "filters.0.path"]
    assert rule["fields"]["source_name"]["value"] == "acme/website"
    assert list(rule["filters"]) == ["1"]


def test_rules_after_the_one_that_decides_are_not_asked_but_show_what_they_would_read(keeper, builds):
    RuleFactory(integration=builds, name="Rest", position=2)

    _first, second = try_out(keeper, builds)["rules"]

    assert (second["result"], second["said"]) == ("later", "is not asked: an earlier rule decides")
    assert second["fields"]["source_name"]["value"] == "acme/website"


def test_a_list_becomes_an_event_for_each_element(keeper, builds):
    body = json.dumps({"alerts": [{"name": "a", "state": "ok"}, {"name": "b", "state": "FAILED"}]})
    fields = {
        "source": {"kind": "constant", "value": "Prometheus"},
        "source_name": {"kind": "path", "value": "name"},
        "source_status": {"kind": "path", "value": "state"},
    }
    filters = [{"group": "all", "path": "state", "operator": "equals", "value": "FAILED"}]

    answer = try_out(
        keeper,
        builds,
        ("fields", fields),
        ("iterate_over", "alerts"),
        ("filters", filters),
        delivery={"kind": "text", "body": body},
    )

    assert answer["rules"][0]["list"] == "2 elements; the examples below are of element 2."
    assert answer["outcome"]["sentence"] == "2 events: 1 filtered, 1 opening."


@pytest.mark.parametrize(
    ("status", "state", "consequence"),
    [
        (
            "open",
            "FAILED",
            "it would join #{pk} Build broken, its 2nd time; nobody is told again.",
        ),
        ("open", "SUCCESSFUL", "it would close #{pk} Build broken."),
        (
            "closed",
            "FAILED",
            "it would open #{pk} Build broken again, which has just been closed.",
        ),
        ("closed", "SUCCESSFUL", "it would do nothing: no such alert is open."),
        (None, "SUCCESSFUL", "it would do nothing: no such alert is open."),
    ],
)
def test_the_alert_it_concerns_is_named(status, state, consequence, keeper, builds):
    alert = _opened(builds) if status else None
    if status == "closed":
        Alert.objects.update(status="closed", closed_at=NOW - timedelta(minutes=1))

    outcome = try_out(keeper, builds, delivery=text(state))["outcome"]

    assert outcome["consequence"] == "Delivered now, " + consequence.format(pk=alert.pk if alert else "")


def test_an_alert_that_would_get_worse_tells_people_at_once(keeper, builds):
    _opened(builds)
    Alert.objects.update(severity="warning")

    assert "make it worse: people are told at once" in try_out(keeper, builds)["outcome"]["consequence"]


def test_two_events_of_one_problem_follow_each_other(keeper, builds):
    fields = {name: spec for name, spec in builds.rules.get().fields.items() if name != "subject"}
    body = json.dumps([json.loads(build_body(state)) for state in ("FAILED", "FAILED", "SUCCESSFUL")])

    details = try_out(
        keeper, builds, ("fields", fields), ("iterate_over", "^"), delivery={"kind": "text", "body": body}
    )["outcome"]["details"]

    assert "It would join the alert that this very delivery opens." in details
    assert "It would close the alert that this very delivery opens." in details


def _opened(integration):
    """Open the alert of the sample, by the real way in."""
    MessageFactory(integration=integration)
    operations.process_batch(integration.pk, now=NOW)
    Alert.objects.update(subject="Build broken")
    return Alert.objects.get()


def test_a_delivery_of_the_log_is_tried_with_its_headers(keeper, builds):
    message = MessageFactory(integration=builds, headers={"X-Event-Key": "repo:push"}, state="SUCCESSFUL")
    filters = [{"group": "all", "path": "@header^x-event-key", "operator": "equals", "value": "repo:push"}]

    answer = try_out(
        keeper, builds, ("filters", filters), delivery={"kind": "message", "id": message.pk}, wants_data=True
    )

    assert answer["headers"] == {"x-event-key": "repo:push"}
    assert answer["rules"][0]["status"] == "“SUCCESSFUL” closes the alert"


def test_the_page_begins_with_the_delivery_that_is_named(keeper, builds):
    message = MessageFactory(integration=builds)

    assert setup_of(keeper, builds)["source"] == {"kind": "sample"}
    setup = setup_of(keeper, builds, message=message.pk)
    assert setup["source"] == {"kind": "message", "id": message.pk}
    assert [row["id"] for row in setup["messages"]] == [message.pk]


def test_data_that_no_door_would_take_is_told_as_refused(keeper, builds):
    answer = try_out(keeper, builds, delivery={"kind": "text", "body": '{"a": '})

    assert "not" in answer["unreadable"]
    assert "Refused" in answer["outcome"]["badge"]
    assert answer["rules"][0]["problems"] == {}


# What is bounded, refused and never written


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("", ""),
        ("no json", ""),
        ("[1]", ""),
        ("[" * 5000, ""),
        ({"rules": "x"}, "rules"),
        ({"rules": [{}] * 51, "delivery": {"kind": "sample"}}, "rules"),
        ({"rules": []}, "delivery"),
        ({"rules": [], "delivery": {"kind": "message", "id": "x"}}, "delivery.id"),
        ({"rules": [], "delivery": {"kind": "message", "id": True}}, "delivery.id"),
        ({"rules": [], "delivery": {"kind": "message", "id": 10**30}}, "delivery.id"),
        ({"rules": [], "delivery": {"kind": "text", "body": 5}}, "delivery.body"),
        ({"rules": [], "delivery": {"kind": "text", "body": "x" * 1_000_001}}, "delivery.body"),
        ({"rules": [], "delivery": {"kind": "text", "body": "{}", "headers": [1]}}, "delivery.headers"),
        (b"{" + b" " * 3_000_001 + b"}", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_request_that_cannot_be_read_is_refused_with_its_field(data, field, keeper, builds):
    answer = post(keeper, builds, "_try", data)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert answer.json()["said"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (5, "rule"),
        ({"nonsense": 1}, "nonsense"),
        ({"fields": []}, "fields"),
        ({"fields": {"subject": {"kind": "magic", "value": "x"}}}, "fields.subject"),
        ({"fields": {"color": {"kind": "path", "value": "x"}}}, "fields.color"),
        ({"filters": [{"path": "a", "operator": "regex", "value": "(?=x)"}]}, "filters.0.value"),
        ({"filters": [{"path": "a", "operator": "x" * 500}]}, "filters.0.operator"),
        ({"filters": [{"path": "a", "operator": "exists"}] * 101}, "filters"),
        ({"open_match": "regex", "open_values": ["a{900}{900}"]}, "open_values"),
        (
            {"severity_cases": [{"match": "regex", "value": "(", "severity": "error"}]},
            "severity_cases.0.value",
        ),
        ({"name": "x" * 101}, "name"),
        ({"iterate_over": "@header^x"}, "iterate_over"),
        ({"is_enabled": "yes"}, "is_enabled"),
        ({"id": "x", "name": ["\ud800"]}, "name"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_rule_that_cannot_work_is_told_at_its_field(rule, field, keeper, builds):
    asked = {"rules": [rule], "delivery": {"kind": "sample"}}

    answer = post(keeper, builds, "_try", asked)

    assert answer.status_code == 200
    assert answer.json()["rules"][0]["problems"][field]


def test_trying_writes_nothing_and_asks_little(keeper, builds):
    _opened(builds)
    rules = setup_of(keeper, builds)["rules"]
    asked = {"rules": rules, "delivery": text("FAILED"), "wants_data": True, "version": "other"}

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert post(keeper, builds, "_try", asked).status_code == 200

    verbs = {query["sql"].split()[0] for query in queries}
    assert verbs == {"SELECT"}
    assert len(queries) <= 30


def test_the_number_of_statements_does_not_grow_with_the_events(keeper, builds):
    def ask(count):
        body = json.dumps([json.loads(build_body("FAILED", f"build-{n}")) for n in range(count)])
        with CaptureQueriesContext(connection) as queries:
            try_out(keeper, builds, ("iterate_over", "^"), delivery={"kind": "text", "body": body})
        return len(queries)

    assert ask(1) == ask(200)


def test_a_hundred_kilobytes_and_ten_rules_are_answered_at_once(keeper, builds):
    builds.rules.update(position=9)
    for position in range(9):
        rule = RuleFactory(integration=builds, position=position)
        Filter.objects.create(rule=rule, path="commit_status^state", operator="regex", value="^NEVER$")
    body = json.loads(build_body("FAILED"))
    body["more"] = [{"number": number, "text": "x" * 60} for number in range(1200)]
    rules = setup_of(keeper, builds)["rules"]
    asked = json.dumps({"rules": rules, "delivery": {"kind": "text", "body": json.dumps(body)}})
    assert len(asked) > 100_000

    took = []
    for _turn in range(5):
        begin = time.process_time()
        assert post(keeper, builds, "_try", asked).json()["rules"][9]["result"] == "decides"
        took.append(time.process_time() - begin)

    assert min(took) < 0.2


# Saving


def save(client, integration, rules, **more):
    version = more.pop("version", None) or setup_of(client, integration)["version"]
    return post(client, integration, "_save", {"rules": rules, "version": version, **more})


@pytest.mark.parametrize("preset", ["custom", "bitbucket", "grafana", "github", "gitlab", "alertmanager"])
def test_saving_the_rules_of_a_preset_as_they_are_changes_nothing(preset, keeper):
    integration = create_integration(preset, name="Builds", users=[UserFactory()])
    columns = [field.name for field in MappingRule._meta.concrete_fields if field.name != "position"]
    before = (
        list(integration.rules.values(*columns)),
        list(Filter.objects.order_by("pk").values("pk", "path")),
    )

    answer = save(keeper, integration, setup_of(keeper, integration)["rules"])

    assert answer.status_code == 200, answer.json()
    assert (
        list(integration.rules.values(*columns)),
        list(Filter.objects.order_by("pk").values("pk", "path")),
    ) == before


def test_all_rules_are_saved_at_once_in_their_new_order(keeper, builds):
    old = builds.rules.get()
    gone = RuleFactory(integration=builds, name="Gone", position=5)
    first = setup_of(keeper, builds)["rules"][0]
    new = {
        **first,
        "id": None,
        "name": "New",
        "filters": [{"group": "any", "path": "a", "operator": "exists"}],
    }
    first["open_values"] = ["BROKEN"]

    answer = save(keeper, builds, [new, first], sample={"body": "{}", "headers": {"X-A": "1"}})

    assert answer.status_code == 200, answer.json()
    rows = list(builds.rules.all())
    assert [(row.name, row.position) for row in rows] == [("New", 1), ("Builds", 2)]
    assert answer.json()["ids"] == [row.pk for row in rows]
    assert rows[1].pk == old.pk
    assert rows[1].open_values == ["BROKEN"]
    assert rows[0].filters.get().group == "any"
    assert not MappingRule.objects.filter(pk=gone.pk).exists()
    builds.refresh_from_db()
    assert (builds.sample_body, builds.sample_headers) == ("{}", {"X-A": "1"})


def test_nothing_is_saved_while_one_rule_cannot_work(keeper, builds):
    first = setup_of(keeper, builds)["rules"][0]
    wrong = {**first, "id": None, "close_values": ["FAILED"], "name": "x" * 101}
    before = MappingRule.objects.values().get()

    answer = save(keeper, builds, [{**first, "name": "Other"}, wrong])

    assert answer.status_code == 422
    good, bad = answer.json()["problems"]
    assert good == {}
    assert "two lists" in bad["close_values"]
    assert "100 characters" in bad["name"]
    assert MappingRule.objects.values().get() == before


def test_who_comes_second_is_told_who_came_first_and_overwrites_nothing(keeper, as_role, builds):
    version = setup_of(keeper, builds)["version"]
    rules = setup_of(keeper, builds)["rules"]
    other = as_role(SUPERUSER)
    save(other, builds, [{**rules[0], "name": "Theirs"}])

    trying = post(
        keeper, builds, "_try", {"rules": rules, "delivery": {"kind": "sample"}, "version": version}
    )
    answer = save(keeper, builds, [{**rules[0], "name": "Mine"}], version=version)

    assert answer.status_code == 409
    assert str(other.user) in answer.json()["changed"]
    assert answer.json()["changed"] == trying.json()["changed"]
    assert builds.rules.get().name == "Theirs"

    assert (
        save(keeper, builds, [{**rules[0], "name": "Mine"}], version=answer.json()["version"]).status_code
        == 200
    )
    assert builds.rules.get().name == "Mine"


def test_a_rule_of_another_integration_is_left_alone(keeper, builds):
    foreign = RuleFactory(name="Foreign")
    rule = setup_of(keeper, builds)["rules"][0]

    answer = save(keeper, builds, [{**rule, "id": foreign.pk, "name": "Mine"}])

    assert answer.status_code == 200
    foreign.refresh_from_db()
    assert (foreign.name, foreign.integration_id != builds.pk) == ("Foreign", True)


# Who may


@pytest.mark.parametrize("role", [NOBODY, roles.VIEWER, roles.RESPONDER])
@pytest.mark.parametrize("part", PARTS)
def test_who_may_not_change_rules_has_no_workbench(part, role, as_role, builds):
    client = as_role(role)

    answer = client.get(address(builds, part)) if part in ("", "_heard") else post(client, builds, part, {})

    assert answer.status_code == 403


@pytest.mark.parametrize("part", PARTS)
def test_a_stranger_is_asked_to_log_in(part, client, builds):
    answer = client.get(address(builds, part)) if part in ("", "_heard") else post(client, builds, part, {})

    assert answer.url.startswith("/login/")


@pytest.mark.parametrize("part", PARTS)
def test_the_other_method_is_not_allowed(part, keeper, builds):
    answer = (
        keeper.post(address(builds, part)) if part in ("", "_heard") else keeper.get(address(builds, part))
    )

    assert answer.status_code == 405


def test_a_missing_integration_is_not_found(keeper, builds):
    builds.pk = 999_999

    assert keeper.get(address(builds)).status_code == 404


def test_who_may_change_but_neither_add_nor_remove_may_try_and_not_save(as_role, builds):
    client = as_role(NOBODY)
    _grant(client.user, "change_mappingrule", "view_integration")

    assert setup_of(client, builds)["may"] == {"save": False, "test": False}
    assert try_out(client, builds)["rules"][0]["result"] == "decides"
    assert save(client, builds, setup_of(client, builds)["rules"]).status_code == 403
    assert post(client, builds, "_test", {}).status_code == 403


def test_who_may_not_see_the_log_tries_no_delivery_of_it(as_role, builds):
    client = as_role(NOBODY)
    _grant(client.user, "change_mappingrule", "view_integration")
    message = MessageFactory(integration=builds)

    assert setup_of(client, builds)["messages"] == []
    assert (
        try_out(client, builds, delivery={"kind": "message", "id": message.pk})["error"]["field"]
        == "delivery.id"
    )


def test_a_delivery_of_another_integration_is_not_shown(keeper, builds):
    message = MessageFactory()

    assert (
        try_out(keeper, builds, delivery={"kind": "message", "id": message.pk})["error"]["field"]
        == "delivery.id"
    )


def _grant(user, *codes):
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))


# Testing


@pytest.mark.django_db(transaction=True)
def test_the_sample_is_posted_through_the_url_and_its_row_is_named(superuser, live_server, settings):
    settings.BASE_URL = live_server.url
    integration = create_integration("bitbucket", name="Builds", users=[superuser.user])

    answer = post(superuser, integration, "_test", {}).json()

    message = InboundMessage.objects.get()
    assert message.is_test
    assert answer["url"] == reverse("admin:integrations_inboundmessage_change", args=[message.pk])
    heard = superuser.get(address(integration, "_heard"), {"message": message.pk}).json()
    assert heard == {"said": "Waiting to be processed", "is_done": False, "url": answer["url"]}


@pytest.mark.parametrize("number", ["", "x", "999999", "9" * 30])
def test_only_a_test_of_this_integration_is_heard_of(number, keeper, builds):
    MessageFactory(integration=builds)

    assert keeper.get(address(builds, "_heard"), {"message": number}).status_code == 404


def test_without_a_sample_there_is_nothing_to_test(keeper, builds):
    builds.sample_body = ""
    builds.save()

    assert post(keeper, builds, "_test", {}).status_code == 400


def test_the_page_asks_the_same_however_many_rules_there_are(keeper, builds):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            keeper.get(address(builds))
        return len(queries)

    before = ask()
    for position in range(5):
        Filter.objects.create(
            rule=RuleFactory(integration=builds, position=position), path="a", operator="exists"
        )
        MessageFactory(integration=builds)

    assert ask() == before
    assert before <= 20


def test_without_a_sample_the_page_begins_with_the_newest_delivery_and_without_any_with_nothing(
    keeper, builds
):
    builds.sample_body = ""
    builds.save()
    assert setup_of(keeper, builds)["source"] == {"kind": "text"}
    MessageFactory(integration=builds)
    message = MessageFactory(integration=builds)

    assert setup_of(keeper, builds)["source"] == {"kind": "message", "id": message.pk}


@pytest.mark.parametrize(("role", "is_linked"), [(roles.INTEGRATIONS_ADMIN, True), (roles.VIEWER, False)])
def test_the_page_of_the_integration_leads_here_whom_it_lets_in(role, is_linked, as_role, builds):
    page = as_role(role).get(reverse("admin:integrations_integration_change", args=[builds.pk]))

    assert (address(builds) in page.content.decode()) is is_linked
