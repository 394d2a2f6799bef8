"""The pages of repositories: who administers one needs no role, and sees and changes nothing else."""

import json

import pytest
from django.urls import reverse

from brokers import operations
from brokers.models import BrokerRun, Repository, RepositoryService
from tests.admin.conftest import NOBODY
from tests.factories import (
    NOW,
    PushFactory,
    RepositoryFactory,
    RunFactory,
    ServiceFactory,
    TeamFactory,
    UserFactory,
)

URL = "https://chat.example.com/hooks/T0/very-secret"


@pytest.fixture
def world(as_role):
    """Two repositories with a service, a push and a run each; a person without a role administers one."""

    class World:
        client = as_role(NOBODY)
        own = RunFactory(service=ServiceFactory(broker="email", settings={"to": ["a@example.com"]}))
        other = RunFactory(service=ServiceFactory(broker="email", settings={"to": ["b@example.com"]}))

    World.own.repository.administrator_users.add(World.client.user)
    return World


def at(page, *arguments, **query):
    return reverse(f"admin:brokers_{page}", args=arguments, query=query or None)


# Rows of one repository, and of no other


def pages(run):
    """Every page about a run, its push, its service and its repository, with the way it is asked."""
    service, repository = run.service_id, run.repository_id
    return {
        "repository": ("get", at("repository_change", repository)),
        "repository's history": ("get", at("repository_history", repository)),
        "service": ("get", at("repositoryservice_change", service)),
        "service's history": ("get", at("repositoryservice_history", service)),
        "new service": ("get", at("repositoryservice_add", repository=repository, broker="post")),
        "test": ("get", at("repositoryservice_test", service)),
        "deleting the service": ("get", at("repositoryservice_delete", service)),
        "push": ("get", at("push_change", run.push_id)),
        "run": ("get", at("brokerrun_change", run.pk)),
        "doing a test": ("post", at("repositoryservice_test", service)),
        "run again": ("post", at("brokerrun_again", run.pk)),
        "switch off": ("post", at("repositoryservice_off", service)),
        "switch on": ("post", at("repositoryservice_on", service)),
        "duplicate": ("post", at("repositoryservice_duplicate", service)),
        "save": ("post", at("repositoryservice_change", service)),
        "save a new one": ("post", at("repositoryservice_add", repository=repository, broker="post")),
        "delete": ("post", at("repositoryservice_delete", service)),
    }


def test_an_administrator_opens_every_page_of_the_own_repository(world):
    for name, (method, url) in pages(world.own).items():
        assert getattr(world.client, method)(url).status_code in (200, 302), name


def test_an_administrator_opens_no_page_of_another_and_changes_nothing_there(world):
    before = list(RepositoryService.objects.filter(repository=world.other.repository).values())

    for name, (method, url) in pages(world.other).items():
        answer = getattr(world.client, method)(url)
        assert answer.status_code in (403, 404) or answer.url == reverse("admin:index"), name

    assert list(RepositoryService.objects.filter(repository=world.other.repository).values()) == before
    assert BrokerRun.objects.filter(repository=world.other.repository).count() == 1


@pytest.mark.parametrize("page", ["repository", "repositoryservice", "push", "brokerrun"])
def test_lists_hold_the_own_repository_alone(page, world):
    answer = world.client.get(at(f"{page}_changelist"))

    assert len(answer.context["cl"].result_list) == 1
    row = answer.context["cl"].result_list[0]
    assert getattr(row, "repository_id", row.pk) == world.own.repository_id


def test_the_filters_of_a_list_lead_to_no_other_repository(world):
    answer = world.client.get(at("brokerrun_changelist", repository=world.other.repository_id))

    assert list(answer.context["cl"].result_list) == []


@pytest.mark.parametrize("page", ["repository_add", "repository_delete"])
def test_to_administer_one_makes_and_deletes_none(page, world):
    arguments = [world.own.repository_id] if page.endswith("delete") else []

    assert world.client.get(at(page, *arguments)).status_code == 403
    assert world.client.post(at(page, *arguments)).status_code == 403


def test_an_administrator_does_not_rename_it(world):
    repository = world.own.repository
    data = {"host": "evil.example", "full_name": "a/b", "kind": "gitlab", "url": "", "access_token": "new"}
    data["administrator_users"] = [world.client.user.pk]

    answer = world.client.post(at("repository_change", repository.pk), data)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    changed = Repository.objects.get(pk=repository.pk)
    assert (changed.host, changed.full_name) == (repository.host, repository.full_name)
    assert (changed.kind, changed.access_token) == ("gitlab", "new")


def test_an_administrator_names_others_from_a_list_of_people(world):
    repository, other = world.own.repository, UserFactory(username="berta")
    url = at("repository_change", repository.pk)

    page = world.client.get(url).content.decode()
    world.client.post(url, {"administrator_users": [world.client.user.pk, other.pk]})

    assert f'<option value="{other.pk}">' in page
    assert set(repository.administrator_users.all()) == {world.client.user, other}


@pytest.mark.parametrize("by_team", [False, True], ids=["by name", "by team"])
def test_an_administrator_takes_others_out_but_not_himself(by_team, world):
    repository, other = world.own.repository, UserFactory()
    repository.administrator_users.set([other] if by_team else [other, world.client.user])
    team = TeamFactory(people=[world.client.user])
    if by_team:
        repository.administrator_teams.add(team)
    keeps = {"administrator_teams": [team.pk]} if by_team else {"administrator_users": [world.client.user.pk]}
    url = at("repository_change", repository.pk)

    refused = world.client.post(url, {"administrator_users": [other.pk]})
    assert "no longer administer" in refused.content.decode()
    assert other in repository.administrator_users.all()

    assert world.client.post(url, keeps).status_code == 302
    assert other not in repository.administrator_users.all()


def test_who_has_the_role_may_take_himself_out(superuser):
    repository = RepositoryFactory(administrators=[superuser.user])
    data = {"host": repository.host, "full_name": repository.full_name}

    assert superuser.post(at("repository_change", repository.pk), data).status_code == 302
    assert not repository.administrator_users.exists()


@pytest.mark.parametrize(
    ("url", "is_saved"),
    [
        ("https://github.com/elsewhere", True),
        ("https://evil.example/acme", False),
        ("http://github.com/acme", False),
        ("https://github.com:8443/acme", False),
    ],
)
def test_the_token_that_is_kept_goes_to_no_other_host(url, is_saved, superuser):
    repository = RepositoryFactory(access_token="very-secret")
    data = {"host": repository.host, "full_name": repository.full_name, "url": url}

    answer = superuser.post(at("repository_change", repository.pk), data)

    assert (answer.status_code == 302) is is_saved
    assert (Repository.objects.get().url == url) is is_saved
    again = superuser.post(at("repository_change", repository.pk), {**data, "access_token": "other"})
    assert again.status_code == 302


def test_a_team_administers_as_a_person_does(as_role, world):
    member = as_role(NOBODY)
    assert member.get(at("repository_changelist")).status_code == 403

    world.other.repository.administrator_teams.add(TeamFactory(people=[member.user]))

    assert member.get(at("repository_change", world.other.repository_id)).status_code == 200
    assert "Repositories" in member.get(reverse("admin:index")).content.decode()


def test_who_administers_nothing_has_no_such_menu(as_role):
    page = as_role(NOBODY).get(reverse("admin:index")).content.decode()

    assert at("repository_changelist") not in page


# A repository


def test_a_repository_is_added_by_its_address_or_its_name(superuser):
    data = {"host": "https://Bitbucket.org/acme", "full_name": "/acme/website.git", "kind": "bitbucket"}

    superuser.post(at("repository_add"), data)

    repository = Repository.objects.get()
    assert (repository.host, repository.full_name, repository.created_at) == (
        "bitbucket.org",
        "acme/website",
        NOW,
    )


def test_the_same_repository_is_refused_in_other_letters_too(superuser):
    RepositoryFactory(host="github.com", full_name="acme/website")

    answer = superuser.post(at("repository_add"), {"host": "github.com", "full_name": "Acme/Website"})

    assert "This repository is here already." in answer.content.decode()


def test_its_page_lists_services_and_offers_every_broker(superuser):
    run = RunFactory(sentence="Sent 1 mail.", status="done")

    page = superuser.get(at("repository_change", run.repository_id)).content.decode()

    assert run.service.title in page
    assert "Sent 1 mail." in page
    assert all(f'<option value="{broker.name}">' in page for broker in operations.all_brokers())


def test_the_access_token_never_comes_out_and_stays_when_left_empty(superuser):
    repository = RepositoryFactory(access_token="very-secret")
    url = at("repository_change", repository.pk)

    page = superuser.get(url).content.decode()
    superuser.post(url, {"host": repository.host, "full_name": repository.full_name, "access_token": ""})

    assert "very-secret" not in page
    assert Repository.objects.get().access_token == "very-secret"
    superuser.post(url, {"host": repository.host, "full_name": repository.full_name, "removes_token": "on"})
    assert Repository.objects.get().access_token == ""


def test_deleting_says_what_is_lost_and_deletes_it(superuser):
    run = RunFactory()
    url = at("repository_delete", run.repository_id)

    assert "what they did" in superuser.get(url).content.decode()
    superuser.post(url)

    assert not Repository.objects.exists()
    assert not BrokerRun.objects.exists()


# A service


def add(client, repository, broker, **data):
    url = at("repositoryservice_add", repository=repository.pk, broker=broker)
    return client.post(url, {"title": "Mine", "branch_filter": "", **data})


def test_the_form_has_what_the_broker_declares_and_its_help_beside_it(superuser):
    repository = RepositoryFactory()
    for broker in operations.all_brokers():
        page = superuser.get(at("repositoryservice_add", repository=repository.pk, broker=broker.name))
        text = page.content.decode()

        assert all(f'name="setting_{field.name}"' in text for field in broker.fields)
        assert "ao-help" in text


def test_what_is_saved_is_on_at_once(superuser):
    repository = RepositoryFactory()

    answer = add(
        superuser, repository, "email", setting_to="a@example.com, b@example.com", branch_filter="main,dev"
    )

    service = RepositoryService.objects.get()
    assert answer.url == at("repositoryservice_change", service.pk)
    assert (service.is_enabled, service.title, service.branch_filter) == (True, "Mine", "main, dev")
    assert service.settings["to"] == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    ("broker", "data", "said"),
    [
        ("email", {"setting_to": "nobody"}, "is no e-mail address"),
        ("email", {}, "This field is required"),
        ("post", {"setting_url": "ftp://example.com"}, "begins with https"),
        ("email", {"setting_to": "a@example.com", "branch_filter": "a b"}, "cannot be a branch"),
        ("email", {"setting_to": "a@example.com", "title": ""}, "This field is required"),
    ],
)
def test_what_will_not_do_is_said_at_its_field(broker, data, said, superuser):
    answer = add(superuser, RepositoryFactory(), broker, **data)

    assert said in answer.content.decode()
    assert not RepositoryService.objects.exists()


def test_two_services_of_a_repository_have_two_titles(superuser):
    service = ServiceFactory(title="Mine")

    answer = add(superuser, service.repository, "email", setting_to="a@example.com")

    assert "has this title" in answer.content.decode()


def test_a_secret_never_comes_out_and_stays_when_left_empty(superuser):
    repository = RepositoryFactory()
    add(superuser, repository, "chat", setting_url=URL)
    service = RepositoryService.objects.get()
    url = at("repositoryservice_change", service.pk)

    page = superuser.get(url).content.decode()
    saved = superuser.post(url, {"title": "Other", "branch_filter": ""})

    assert saved.status_code == 302
    assert "very-secret" not in page
    service.refresh_from_db()
    assert service.title == "Other"
    assert json.loads(service.secrets)["url"] == URL
    assert "very-secret" not in superuser.get(at("repositoryservice_history", service.pk)).content.decode()


def test_a_secret_that_is_kept_goes_to_no_other_host(superuser):
    repository = RepositoryFactory()
    jira = {"setting_jira_url": "https://jira.example.com", "setting_jira_token": "very-secret"}
    add(superuser, repository, "issues", **jira)
    url = at("repositoryservice_change", RepositoryService.objects.get().pk)
    data = {"title": "Mine", "branch_filter": "", "setting_jira_url": "https://evil.example"}

    refused = superuser.post(url, data)

    assert "leads to another host now" in refused.content.decode()
    assert RepositoryService.objects.get().settings["jira_url"] == "https://jira.example.com"
    assert superuser.post(url, {**data, "setting_jira_token": "other"}).status_code == 302
    assert superuser.post(url, {**data, "remove_jira_token": "on"}).status_code == 302


def test_who_is_second_is_told_before_he_overwrites_the_first(superuser):
    service = ServiceFactory(broker="email", settings={"to": ["a@example.com"]})
    url = at("repositoryservice_change", service.pk)
    seen = superuser.get(url).context["seen"]
    data = {"branch_filter": "", "setting_to": "a@example.com", "_seen": seen}
    superuser.post(url, {**data, "title": "First"})

    second = superuser.post(url, {**data, "title": "Second"})

    assert "meanwhile" in second.content.decode()
    assert RepositoryService.objects.get().title == "First"
    superuser.post(url, {**data, "title": "Second", "_seen": second.context["seen"]})
    assert RepositoryService.objects.get().title == "Second"


def test_a_reader_sees_the_settings_without_a_form(as_role):
    service = ServiceFactory(broker="email", settings={"to": ["a@example.com"]})

    page = as_role("Viewer").get(at("repositoryservice_change", service.pk)).content.decode()

    assert "a@example.com" in page
    assert "ao-service-form" not in page


def test_a_service_whose_broker_is_gone_can_be_read(superuser):
    service = ServiceFactory(broker="gone", settings={"a": "b"})

    page = superuser.get(at("repositoryservice_change", service.pk)).content.decode()

    assert "is not there any more" in page


# Testing


def test_the_test_page_says_what_would_be_done_and_does_nothing(superuser, mailoutbox):
    service = ServiceFactory(broker="email", settings={"to": ["a@example.com"]})
    push = PushFactory(repository=service.repository)

    for chosen in (str(push.pk), "example-three", "nonsense"):
        page = superuser.get(at("repositoryservice_test", service.pk, push=chosen)).content.decode()
        assert "It would mail a@example.com" in page

    assert mailoutbox == []
    assert not BrokerRun.objects.exists()


@pytest.mark.parametrize("chosen", ["example-one", "push"])
def test_it_is_done_when_that_is_asked_for(chosen, superuser):
    service = ServiceFactory(broker="email", settings={"to": ["a@example.com"]}, is_enabled=False)
    push = PushFactory(repository=service.repository)

    answer = superuser.post(
        at("repositoryservice_test", service.pk), {"push": push.pk if chosen == "push" else chosen}
    )

    run = BrokerRun.objects.get()
    assert answer.url == at("brokerrun_change", run.pk)
    assert (run.is_test, run.requested_by, run.next_attempt_at) == (True, superuser.user, NOW)
    assert (run.push == push) is (chosen == "push")
    assert (run.sample is None) is (chosen == "push")


def test_a_push_of_another_repository_is_not_offered(superuser):
    service = ServiceFactory(broker="email", settings={"to": ["a@example.com"]})

    page = superuser.get(at("repositoryservice_test", service.pk, push=PushFactory().pk))

    assert page.context["chosen"].value == "example-one"


# A run


def test_a_run_reads_as_a_story(superuser, rows):
    run = rows["brokers.brokerrun"]

    page = superuser.get(at("brokerrun_change", run.pk)).content.decode()

    for told in (
        "The mail server said: 450 later",
        "Called POST https://ci.example.com/job, answered 503",
        "Mailed a@example.com: “One”",
        "cannot go out: full",
        "&lt;b&gt;Nothing&lt;/b&gt; to do",
        "Asked to open an alert: “Forced”",
        "waiting to be done",
    ):
        assert told in page, told


def test_a_run_reads_as_a_story_in_the_language_of_its_reader(superuser, rows):
    superuser.user.language = "de"
    superuser.user.save()

    page = superuser.get(at("brokerrun_change", rows["brokers.brokerrun"].pk)).content.decode()

    assert "Der Mailserver sagte: 450 later" in page
    assert "anna hat 1 Commit nach main gepusht: Mend the basket" in page
    assert "POST https://ci.example.com/job aufgerufen, Antwort 503" in page
    assert "0,1 s" in page
    assert "&lt;b&gt;Nothing&lt;/b&gt; to do" in page


def test_every_status_has_a_page_and_a_row(superuser):
    runs = [RunFactory(status=status) for status in BrokerRun.Status.values]
    runs.append(RunFactory(push=None, sample=runs[0].push.facts, is_first=False, is_test=True))

    for run in runs:
        assert superuser.get(at("brokerrun_change", run.pk)).status_code == 200
    assert len(superuser.get(at("brokerrun_changelist")).context["cl"].result_list) == len(runs)


def test_run_again_makes_a_new_run_in_the_person_s_name(superuser):
    run = RunFactory(status="failed", next_attempt_at=None)

    answer = superuser.post(at("brokerrun_again", run.pk))

    anew = BrokerRun.objects.exclude(pk=run.pk).get()
    assert answer.url == at("brokerrun_change", anew.pk)
    assert (anew.again_of, anew.requested_by, anew.push) == (run, superuser.user, run.push)


def test_a_push_tells_its_commits_and_its_runs(superuser):
    run = RunFactory(sentence="Sent 1 mail.", status="done")

    page = superuser.get(at("push_change", run.push_id)).content.decode()

    assert "Put the basket into the header" in page
    assert "Sent 1 mail." in page


def test_the_row_of_a_delivery_leads_to_the_push(superuser, rows):
    message = rows["integrations.inboundmessage"]
    message.outcomes.update(trace={"rules": [], "push": {"push": rows["brokers.push"].pk, "repository": 1}})

    page = superuser.get(reverse("admin:integrations_inboundmessage_change", args=[message.pk]))

    assert at("push_change", rows["brokers.push"].pk) in page.content.decode()


def test_brokers_and_how_one_is_written_can_be_read(superuser):
    shelf = superuser.get(at("repositoryservice_shelf")).content.decode()

    for broker in operations.all_brokers():
        page = at("repositoryservice_shelf_broker", broker.name)
        assert page in shelf
        assert len(superuser.get(page).context["text"]) > 200
    assert superuser.get(at("repositoryservice_shelf_broker", "gone")).status_code == 404
