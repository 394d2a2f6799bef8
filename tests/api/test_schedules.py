"""Programs read who is on call, and change it where they may."""

import pytest

from alertops import roles
from alerts.models import Override, Rotation, Schedule, TeamMembership
from tests.admin.conftest import NOBODY
from tests.factories import NOW, RotationFactory, ScheduleFactory, TeamFactory, UserFactory

V1 = "/api/v1"


@pytest.fixture
def people(db):
    return [UserFactory(username="anna"), UserFactory(username="ben")]


@pytest.fixture
def weekly(people):
    return RotationFactory(turns=people, schedule__name="Website")


@pytest.fixture
def keeper(caller):
    return caller(roles.INTEGRATIONS_ADMIN)


@pytest.fixture
def viewer(caller):
    return caller(roles.VIEWER)


def names(people):
    return [person["username"] for person in people]


def test_who_is_on_call_now_and_at_a_time(weekly, viewer):
    address = f"{V1}/schedules/{weekly.schedule_id}/on-call"

    assert names(viewer.get(address).json()["primary"]) == ["anna"]
    assert names(viewer.get(address, {"at": "2026-03-09T10:00:00+01:00"}).json()["primary"]) == ["ben"]
    assert viewer.get(address, {"at": "tomorrow"}).status_code == 400
    assert viewer.get(address, {"at": "2026-03-09T10:00:00"}).status_code == 400


def test_who_is_on_call_everywhere(weekly, viewer, django_assert_max_num_queries):
    other = ScheduleFactory(is_uncovered_time_intended=True)

    answer = viewer.get(f"{V1}/schedules/on-call").json()

    assert [(row["schedule"], names(row["primary"])) for row in answer] == [
        (weekly.schedule_id, ["anna"]),
        (other.pk, []),
    ]
    assert answer[1]["is_intended_gap"]


def test_the_shifts_between_two_times_with_the_gaps(weekly, viewer):
    address = f"{V1}/schedules/{weekly.schedule_id}/shifts"
    weekly.ends_on = "2026-03-10"
    weekly.save()

    answer = viewer.get(address, {"from": "2026-03-08T00:00:00Z", "until": "2026-03-12T00:00:00Z"}).json()

    assert [(row["begin"], row["end"], names(row["people"])) for row in answer["shifts"]] == [
        ("2026-03-08T00:00:00Z", "2026-03-09T09:00:00Z", ["anna"]),
        ("2026-03-09T09:00:00Z", "2026-03-10T09:00:00Z", ["ben"]),
    ]
    assert answer["gaps"] == [
        {"begin": "2026-03-10T09:00:00Z", "end": "2026-03-12T00:00:00Z", "role": "primary"}
    ]
    assert viewer.get(address, {"from": "2026-03-08T00:00:00Z"}).status_code == 400
    long = {"from": "2026-03-08T00:00:00Z", "until": "2028-03-08T00:00:00Z"}
    assert viewer.get(address, long).status_code == 400


def test_a_schedule_with_a_rotation_is_made_and_changed(keeper, people):
    made = keeper.post(f"{V1}/schedules", {"name": "Shop", "time_zone": "Europe/Berlin"}, format="json")
    assert made.status_code == 201, made.json()
    rotation = {
        "schedule": made.json()["id"],
        "name": "Weeks",
        "kind": "weekly",
        "starts_on": "2026-01-05",
        "time_zone": "Europe/Berlin",
        "turns": [["anna"], ["ben"]],
        "hours": [{"weekdays": [0, 1], "begins": "09:00", "ends": "17:00"}],
    }
    added = keeper.post(f"{V1}/rotations", rotation, format="json")
    assert added.status_code == 201, added.json()
    assert added.json()["turns"] == [["anna"], ["ben"]]

    change = {"turns": [["ben"]], "hours": []}
    changed = keeper.patch(f"{V1}/rotations/{added.json()['id']}", change, format="json")

    assert changed.json()["turns"] == [["ben"]]
    assert changed.json()["hours"] == []
    assert Rotation.objects.filter(past_of=added.json()["id"]).count() == 1
    assert keeper.delete(f"{V1}/rotations/{added.json()['id']}").status_code == 204
    assert keeper.get(f"{V1}/rotations").json()["results"] == []
    assert keeper.delete(f"{V1}/schedules/{made.json()['id']}").status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"turns": [["nobody"]]}, "turns"),
        ({"ends_on": "2026-01-05"}, "ends_on"),
        ({"kind": "calendar"}, "calendar_url"),
        ({"hours": [{"weekdays": [7], "begins": "09:00", "ends": "17:00"}]}, "hours"),
        ({"counts_from": "2026-03-01T00:00:00Z"}, "counts_from"),
        ({"holiday_region": "XX"}, "holiday_region"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(change, field, keeper, weekly):
    answer = keeper.patch(f"{V1}/rotations/{weekly.pk}", change, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


def test_an_override_is_made_and_ended(keeper, weekly):
    asked = {
        "schedule": weekly.schedule_id,
        "change": "replace",
        "role": "primary",
        "substitute": "ben",
        "begin_at": "2026-03-02T00:00:00Z",
        "end_at": "2026-03-03T00:00:00Z",
    }

    made = keeper.post(f"{V1}/overrides", asked, format="json")

    assert made.status_code == 201, made.json()
    assert made.json()["begin_at"] == "2026-03-02T12:00:00Z"
    assert keeper.delete(f"{V1}/overrides/{made.json()['id']}").status_code == 204
    assert not Override.objects.exists()
    over = {**asked, "end_at": "2026-03-02T01:00:00Z"}
    assert "end_at" in keeper.post(f"{V1}/overrides", over, format="json").json()["fields"]


def own_override(weekly, substitute):
    return {
        "schedule": weekly.schedule_id,
        "change": "replace",
        "role": "primary",
        "substitute": substitute,
        "begin_at": "2026-03-02T13:00:00Z",
        "end_at": "2026-03-03T00:00:00Z",
    }


def test_a_member_takes_a_shift_upon_himself_and_puts_nobody_else_on_call(viewer, weekly):
    name = viewer.user.username
    assert viewer.post(f"{V1}/overrides", own_override(weekly, name), format="json").status_code == 403

    weekly.turns.first().users.add(viewer.user)

    assert viewer.post(f"{V1}/overrides", own_override(weekly, "ben"), format="json").status_code == 403
    assert viewer.post(f"{V1}/overrides", own_override(weekly, name), format="json").status_code == 201


def calls(weekly, override):
    """Everything that changes something, by name."""
    return {
        "add schedule": ("post", "schedules", {"name": "New", "time_zone": "UTC"}),
        "change schedule": ("patch", f"schedules/{weekly.schedule_id}", {"description": "x"}),
        "delete schedule": ("delete", f"schedules/{weekly.schedule_id}", None),
        "add rotation": (
            *("post", "rotations"),
            {"schedule": weekly.schedule_id, "name": "x", "starts_on": "2026-01-05", "time_zone": "UTC"},
        ),
        "change rotation": ("patch", f"rotations/{weekly.pk}", {"name": "y"}),
        "end rotation": ("delete", f"rotations/{weekly.pk}", None),
        "add override": ("post", "overrides", own_override(weekly, "ben")),
        "end override": ("delete", f"overrides/{override.pk}", None),
    }


OF_TEAM = {
    "change schedule",
    "add rotation",
    "change rotation",
    "end rotation",
    "add override",
    "end override",
}


@pytest.mark.parametrize(
    ("role", "manages", "allowed"),
    [
        (NOBODY, "", set()),
        (roles.VIEWER, "", set()),
        (roles.RESPONDER, "", set()),
        (roles.VIEWER, "own", OF_TEAM),
        (roles.VIEWER, "other", set()),
        (NOBODY, "own", set()),
        (roles.INTEGRATIONS_ADMIN, "", {"add schedule", "delete schedule", *OF_TEAM}),
    ],
)
def test_only_who_may_changes_anything(role, manages, allowed, caller, weekly):
    program = caller(role)
    Schedule.objects.update(team=TeamFactory())
    team = Schedule.objects.get().team if manages == "own" else TeamFactory()
    if manages:
        manager = TeamMembership.Role.ESCALATION_MANAGER
        TeamMembership.objects.create(team=team, user=program.user, role=manager)
    override = Override.objects.create(
        schedule=weekly.schedule,
        change="remove",
        person=UserFactory(),
        created_at=NOW,
        begin_at=NOW,
        end_at="2027-01-01T00:00:00Z",
    )
    found = set()
    # What ends things last.
    ordered = sorted(
        calls(weekly, override).items(), key=lambda one: ("delete", "end").count(one[0].split()[0])
    )
    for name, (method, path, body) in sorted(ordered, key=lambda one: one[0] == "delete schedule"):
        answer = getattr(program, method)(f"{V1}/{path}", body, format="json")
        assert answer.status_code in (200, 201, 204, 403), (name, answer.json())
        if answer.status_code != 403:
            found.add(name)

    assert found == allowed


@pytest.mark.parametrize("path", ["schedules", "rotations", "overrides", "schedules/on-call"])
def test_who_may_not_see_schedules_is_refused(path, caller, client, weekly):
    assert caller(NOBODY).get(f"{V1}/{path}").status_code == 403
    assert client.get(f"{V1}/{path}").status_code == 401


def test_a_manager_by_team_does_not_give_the_schedule_away(viewer, weekly):
    team = TeamFactory()
    Schedule.objects.update(team=team)
    TeamMembership.objects.create(team=team, user=viewer.user, role="escalation_manager")

    answer = viewer.patch(f"{V1}/schedules/{weekly.schedule_id}", {"team": None}, format="json")

    assert answer.status_code == 403
    assert Schedule.objects.get().team == team


def test_a_list_of_rotations_takes_a_fixed_number_of_statements(
    viewer, people, django_assert_max_num_queries
):
    for _number in range(5):
        RotationFactory(turns=people)

    with django_assert_max_num_queries(14):
        assert len(viewer.get(f"{V1}/rotations").json()["results"]) == 5
