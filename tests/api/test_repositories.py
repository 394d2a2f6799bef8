"""Programs read repositories, services, pushes and runs, and have runs done again."""

import pytest

from alertops import roles
from brokers.models import BrokerRun
from tests.admin.conftest import NOBODY
from tests.factories import NOW, RunFactory, ServiceFactory, UserFactory

V1 = "/api/v1"
LISTS = ("repositories", "repository-services", "pushes", "runs")


def ids(run):
    return dict(zip(LISTS, (run.repository_id, run.service_id, run.push_id, run.pk), strict=True))


@pytest.mark.parametrize("name", LISTS)
def test_who_has_the_role_reads_all(name, caller):
    runs = [RunFactory(), RunFactory()]
    viewer = caller(roles.VIEWER)

    listed = viewer.get(f"{V1}/{name}").json()["results"]

    assert [row["id"] for row in listed] == [ids(run)[name] for run in runs[::-1]]
    for run in runs:
        assert viewer.get(f"{V1}/{name}/{ids(run)[name]}").json()["id"] == ids(run)[name]


@pytest.mark.parametrize("name", LISTS)
def test_who_administers_one_repository_reads_that_one(name, caller):
    own, other = RunFactory(), RunFactory()
    program = caller(NOBODY)
    assert program.get(f"{V1}/{name}").status_code == 403

    own.repository.administrator_users.add(program.user)

    assert [row["id"] for row in program.get(f"{V1}/{name}").json()["results"]] == [ids(own)[name]]
    assert program.get(f"{V1}/{name}/{ids(own)[name]}").status_code == 200
    assert program.get(f"{V1}/{name}/{ids(other)[name]}").status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_stranger_is_refused(name, client, db):
    assert client.get(f"{V1}/{name}").status_code == 401


def test_a_service_tells_no_secret(caller):
    ServiceFactory(broker="chat", settings={"channel": "#ops"}, secrets='{"url": "very-secret"}')

    answer = caller(roles.VIEWER).get(f"{V1}/repository-services")

    [service] = answer.json()["results"]
    assert (service["settings"], service["secrets"]) == ({"channel": "#ops"}, ["url"])
    assert "very-secret" not in answer.content.decode()


def test_a_repository_tells_its_administrators_and_no_token(caller):
    run = RunFactory()
    run.repository.administrator_users.add(UserFactory(username="anna"))
    run.repository.access_token = "very-secret"
    run.repository.save()

    answer = caller(roles.VIEWER).get(f"{V1}/repositories/{run.repository_id}")

    assert answer.json()["administrators"] == ["anna"]
    assert "very-secret" not in answer.content.decode()


def test_a_run_tells_its_transcript_and_a_list_does_not(caller):
    run = RunFactory(transcript=[{"kind": "log", "text": "hello"}])
    viewer = caller(roles.VIEWER)

    assert viewer.get(f"{V1}/runs/{run.pk}").json()["transcript"][0]["text"] == "hello"
    assert "transcript" not in viewer.get(f"{V1}/runs").json()["results"][0]


@pytest.mark.parametrize(
    ("name", "query", "count"),
    [
        ("runs", "status=pending", 1),
        ("runs", "status=failed&status=done", 0),
        ("runs", "service=0", 0),
        ("repositories", "full_name=ACME/website&host=GitHub.com", 0),
        ("repository-services", "is_enabled=true", 1),
        ("pushes", "repository=0", 0),
    ],
)
def test_lists_are_narrowed(name, query, count, caller):
    RunFactory()

    assert len(caller(roles.VIEWER).get(f"{V1}/{name}?{query}").json()["results"]) == count


@pytest.mark.parametrize("name", LISTS)
def test_an_unknown_filter_is_refused(name, caller):
    assert caller(roles.VIEWER).get(f"{V1}/{name}?colour=red").status_code == 400


def test_a_run_is_done_again_by_who_manages_the_services(caller):
    run = RunFactory(status="failed", next_attempt_at=None)
    keeper = caller(roles.INTEGRATIONS_ADMIN)

    answer = keeper.post(f"{V1}/runs/{run.pk}/again")

    anew = BrokerRun.objects.exclude(pk=run.pk).get()
    assert (answer.status_code, answer.json()["id"]) == (201, anew.pk)
    assert (anew.again_of, anew.requested_by, anew.next_attempt_at) == (run, keeper.user, NOW)


def test_an_administrator_has_the_own_runs_done_again_and_no_others(caller):
    own, other = RunFactory(), RunFactory()
    program = caller(NOBODY)
    own.repository.administrator_users.add(program.user)

    assert program.post(f"{V1}/runs/{own.pk}/again").status_code == 201
    assert program.post(f"{V1}/runs/{other.pk}/again").status_code == 404


def test_a_reader_has_nothing_done(caller):
    run = RunFactory()

    assert caller(roles.RESPONDER).post(f"{V1}/runs/{run.pk}/again").status_code == 403
    assert BrokerRun.objects.count() == 1
