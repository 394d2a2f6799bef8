"""Policies that come ready: those to begin with do what they say, a copy does what its original does."""

from datetime import timedelta

import pytest

from alerts.models import EscalationPolicy
from alerts.operations import policies
from alerts.operations.drawing import drawing_of
from alerts.operations.freezing import frozen_steps
from alerts.operations.starters import STARTERS
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start, told
from tests.factories import NOW, HoursFactory, PolicyFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
TOLD = {
    "five-minutes": [(0, "anna"), (5, "ben"), (10, "carol")],
    "six-times": [
        *((5 * number, "anna") for number in range(6)),
        *((30 + 5 * number, "ben") for number in range(6)),
        *((60 + 5 * number, "carol") for number in range(6)),
    ],
    "all-hands": [(0, "anna"), (0, "ben"), (0, "carol")],
    "all-hands-quietly": [(0, "anna"), (0, "ben"), (0, "carol")],
    "managers": [(0, "carol")],
}
URGENCY = {"all-hands": "high", "all-hands-quietly": "low", "managers": "low"}


@pytest.fixture
def team():
    people = [UserFactory(username=name) for name in ("anna", "ben", "carol")]
    made = TeamFactory(people=people)
    for membership, role in zip(
        made.memberships.all(), ("primary", "secondary", "escalation_manager"), strict=True
    ):
        membership.role = role
        membership.save()
    return made


@pytest.mark.parametrize("slug", TOLD)
def test_a_policy_to_begin_with_tells_the_recipients_teams_as_it_says(slug, team):
    made = policies.adopt(policies.starter(slug))
    alert = start(made)
    alert.integration.recipient_teams.add(team)

    pass_minutes(0, 85 if slug == "six-times" else 10)

    calls = alert.notifications.exclude(kind="last_resort")
    assert [((row.created_at - NOW) // MINUTE, row.user.username) for row in calls.order_by("id")] == TOLD[
        slug
    ]
    assert {row.urgency for row in calls} == {URGENCY.get(slug, "high")}


def test_there_are_five_of_them_and_each_is_tried_here():
    assert {starter.slug for starter in STARTERS} == TOLD.keys()


def test_an_owner_ends_them(team):
    alert = start(policies.adopt(policies.starter("five-minutes")))
    alert.integration.recipient_teams.add(team)
    pass_minutes(0, 0)

    alert.__class__.objects.update(owner=team.members.first())
    pass_minutes(1, 11)

    assert told(alert) == [(0, "anna")]


def test_the_same_can_be_had_twice():
    names = [policies.adopt(policies.starter("all-hands")).name for _ in range(2)]

    assert names == ["All hands", "All hands 2"]


def test_what_is_not_there_is_said():
    with pytest.raises(policies.UnknownStarter):
        policies.starter("nothing")


def test_a_copy_has_the_same_settings_and_steps():
    anna, team = UserFactory(), TeamFactory()
    original = policy(
        ([anna], 0, {"tag": "stage", "severities": ["critical"]}),
        ([], 5, {"teams": [team], "team_role": "secondary", "hours": HoursFactory(monday="09:00-17:00")}),
        name="Nights",
        stop="closed",
        runs=3,
        sla_hours="2.5",
    )

    copy = policies.clone(original)

    assert copy.pk != original.pk
    assert copy.name == "Copy of Nights"
    assert frozen_steps(copy) == frozen_steps(original)
    same = {"stop", "runs", "sla_hours", "last_resort", "acknowledgement_timeout_error", "assignment_timeout"}
    originals = EscalationPolicy.objects.filter(pk=original.pk).values(*same)
    assert list(EscalationPolicy.objects.filter(pk=copy.pk).values(*same)) == list(originals)


def test_a_copy_of_a_long_name_has_room_for_a_number():
    original = PolicyFactory(name="N" * 100)

    names = [policies.clone(original).name for _ in range(2)]

    assert len(set(names)) == 2
    assert all(len(name) <= 100 for name in names)


def drawn(made):
    drawing = drawing_of(made, now=NOW)
    return [(mark.number, mark.after // MINUTE, mark.who, mark.now) for mark in drawing.marks]


def test_a_policy_is_drawn_from_its_first_step_to_the_last_resort():
    anna, boss = UserFactory(username="anna"), UserFactory(username="boss")
    team = TeamFactory(name="Web", people=[UserFactory(username="ben"), UserFactory(username="cem")])
    made = policy(
        ([anna], 0, {"tells_recipients": True}),
        ([], 5, {"teams": [team], "team_order": "one_by_one", "member_wait": 2 * MINUTE}),
        last_resort=boss,
    )

    assert drawn(made) == [
        (1, 0, "Anna and the integration's recipients", "Anna"),
        (2, 5, "team Web, one by one", "Ben"),
        (2, 7, "the next member of each team", "Cem"),
        (0, 12, "last resort, then again every hour", "Boss"),
    ]


def test_places_on_the_line_go_from_the_first_to_the_last():
    places = [mark.place for mark in drawing_of(policy(*[([UserFactory()], 5, {})] * 3), now=NOW).marks]

    assert places == sorted(places)
    assert places[-1] == 100


def test_a_policy_whose_steps_are_all_at_once_is_drawn():
    marks = drawing_of(policy(([UserFactory()], 0, {})), now=NOW).marks

    assert [mark.after for mark in marks] == [timedelta(0), 5 * MINUTE]


def test_a_policy_without_steps_has_no_line():
    assert drawing_of(PolicyFactory(), now=NOW).marks == ()


def test_conditions_and_stops_are_said():
    hours = HoursFactory(name="Office", monday="09:00-17:00")
    options = {"severities": ["critical", "error"], "tag": "stage", "tag_values": "live", "hours": hours}

    mark = drawing_of(policy(([UserFactory()], 0, {**options, "stop": "closed"})), now=NOW).marks[0]

    assert mark.only == "only when it is critical or error, only with the tag stage live, only in Office"
    assert mark.stops == "it is closed"
