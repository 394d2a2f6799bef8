"""How a run is done: what succeeds, what is tried again, what is given up, and what is switched off."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import translation

from alertops.lib import claims, processes
from brokers import engine, operations
from brokers.models import BrokerRun, RepositoryService, RunRequest
from brokers.operations import failing, running
from tests.factories import NOW, RepositoryFactory, RunFactory, ServiceFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(server):
    return made("post", {"url": f"{server.url}/hook"})


def made(broker, settings, **columns):
    repository = columns.pop("repository", None) or RepositoryFactory(full_name="acme/website")
    row = operations.add_service(repository, broker, settings=settings, now=NOW)
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    return row


def kinds(run):
    """What is in a transcript, but for what the broker says."""
    return [line["kind"] for line in run.transcript if line["kind"] != "log"]


def test_a_run_calls_and_keeps_the_transcript(service, server, done):
    run = done(RunFactory(service=service))

    [request] = server.received
    assert json.loads(request.form()["payload"])["repository"]["full_name"] == "acme/website"
    assert (run.status, run.sentence, run.attempt_count) == ("done", "Made 1 call.", 1)
    assert (run.next_attempt_at, run.started_at, run.ended_at) == (None, NOW, NOW)
    assert kinds(run) == ["attempt", "call", "end"]
    assert (run.start_count, run.claimed_by, run.lease_until) == (0, "", None)


def test_what_is_temporary_is_tried_again_later_and_later(service, server, done):
    run = RunFactory(service=service)
    now, waits = NOW, []
    for _attempt in running.WAITS:
        server.answers(503, b"busy")
        run = done(run, now=now)
        assert (run.status, run.ended_at) == ("pending", None)
        waits.append(run.next_attempt_at - now)
        now = run.next_attempt_at
    server.answers(503, b"still busy")

    run = done(run, now=now)

    assert waits == list(running.WAITS)
    assert (run.status, run.next_attempt_at, run.attempt_count) == ("failed", None, len(waits) + 1)
    assert "503" in run.sentence


def test_it_waits_as_long_as_the_other_side_asks(service, server, done):
    server.answers(429, headers={"Retry-After": "900"})

    run = done(RunFactory(service=service))

    assert run.next_attempt_at == NOW + timedelta(seconds=900)


def test_the_transcript_tells_every_attempt(server, done):
    service = made("post", {"url": f"{server.url}/hook"})
    run = RunFactory(service=service)
    server.answers(503)
    run = done(run)

    run = done(run, now=run.next_attempt_at)

    assert run.status == "done"
    assert len(server.received) == 2
    assert kinds(run) == ["attempt", "call", "end"] * 2


def test_what_is_not_due_is_left_alone(service, server, done):
    run = done(RunFactory(service=service, next_attempt_at=NOW + timedelta(seconds=1)))

    assert (run.status, server.received) == ("pending", [])


def test_what_another_process_holds_is_left_alone(service, server, done):
    run = RunFactory(service=service, claimed_by="elsewhere/1/1", lease_until=NOW + timedelta(minutes=1))

    assert done(run).status == "pending"
    assert server.received == []


def test_what_will_never_work_fails_at_once_and_names_the_mend(service, server, done):
    server.answers(404)

    run = done(RunFactory(service=service))

    assert (run.status, run.next_attempt_at) == ("failed", None)
    assert "Check the address" in run.sentence


def test_an_address_that_may_not_be_called_names_the_setting(service, server, done, settings):
    settings.OUTBOUND_NETWORKS = []

    run = done(RunFactory(service=service))

    assert run.status == "failed"
    assert "ALERTOPS_OUTBOUND_NETWORKS" in run.sentence
    assert server.received == []


def test_a_broker_that_is_gone_fails(done):
    service = ServiceFactory(broker="gone")

    run = done(RunFactory(service=service))

    assert run.status == "failed"
    assert "no broker “gone”" in run.sentence


def test_a_service_that_was_switched_off_meanwhile_does_not_act(service, server, done):
    run = RunFactory(service=service)
    operations.switch_off(service)

    run = done(run)

    assert (run.status, server.received) == ("failed", [])
    assert "switched off" in run.sentence
    assert RepositoryService.objects.get().failure_count == 0


# Dying


def test_what_a_dead_process_held_is_free_at_the_next_tick(service, done):
    dead = f"{processes.node()}/999999/1"
    run = RunFactory(service=service, claimed_by=dead, lease_until=NOW + timedelta(minutes=9), start_count=1)

    engine.tick(NOW)
    run = done(run)

    assert run.status == "done"
    assert "may be done twice" in run.transcript[1]["text"]


def test_what_kills_its_worker_again_and_again_is_set_aside(service, server, done):
    run = RunFactory(service=service)
    for _start in range(running.MOST_STARTS):
        assert BrokerRun.objects.filter(pk=run.pk).claim(now=NOW, lease=running.LEASE)
        BrokerRun.objects.update(lease_until=None, claimed_by="")  # the process died

    run = done(run)

    assert (run.status, run.next_attempt_at, server.received) == ("set_aside", None, [])
    assert "died 3 times in a row" in run.sentence


def test_the_result_of_who_was_overtaken_is_not_kept(service, server):
    run = RunFactory(service=service)
    looks = []

    def clock():
        """Another process takes the run between its act and its record."""
        looks.append(NOW)
        if len(looks) > 1:
            BrokerRun.objects.update(claimed_by="elsewhere/1/1")
        return NOW

    operations.run_one(run.pk, clock=clock)

    run.refresh_from_db()
    assert len(server.received) == 1
    assert (run.status, run.transcript, run.attempt_count) == ("running", [], 0)


def test_a_held_run_belongs_to_this_very_process(service):
    run = RunFactory(service=service)
    BrokerRun.objects.filter(pk=run.pk).claim(now=NOW, lease=running.LEASE)

    assert BrokerRun.objects.get().claimed_by == claims.holder()


# Failing again and again


def test_after_so_many_failures_in_a_row_a_service_is_switched_off(service, server, done):
    service.failure_count = failing.MOST_FAILURES - 1
    service.save()
    server.answers(404)

    done(RunFactory(service=service))

    service.refresh_from_db()
    assert (service.is_enabled, service.disabled_at, service.failure_count) == (False, NOW, 10)
    assert "404" in service.disabled_because
    assert service.history.count() == 2


def test_one_success_begins_anew(service, done):
    service.failure_count = 9
    service.save()

    done(RunFactory(service=service))

    service.refresh_from_db()
    assert (service.failure_count, service.is_enabled) == (0, True)


def test_what_is_tried_again_is_no_failure_yet(service, server, done):
    server.answers(503)

    done(RunFactory(service=service))

    service.refresh_from_db()
    assert service.failure_count == 0


def test_a_test_that_fails_does_not_count(service, server, done):
    server.answers(404)

    done(RunFactory(service=service, is_test=True, is_first=False))

    service.refresh_from_db()
    assert service.failure_count == 0


def test_administrators_are_told_once_with_the_reason(service, server, done):
    service.repository.administrator_users.set([UserFactory(username="anna"), UserFactory(is_active=False)])
    RepositoryService.objects.update(failure_count=9)
    server.answers(404)
    done(RunFactory(service=service))

    told = [engine.tell_due(NOW) for _again in range(2)]

    assert told == [1, 0]
    [note] = mail.outbox
    assert note.to == ["anna@example.com"]
    assert "was switched off" in note.subject
    assert "404" in note.body
    assert f"/brokers/repositoryservice/{service.pk}/change/" in note.body


def test_each_administrator_is_told_in_a_language_of_his_own(service):
    speak = {"anna": "en", "ben": "de", "cy": ""}
    people = [UserFactory(username=name, language=language) for name, language in speak.items()]
    service.repository.administrator_users.set(people)
    why = "The mail server of EMAIL_URL cannot be reached: gone"
    RepositoryService.objects.update(is_enabled=False, disabled_at=NOW, note_due_at=NOW, disabled_because=why)

    assert engine.tell_due(NOW) == 1

    notes = {address: note for note in mail.outbox for address in note.to}
    assert why in notes["anna@example.com"].body
    assert why in notes["cy@example.com"].body
    assert "ausgeschaltet" in notes["ben@example.com"].subject
    assert "Der Mailserver aus EMAIL_URL ist nicht erreichbar: gone" in notes["ben@example.com"].body


def test_what_is_stored_of_a_run_is_english_whatever_language_is_spoken(service, server, done):
    server.answers(503)

    with translation.override("de"):
        run = done(RunFactory(service=service))

    assert run.sentence.endswith("answered 503")
    assert run.transcript[-1]["text"] == run.sentence


def test_without_administrators_superusers_are_told(service):
    UserFactory(username="root", is_superuser=True)
    RepositoryService.objects.update(is_enabled=False, disabled_at=NOW, note_due_at=NOW)

    engine.tell_due(NOW)

    assert mail.outbox[0].to == ["root@example.com"]


def test_a_note_that_does_not_go_out_is_tried_again(service, settings):
    UserFactory(is_superuser=True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    RepositoryService.objects.update(is_enabled=False, disabled_at=NOW, note_due_at=NOW)

    assert engine.tell_due(NOW) == 0
    assert RepositoryService.objects.get().note_due_at == NOW + failing.NOTE_AGAIN


def test_switching_on_forgives_what_was(service):
    RepositoryService.objects.update(
        is_enabled=False, failure_count=10, disabled_at=NOW, disabled_because="404", note_due_at=NOW
    )
    service.refresh_from_db()

    assert operations.switch_on(service)
    assert (service.failure_count, service.disabled_at, service.note_due_at) == (0, None, None)
    assert not operations.switch_on(service)


# Secrets


def test_no_secret_is_in_the_transcript_or_the_sentence(server, done):
    service = made("post", {"url": f"{server.url}/hook/very-secret-path"})
    service.repository.access_token = "token-of-the-host"
    service.repository.save()
    server.answers(500, b"what is token-of-the-host?")

    run = done(RunFactory(service=service))

    assert "token-of-the-host" not in json.dumps(run.transcript) + run.sentence
    assert "token-of-the-host" not in json.dumps(operations.shown_payload(run))


# What is asked of alerts


def test_what_a_run_asks_of_alerts_is_stored_once_however_often_it_is_tried(done):
    service = made("alert", {"protected": "main"})
    run = RunFactory(service=service)

    run = done(run)
    BrokerRun.objects.update(next_attempt_at=NOW)
    done(run)

    request = RunRequest.objects.get()
    assert (request.run, request.index, request.what["act"]) == (run, 0, "open")
    assert request.what["severity"] == "error"
    assert run.sentence == "Asked for 1 alert."
