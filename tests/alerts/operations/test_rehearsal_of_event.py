"""Who would be told is what is told: a rehearsal goes the way that an escalation goes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.logic.event import Event, Kind, Severity
from alerts.models import AlertEvent, User
from alerts.operations import ingest
from alerts.operations.rehearsal import of_event
from tests.alerts.operations.policies import MINUTE, pass_minutes
from tests.factories import NOW, IntegrationFactory, PolicyFactory, StepFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def event(**more):
    return Event(kind=Kind.OPEN, source="Bitbucket", source_name="website", source_id="main", **more)


def told(found):
    """Return who is told after how many minutes."""
    rows = [*found.first_round, *filter(None, [found.last_resort])]
    return [(row.after // MINUTE, [user.username for user in row.reach.people]) for row in rows]


@pytest.fixture
def people():
    return [UserFactory(username=name) for name in ("anna", "ben", "carla", "dan")]


@pytest.fixture
def sender(people):
    anna, ben, carla, dan = people
    policy = PolicyFactory(last_resort=dan, runs=2)
    StepFactory(policy=policy, position=1, users=[anna])
    StepFactory(policy=policy, position=2, users=[ben], wait=5 * MINUTE)
    team = TeamFactory(people=[carla, ben])
    StepFactory(policy=policy, position=3, teams=[team], team_order="one_by_one", wait=10 * MINUTE)
    return IntegrationFactory(escalation_policy=policy)


def test_the_first_round_is_told_and_the_last_resort_at_its_minute(sender):
    found = of_event(sender, event(), now=NOW)

    assert told(found)[:4] == [(0, ["anna"]), (5, ["ben"]), (15, ["carla"]), (20, ["ben"])]
    assert found.runs == 2
    assert told(found)[4] == (60, ["dan"])


def test_it_is_what_happens(sender):
    foretold = told(of_event(sender, event(), now=NOW))
    ingest(sender, event(), now=NOW)

    pass_minutes(0, 60)

    names = dict(User.objects.values_list("pk", "username"))
    lines = AlertEvent.objects.filter(kind__in=("step", "exhausted")).order_by("id")
    happened = [((line.at - NOW) // MINUTE, [names[pk] for pk in line.data["told"]]) for line in lines]
    assert happened[:4] == foretold[:4]
    assert happened[-1] == foretold[-1]


def test_recipients_and_who_is_named_come_first(people):
    anna, _ben, carla, _dan = people
    policy = PolicyFactory(runs=1)
    StepFactory(policy=policy, users=[carla], wait=5 * MINUTE)
    sender = IntegrationFactory(escalation_policy=policy, recipients=[anna])

    assert told(of_event(sender, event(users=("BEN", "nobody")), now=NOW))[:2] == [
        (0, ["ben", "anna"]),
        (5, ["carla"]),
    ]


def test_a_step_that_reaches_nobody_is_said_and_the_next_one_follows_at_once(people):
    anna, ben, *_ = people
    ben.email = ""
    ben.save()
    policy = PolicyFactory(runs=1)
    StepFactory(policy=policy, position=1, users=[ben])
    StepFactory(policy=policy, position=2, users=[anna], wait=5 * MINUTE)

    found = of_event(IntegrationFactory(escalation_policy=policy), event(), now=NOW)

    assert told(found)[:2] == [(0, []), (0, ["anna"])]
    assert found.first_round[0].reach.missed == ("Ben (no e-mail address)",)


def test_whoever_had_it_last_comes_first_when_it_opens_again(sender, people):
    found = of_event(sender, event(), now=NOW, last_owner=people[3])

    assert told(found)[:2] == [(0, ["dan"]), (5, ["anna"])]


def test_where_nobody_is_named_the_last_resort_is_told_at_once(people):
    UserFactory(username="root", is_superuser=True)
    sender = IntegrationFactory(escalation_policy=None)

    assert told(of_event(sender, event(severity=Severity.INFO), now=NOW)) == [(0, ["root"])]


def test_it_asks_a_few_questions_and_writes_nothing(sender):
    with CaptureQueriesContext(connection) as queries:
        of_event(sender, event(users=("anna",), teams=("ops",)), now=NOW)

    assert {query["sql"].lstrip("(").split()[0] for query in queries} == {"SELECT"}
    assert len(queries) <= 14
