"""Who would be told of a manual alert: just those who are told when it is opened."""

import pytest

from alerts.logic.event import Severity
from alerts.logic.lifecycle import Actor
from alerts.models import Alert, Notification
from alerts.operations import rehearsal
from alerts.operations.manual import Manual, open_manually
from alerts.operations.rehearsal import of_manual
from tests.alerts.operations.policies import MINUTE, pages, pass_minutes, policy
from tests.factories import NOW, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    made = {name: UserFactory(username=name) for name in ("anna", "ben", "carla")}
    made["mute"] = UserFactory(username="mute", email="")
    made["root"] = UserFactory(username="root", is_superuser=True)
    return made


POLICIES = {
    "two steps, two rounds": lambda p: policy(([p["anna"]], 0, {}), ([p["ben"]], 5, {}), runs=2),
    "first step waits": lambda p: policy(([p["anna"]], 3, {}), ([p["ben"], p["carla"]], 7, {})),
    "a step that reaches nobody": lambda p: policy(([p["mute"]], 0, {}), ([p["ben"]], 5, {})),
    "nobody at all": lambda p: policy(([p["mute"]], 0, {}), runs=3),
    "recipients named by a step": lambda p: policy(([p["anna"]], 0, {}), ([], 4, {"tells_recipients": True})),
    "a team one by one": lambda p: policy(
        (
            [],
            0,
            {
                "teams": [TeamFactory(people=[p["anna"], p["ben"], p["carla"]])],
                "team_order": "one_by_one",
                "member_wait": 2 * MINUTE,
            },
        ),
        ([p["anna"]], 6, {}),
    ),
    "at the same moment": lambda p: policy(([p["anna"]], 0, {}), ([p["anna"], p["ben"]], 0, {})),
    "no step": lambda p: policy(),
    "none": lambda p: None,
}


@pytest.mark.parametrize("recipients", [[], ["carla"]], ids=["without recipients", "with a recipient"])
@pytest.mark.parametrize("name", POLICIES)
def test_what_is_rehearsed_is_what_happens(name, recipients, people):
    chosen, named = POLICIES[name](people), [people[who] for who in recipients]

    stages = of_manual(chosen, named, now=NOW).stages

    rehearsed = [
        (stage.after // MINUTE, user.username, "page" if stage.step else "last_resort")
        for stage in stages
        for user in stage.reach.people
    ]
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()
    manual = Manual(subject="x", severity=Severity.ERROR, policy=chosen, users=tuple(named))
    alert = open_manually(manual, actor=Actor("Anna", "admin"), now=NOW)
    last = max((minute for minute, *_rest in rehearsed), default=0)
    pass_minutes(0, last)
    assert sorted(pages(alert)) == sorted(rehearsed)


def test_who_cannot_be_told_is_named_with_the_reason(people):
    stages = of_manual(policy(([people["mute"]], 0, {})), [], now=NOW).stages

    assert stages[0].reach.missed == ("Mute (no e-mail address)",)
    assert stages[-1].step is None


def test_a_long_policy_is_rehearsed_so_far_and_no_further(people):
    stages = of_manual(policy(([people["anna"]], 1, {}), runs=1000), [], now=NOW).stages

    assert len(stages) == rehearsal.MOST_STAGES


def test_a_rehearsal_costs_the_same_queries_however_many_people_there_are(
    people, django_assert_num_queries, django_assert_max_num_queries
):
    small = policy(([people["anna"]], 0, {}))
    large = policy(*(([UserFactory() for _n in range(5)], 1, {}) for _step in range(6)))
    with django_assert_max_num_queries(8) as first:
        of_manual(small, [], now=NOW)

    with django_assert_num_queries(len(first)):
        of_manual(large, [], now=NOW)
