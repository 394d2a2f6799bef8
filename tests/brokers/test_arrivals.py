"""What a push that comes in does: it is on record, known from then on, and services run for it."""

import json

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext

from brokers import operations as brokers
from brokers.models import BrokerRun, Push, Repository, SeenCommit
from integrations import operations
from integrations.logic import payload
from integrations.models import InboundMessage, Outcome
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    RepositoryFactory,
    RuleFactory,
    ServiceFactory,
    push_body,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration():
    integration = IntegrationFactory()
    RuleFactory(integration=integration)
    return integration


@pytest.fixture
def repository():
    return RepositoryFactory(full_name="acme/website")


def pushed(integration, *bodies, **columns):
    """Deliver pushes and process them; return (status, reason) of each."""
    ids = [MessageFactory(integration=integration, body=body, **columns).pk for body in bodies]
    operations.process_waiting(integration.pk, now=NOW)
    rows = InboundMessage.objects.filter(pk__in=ids).order_by("pk")
    return [(row.status, row.reason) for row in rows]


RAN, IGNORED = ("mapped", "services_run"), ("mapped_ignored", "status_mismatch")


def test_each_enabled_service_whose_branches_fit_gets_a_run_of_its_own(integration, repository):
    everything = ServiceFactory(repository=repository)
    of_main = ServiceFactory(repository=repository, branch_filter="main, !old")
    ServiceFactory(repository=repository, branch_filter="release/*")
    ServiceFactory(repository=repository, is_enabled=False)
    ServiceFactory()

    assert pushed(integration, push_body("1")) == [RAN]

    runs = BrokerRun.objects.order_by("service")
    assert [run.service for run in runs] == [everything, of_main]
    assert {(run.status, run.next_attempt_at, run.repository) for run in runs} == {
        ("pending", NOW, repository)
    }


def test_the_sentence_names_the_services_and_leads_to_the_push(integration, repository):
    ServiceFactory(repository=repository, title="Mails")
    ServiceFactory(repository=repository, title="Builds")

    pushed(integration, push_body("1"))

    message, outcome = InboundMessage.objects.get(), Outcome.objects.get()
    assert message.detail == "Ran 2 services of acme/website: Mails, Builds"
    assert outcome.trace["push"] == {"repository": repository.pk, "push": Push.objects.get().pk}
    assert (message.event_count, message.alert) == (0, None)


def test_a_push_is_put_on_record_as_it_was_understood(integration, repository):
    pushed(integration, push_body("1", "2"))

    push = Push.objects.get()
    assert (push.repository, push.integration, push.message_id) == (
        repository,
        integration,
        InboundMessage.objects.get().pk,
    )
    assert (push.pusher, push.branches, push.commit_count) == ("anna", ["main"], 2)
    assert push.summary == "anna pushed 2 commits to main, the last: Commit 2222"


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ([], "the repository has no services"),
        ([{"is_enabled": False}], "all services of the repository are off"),
        ([{"branch_filter": "release/*"}], "no service acts on its branches"),
        ([{"branch_filter": "a b"}], "no service acts on its branches"),
    ],
    ids=["none", "off", "other branches", "a filter that cannot be read"],
)
def test_without_a_service_that_acts_it_is_ignored_and_said_why(services, why, integration, repository):
    for columns in services:
        ServiceFactory(repository=repository, **columns)

    assert pushed(integration, push_body("1")) == [IGNORED]
    assert why in InboundMessage.objects.get().detail
    assert Push.objects.count() == 1
    assert not BrokerRun.objects.exists()


@pytest.mark.parametrize(("branches", "ended"), [("", RAN), ("!old", RAN), ("main", IGNORED)])
def test_a_tag_alone_is_for_services_that_act_on_all_branches(branches, ended, integration, repository):
    ServiceFactory(repository=repository, branch_filter=branches)

    assert pushed(integration, push_body(ref="refs/tags/v1")) == [ended]
    assert ("touches no branch" in InboundMessage.objects.get().detail) is (ended == IGNORED)
    assert Push.objects.get().summary == "anna pushed the tag v1"


@pytest.mark.parametrize("count", [0, 1], ids=["an empty list", "none at all"])
def test_a_push_of_which_its_host_tells_nothing_runs_them_too(count, integration, repository):
    """Bitbucket's POST service sent an empty list where a push was too large; Cloud still may."""
    service = ServiceFactory(repository=repository)
    told = [
        {
            "canon_url": f"https://{repository.host}",
            "commits": [],
            "truncated": True,
            "user": "anna",
            "repository": {"absolute_url": "/acme/website/", "owner": "acme", "slug": "website"},
        },
        {
            "push": {"changes": []},
            "actor": {"nickname": "anna"},
            "repository": {"full_name": "acme/website"},
        },
    ][count]
    if count:
        Repository.objects.update(host="bitbucket.org")

    assert pushed(integration, json.dumps(told).encode()) == [RAN]

    payload = brokers.payload_of(service, Push.objects.get().facts)
    assert payload["commits"] == []
    assert payload["truncated"] is (count == 0)


def test_the_rules_are_not_asked_whatever_they_say(integration, repository):
    rule = integration.rules.get()
    rule.fields["source_status"] = {"kind": "constant", "value": "FAILED"}
    rule.save()

    assert pushed(integration, push_body("1")) == [IGNORED]


def test_what_is_no_push_is_asked_of_the_rules_though_it_looks_a_little_like_one(integration):
    body = {"ref": "main", "repository": {"full_name": "acme/website"}, "commit_status": {"state": "FAILED"}}

    assert pushed(integration, json.dumps(body).encode()) == [("mapped", "opened")]


def test_a_push_that_cannot_be_read_says_where_and_what_to_mend(integration, repository):
    body = json.loads(push_body("1"))
    body["commits"][0]["id"] = 7

    assert pushed(integration, json.dumps(body).encode()) == [("mapping_failed", "error")]
    assert "commits" in InboundMessage.objects.get().detail
    assert not Push.objects.exists()


# Which repository


def test_the_first_push_makes_its_repository_known(integration):
    assert pushed(integration, push_body("1")) == [IGNORED]

    repository = Repository.objects.get()
    assert str(repository) == "acme/website"
    assert (repository.host, repository.kind) == ("github.com", "github")
    assert (repository.is_by_push, repository.created_at) == (True, NOW)
    assert Push.objects.get().repository == repository


def test_a_push_does_not_say_that_its_host_speaks_no_tls(integration):
    body = json.loads(push_body("1"))
    body["repository"]["html_url"] = "http://github.com/acme/website"

    pushed(integration, json.dumps(body).encode())

    assert Repository.objects.get().url == "https://github.com/acme/website"


def test_a_token_that_cannot_be_decrypted_keeps_no_push_back(integration, repository, settings):
    keys, settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    Repository.objects.filter(pk=repository.pk).update(access_token="T0KEN")
    settings.ENCRYPTION_KEYS = keys

    pushed(integration, push_body("1"))

    assert Push.objects.count() == 1


def test_where_pushes_make_none_known_a_stranger_does_nothing(integration, settings):
    settings.REPOSITORIES_BY_PUSH = False

    assert pushed(integration, push_body("1")) == [IGNORED]
    assert "not among the repositories" in InboundMessage.objects.get().detail
    assert not Repository.objects.exists()
    assert not Push.objects.exists()


def test_upper_and_lower_case_are_one_repository_and_two_hosts_are_two(integration, repository):
    elsewhere = RepositoryFactory(full_name="acme/website", host="git.example.org")

    pushed(integration, push_body("1", full_name="Acme/WebSite"))

    assert Push.objects.get().repository == repository
    assert Repository.objects.count() == 2
    assert not Push.objects.filter(repository=elsewhere).exists()


# Which commits are news


def test_a_commit_that_was_seen_on_any_branch_is_no_news_again(integration, repository):
    service = ServiceFactory(repository=repository)

    pushed(integration, push_body("1", "2"), push_body("1", "2", "3", branch="release"))

    first, second = Push.objects.order_by("pk")
    assert (first.commit_count, second.commit_count) == (2, 1)
    told = brokers.payload_of(service, second.facts)["commits"]
    assert [commit["raw_node"][0] for commit in told] == ["3"]
    assert SeenCommit.objects.filter(repository=repository, node="1" * 40).count() == 1


def test_another_repository_has_news_of_its_own(integration):
    pushed(integration, push_body("1"), push_body("1", full_name="fork/website"))

    assert [push.commit_count for push in Push.objects.all()] == [1, 1]


# Once


def test_what_is_delivered_twice_runs_once(integration, repository):
    ServiceFactory(repository=repository)

    ended = pushed(integration, push_body("1"), push_body("1"), delivery_id="a")

    assert ended == [RAN, ("mapped_ignored", "redelivered")]
    assert BrokerRun.objects.count() == 1


def test_the_same_push_without_an_id_is_another_one(integration, repository):
    ServiceFactory(repository=repository)

    assert pushed(integration, push_body("1"), push_body("1")) == [RAN, RAN]
    assert BrokerRun.objects.count() == 2


def test_what_is_taken_in_twice_is_on_record_once(integration, repository):
    ServiceFactory(repository=repository)
    pushed(integration, push_body("1"))
    push = Push.objects.get()
    arrived = brokers.Arrived(
        push=brokers.push_of(push), integration_id=integration.pk, message_id=push.message_id, received_at=NOW
    )

    brokers.take_in([arrived], now=NOW)

    assert Push.objects.count() == 1
    assert BrokerRun.objects.count() == 1


def test_a_test_runs_no_service_for_real(integration, repository):
    ServiceFactory(repository=repository)

    assert pushed(integration, push_body("1"), is_test=True) == [IGNORED]
    assert not BrokerRun.objects.exists()
    assert not Push.objects.exists()


# Processing again


@pytest.mark.parametrize(("notifies", "count"), [(False, 0), (True, 1)], ids=["quietly", "telling people"])
def test_services_made_since_run_for_a_past_push_only_if_that_is_asked_for(
    notifies, count, integration, repository
):
    pushed(integration, push_body("1"))
    ServiceFactory(repository=repository)
    message = InboundMessage.objects.get()

    replay = operations.request_replay(
        integration, [message.pk], requested_by=None, now=NOW, notifies=notifies
    )
    operations.run_replay(replay.pk, now=NOW)

    assert BrokerRun.objects.count() == count
    assert Push.objects.get().commit_count == 1


def test_what_has_run_does_not_run_again_by_processing_again(integration, repository):
    ServiceFactory(repository=repository)
    pushed(integration, push_body("1"))
    ServiceFactory(repository=repository)
    message = InboundMessage.objects.get()

    replay = operations.request_replay(integration, [message.pk], requested_by=None, now=NOW, notifies=True)
    operations.run_replay(replay.pk, now=NOW)

    assert BrokerRun.objects.count() == 1
    message.refresh_from_db()
    assert message.reason == "services_run"


# Set by set


def test_a_hundred_pushes_cost_the_statements_of_one(integration, repository):
    ServiceFactory(repository=repository)

    def cost(count, first):
        for number in range(count):
            MessageFactory(integration=integration, body=push_body(f"{first + number:x}"[-1]))
        with CaptureQueriesContext(connection) as seen:
            operations.process_waiting(integration.pk, now=NOW)
        return len(seen)

    cost(1, 1)
    one = cost(1, 2)

    assert cost(40, 3) <= one
    assert BrokerRun.objects.count() == 42


def test_a_delivery_that_is_no_push_pays_no_statement(integration):
    def cost(body):
        MessageFactory(integration=integration, body=body)
        with CaptureQueriesContext(connection) as seen:
            operations.process_waiting(integration.pk, now=NOW)
        return [query["sql"] for query in seen if "brokers_" in query["sql"]]

    green = b'{"repository": {"full_name": "a/b"}, "commit_status": {"state": "SUCCESSFUL", "key": "1"}}'

    assert cost(green) == []
    assert cost(b'{"ref": "main", "state": "x"}') == []


def test_the_workbench_says_that_it_is_a_push(integration, repository):
    tried = operations.try_rules(
        integration, operations.config_of(integration), payload.decode(push_body("1")), now=NOW
    )

    assert "its services that act on it run" in tried.trace.decisions[0].sentence
    assert tried.rehearsed is None
    assert not Push.objects.exists()
