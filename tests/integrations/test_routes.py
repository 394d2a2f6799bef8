"""Alerts go to another policy, or to further teams, by what was delivered and by the time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, Escalation
from integrations import operations
from integrations.logic import payload, pipeline
from integrations.logic.routing import Route, follow
from tests.alerts.operations.reports import failed
from tests.factories import (
    NOW,
    HoursFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RouteFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
    build_body,
)

pytestmark = pytest.mark.django_db
KEY = "commit_status^key"


@pytest.fixture
def integration():
    made = IntegrationFactory()
    RuleFactory(integration=made)
    return made


def policy(name):
    made = PolicyFactory(name=name, sla_hours="1.00" if name == "Nights" else None)
    StepFactory(policy=made, users=[UserFactory()])
    return made


def opened(integration, build="main"):
    """Have a build fail, and return its alert."""
    MessageFactory(integration=integration, build=build)
    operations.process_waiting(integration.pk, now=NOW)
    return Alert.objects.get(source_id=build)


ALWAYS, NEVER = {"monday": "00:00-24:00"}, {"monday": ""}


@pytest.mark.parametrize(
    ("hours", "is_outside", "name"),
    [(ALWAYS, False, "Nights"), (ALWAYS, True, "Days"), (NEVER, False, "Days"), (NEVER, True, "Nights")],
)
def test_another_policy_by_the_time(hours, is_outside, name, integration):
    integration.escalation_policy = policy("Days")
    integration.save()
    RouteFactory(
        integration=integration,
        hours=HoursFactory(**hours),
        is_outside_hours=is_outside,
        policy=policy("Nights"),
    )

    alert = opened(integration)

    assert alert.policy.name == name
    assert Escalation.objects.get(alert=alert).policy == alert.policy
    assert (alert.sla_due_at is not None) is (name == "Nights")


@pytest.mark.parametrize(
    ("columns", "is_routed"),
    [
        ({"value": "main"}, True),
        ({"value": "other"}, False),
        ({"value": "other", "is_negated": True}, True),
        ({"operator": "regex", "value": "^ma"}, True),
        ({"path": "nowhere", "operator": "exists"}, False),
        ({"path": "nowhere", "operator": "exists", "is_negated": True}, True),
    ],
)
def test_another_policy_by_what_was_delivered(columns, is_routed, integration):
    nights = policy("Nights")
    RouteFactory(integration=integration, policy=nights, **{"path": KEY, **columns})

    assert (opened(integration).policy == nights) is is_routed


def test_both_must_be_so(integration):
    nights = policy("Nights")
    RouteFactory(integration=integration, path=KEY, value="main", hours=HoursFactory(**NEVER), policy=nights)

    assert opened(integration).policy == integration.escalation_policy


def test_the_first_that_fits_says_the_policy_and_all_that_fit_add_their_teams(integration):
    first, second = policy("First"), policy("Second")
    teams = [TeamFactory(name=name, people=[UserFactory()]) for name in ("Web", "Data", "Ops")]
    RouteFactory(
        integration=integration, position=1, path=KEY, value="other", policy=second, teams=[teams[2]]
    )
    RouteFactory(integration=integration, position=2, path=KEY, value="main", teams=[teams[0]])
    RouteFactory(integration=integration, position=3, path=KEY, value="main", policy=first, teams=teams[:2])
    RouteFactory(integration=integration, position=4, path=KEY, value="main", policy=second)

    alert = opened(integration)

    assert alert.policy == first
    assert set(alert.named_teams.all()) == set(teams[:2])


def test_what_opens_anew_is_routed_anew(integration):
    nights = policy("Nights")
    alert = opened(integration)
    MessageFactory(integration=integration, state="SUCCESSFUL")
    operations.process_waiting(integration.pk, now=NOW)
    RouteFactory(integration=integration, path=KEY, value="main", policy=nights)

    assert opened(integration) == alert
    assert Alert.objects.get().policy == nights


def test_a_change_of_routes_counts_for_the_next_delivery(integration):
    nights = policy("Nights")
    row = RouteFactory(integration=integration, path=KEY, value="other", policy=nights)
    first = opened(integration, "main")

    row.value = "next"
    row.save()

    assert first.policy == integration.escalation_policy
    assert opened(integration, "next").policy == nights


def test_without_routes_a_delivery_costs_no_statement_more(integration):
    def cost(build):
        MessageFactory(integration=integration, build=build)
        with CaptureQueriesContext(connection) as statements:
            operations.process_waiting(integration.pk, now=NOW)
        return len(statements), any("route" in row["sql"] for row in statements if "EXISTS" not in row["sql"])

    cost("warm-up")
    plain, asked = cost("plain")
    RouteFactory(integration=integration, path=KEY, value="nothing", policy=policy("Nights"))
    routed, _asked = cost("routed")

    assert not asked
    assert routed == plain + 2


def test_the_trace_says_which_routes_fit(integration):
    RouteFactory(integration=integration, position=1, path=KEY, value="other", policy=policy("A"))
    RouteFactory(integration=integration, position=2, path=KEY, value="main", policy=policy("B"))

    trace = pipeline.evaluate(payload.decode(build_body("FAILED")), operations.config_of(integration))

    assert trace.decisions[0].as_json()["routes"] == [2]


@pytest.mark.parametrize(
    ("routes", "policy_id", "teams"),
    [
        ((), None, ()),
        ((Route(1),), None, ()),
        ((Route(1, teams=("A",)), Route(2, policy_id=7, teams=("A", "B"))), 7, ("A", "B")),
        ((Route(1, policy_id=7), Route(2, policy_id=8)), 7, ()),
    ],
    ids=["none", "nothing said", "teams once", "the first"],
)
def test_routes_are_followed(routes, policy_id, teams):
    event = follow(failed(), routes, NOW)

    assert (event.policy_id, event.teams) == (policy_id, teams)


def test_named_teams_of_the_event_stay():
    assert follow(failed(teams=("Web",)), (Route(1, teams=("Ops",)),), NOW).teams == ("Web", "Ops")
