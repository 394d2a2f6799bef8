"""What is done with services: their settings and secrets, switched, duplicated, tried, run again, removed."""

import pytest
from django.core import mail
from django.db import connection

from brokers import operations
from brokers.base import InvalidSettings
from brokers.models import BrokerRun, Push, Repository, RepositoryService, RunRequest, SeenCommit
from brokers.operations import removing, samples
from tests.factories import NOW, PushFactory, RepositoryFactory, RunFactory, ServiceFactory, UserFactory

pytestmark = pytest.mark.django_db

CHAT = {"url": "https://chat.example.com/hooks/T0/very-secret"}


def chat(**columns):
    return operations.add_service(RepositoryFactory(), "chat", settings=CHAT, now=NOW, **columns)


def test_secrets_are_kept_apart_and_encrypted():
    service = chat()

    assert "very-secret" not in str(service.settings)
    assert operations.settings_of(service)["url"] == CHAT["url"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets, settings FROM brokers_repositoryservice")
        assert "very-secret" not in str(cursor.fetchone())


def test_secrets_are_in_no_history():
    service = chat()

    assert "secrets" not in {column.name for column in service.history.model._meta.get_fields()}


def test_settings_are_checked_by_the_broker():
    with pytest.raises(InvalidSettings, match="to"):
        operations.add_service(RepositoryFactory(), "email", settings={"to": ["nobody"]}, now=NOW)


def test_titles_tell_services_of_one_broker_apart():
    repository = RepositoryFactory()
    titles = [
        operations.add_service(repository, "post", settings={"url": "https://a.example.com"}, now=NOW).title
        for _number in range(3)
    ]

    assert titles == ["POST", "POST 2", "POST 3"]


def test_a_copy_has_the_secrets_and_is_off():
    service = chat(branch_filter="main")

    copy = operations.duplicate(service, now=NOW)

    assert (copy.is_enabled, copy.title, copy.branch_filter) == (False, f"Copy of {service.title}", "main")
    assert operations.settings_of(copy) == operations.settings_of(service)


def test_what_is_shown_holds_no_secret():
    assert "very-secret" not in str(operations.shown_settings(chat()))


def test_the_token_of_the_host_is_handed_to_the_broker_with_the_stored_address_it_is_for():
    service = chat()
    service.repository.access_token = "token"
    kept = operations.example("one", service.repository, now=NOW)
    kept["push"]["repository"]["url"] = "http://github.com/evil"

    payload = operations.payload_of(service, kept)

    assert payload["service"]["repository_token"] == "token"
    assert payload["service"]["repository_url"] == operations.url_of(service.repository)
    assert payload["repository"]["url"] == "http://github.com/evil"
    assert payload["broker"] == "chat"


@pytest.mark.parametrize(
    ("host", "url", "expected"),
    [
        ("git.example.com:8443", "", "https://git.example.com:8443/acme/website"),
        ("git.example.com", "http://git.example.com/acme/website/", "http://git.example.com/acme/website"),
        ("bitbucket-server", "", ""),
    ],
    ids=["by host and name", "as it was entered", "a Data Center that sends no links"],
)
def test_where_a_repository_is(host, url, expected):
    repository = RepositoryFactory(host=host, full_name="acme/website", url=url)

    assert operations.url_of(repository) == expected


# Trying


@pytest.mark.parametrize("name", samples.EXAMPLES)
@pytest.mark.parametrize("broker", operations.all_brokers(), ids=lambda broker: broker.name)
def test_every_broker_can_be_tried_with_every_example_and_nothing_is_done(name, broker):
    service = ServiceFactory(broker=broker.name, settings=SETTINGS.get(broker.name, {}))

    rehearsal = operations.rehearse(service, operations.example(name, service.repository, now=NOW))

    assert rehearsal.transcript or rehearsal.problem or name == "branch"
    assert mail.outbox == []
    assert not BrokerRun.objects.exists()
    assert not RunRequest.objects.exists()


SETTINGS = {
    "email": {"to": ["anna@example.com"]},
    "email_diff": {"to": ["anna@example.com"]},
    "post": {"url": "https://example.com/hook"},
}


def test_a_rehearsal_says_what_would_be_done():
    service = ServiceFactory(broker="email", settings=SETTINGS["email"])

    rehearsal = operations.rehearse(service, operations.example("three", service.repository, now=NOW))

    [line] = rehearsal.transcript
    assert (line["kind"], line["to"], line["is_dry"]) == ("mail", ["anna@example.com"], True)
    assert rehearsal.problem == ""


def test_a_test_really_does_it_though_the_service_is_off(post, done):
    service = ServiceFactory(broker="email", settings=SETTINGS["email"], is_enabled=False)
    sample = operations.example("one", service.repository, now=NOW)

    run = operations.begin_test(service, sample=sample, requested_by=UserFactory(), now=NOW)

    assert done(run).status == "done"
    assert "Put the basket" in post.gets("anna@example.com")["Subject"]
    assert (run.is_test, run.is_first) == (True, False)


def test_a_recorded_push_can_be_run_again_and_again(server, done):
    service = operations.add_service(RepositoryFactory(), "post", settings={"url": server.url}, now=NOW)
    first = done(RunFactory(service=service))
    anna = UserFactory()

    second = done(operations.run_again(first, requested_by=anna, now=NOW))
    third = done(operations.run_again(second, requested_by=anna, now=NOW))

    assert [second.again_of, third.again_of, third.push] == [first, second, first.push]
    assert len(server.received) == 3


def test_the_last_pushes_of_the_repository_are_offered():
    service = ServiceFactory()
    pushes = [PushFactory(repository=service.repository) for _number in range(3)]
    PushFactory()

    assert operations.recorded(service) == pushes[::-1]


# Removing


def test_a_repository_goes_with_all_it_has_and_takes_nothing_else():
    run, other = RunFactory(), RunFactory()
    RunRequest.objects.create(run=run, index=0)
    RunFactory(service=run.service, push=run.push, is_first=False, again_of=run)
    SeenCommit.objects.create(repository=run.repository, node="1" * 40)

    removing.remove_repository(run.repository)

    assert list(Repository.objects.all()) == [other.repository]
    assert list(BrokerRun.objects.all()) == [other]
    assert list(Push.objects.all()) == [other.push]
    assert not SeenCommit.objects.exists()
    assert not RunRequest.objects.exists()


def test_a_service_goes_with_its_runs_and_the_push_stays():
    run = RunFactory()

    removing.remove_service(run.service)

    assert not RepositoryService.objects.exists()
    assert not BrokerRun.objects.exists()
    assert Push.objects.exists()
