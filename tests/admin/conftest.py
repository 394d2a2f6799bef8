"""People of each role, and one row of everything that has a page."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.test import Client
from django_q.models import OrmQ, Schedule, Success, Task
from knox.models import AuthToken

from alertops import roles
from alerts.models import (
    Alert,
    AlertEvent,
    Attempt,
    Escalation,
    Notification,
    OutOfOffice,
    Override,
    User,
)
from brokers.models import RunRequest
from integrations.models import Filter, InboundMessage, Outcome, Replay, UnmatchedDelivery
from tests.factories import (
    NOW,
    AlertFactory,
    HoursFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    PushFactory,
    RepositoryFactory,
    RotationFactory,
    RuleFactory,
    RunFactory,
    ServiceFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)

SUPERUSER, NOBODY = "superuser", "nobody"
ROLES = [SUPERUSER, *roles.ROLES, NOBODY]
TRACE = {
    "rules": [
        {"rule": "Issues", "result": "off", "reason": "", "filters": []},
        {
            "rule": "Builds",
            "result": "decides",
            "reason": "",
            "filters": [
                {
                    "group": "all",
                    "path": "commit_status",
                    "not": False,
                    "operator": "exists",
                    "value": "",
                    "seen": "{…}",
                    "holds": True,
                    "reason": "it is there.",
                }
            ],
        },
    ],
    "action": "open",
    "status": {"value": "FAILED", "listed": "FAILED"},
    "fields": [{"name": "source", "from": "Bitbucket", "value": "Bitbucket"}],
    "filters": [],
}

TRANSCRIPT = [
    {"kind": "attempt", "number": 1, "began_at": NOW.isoformat()},
    {
        "kind": "call",
        "at": 0.1,
        "method": "POST",
        "address": "https://ci.example.com/job",
        "headers": {"Authorization": "Basic ***"},
        "body": "token=***",
        "size": 9,
        "status": 503,
        "answer": "busy",
        "answer_headers": {"server": "nginx"},
        "milliseconds": 120,
    },
    {"kind": "mail", "at": 0.2, "to": ["a@example.com"], "subject": "One", "text": "Hello", "answer": "250"},
    {"kind": "mail", "at": 0.2, "to": ["a@example.com"], "subject": "Two", "text": "Hello", "error": "full"},
    {"kind": "log", "at": 0.3, "text": "<b>Nothing</b> to do"},
    {"kind": "request", "at": 0.3, "act": "open", "key": "a", "subject": "Forced", "severity": "error"},
    {
        "kind": "end",
        "status": "failed",
        "text": "The mail server said: 450 later",
        "ended_at": NOW.isoformat(),
    },
]


def person(role):
    """Make a person with a role; staff in any case."""
    user = UserFactory(is_superuser=role == SUPERUSER)
    if role in roles.ROLES:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It is noon of the factories' day."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def as_role(db):
    """Return a client that is logged in as a person of a role."""

    def log_in(role):
        client = Client()
        client.user = person(role)
        client.force_login(client.user)
        return client

    return log_in


@pytest.fixture
def superuser(as_role):
    return as_role(SUPERUSER)


@pytest.fixture
def responder(as_role):
    return as_role(roles.RESPONDER)


@pytest.fixture
def rows(db):
    """One row of each model that has a page, by its label."""
    made = _alerts() | _schedules() | _deliveries() | _repositories() | _others()
    return {f"{row._meta.app_label}.{row._meta.model_name}": row for row in made.values()}


def _alerts():
    anna = UserFactory(username="anna", first_name="Anna")
    policy = PolicyFactory(name="Nights")
    StepFactory(policy=policy, users=[anna])
    alert = AlertFactory(policy=policy, subject="Build broken", event_count=3, tags={"branch": "main"})
    AlertEvent.objects.create(alert=alert, at=NOW, kind=AlertEvent.Kind.OPENED, actor_label="Builds")
    escalation = Escalation.objects.create(alert=alert, policy=policy, started_at=NOW, steps=[{"number": 1}])
    notification = Notification.objects.create(
        alert=alert,
        user=anna,
        user_label="Anna",
        channel="email",
        address="anna@example.com",
        urgency="high",
        dedup_key="1",
        status=Notification.Status.FAILED,
        error="550 No such mailbox",
        created_at=NOW,
        due_at=NOW,
    )
    Attempt.objects.create(notification=notification, number=1, started_at=NOW, provider="smtp")
    team = TeamFactory(name="Platform", people=[anna])
    hours = HoursFactory(name="Office", monday="09:00-17:00")
    made = {"a": anna, "p": policy, "t": team, "al": alert, "e": escalation, "n": notification}
    return {**made, "h": hours}


def _schedules():
    anna = User.objects.get(username="anna")
    rotation = RotationFactory(turns=[anna, UserFactory()], schedule__name="Website", name="Weeks")
    day = timedelta(days=1)
    away = OutOfOffice.objects.create(user=anna, begin_at=NOW + day, end_at=NOW + 2 * day)
    Override.objects.create(
        schedule=rotation.schedule,
        substitute=anna,
        begin_at=NOW,
        end_at=NOW + day,
        created_at=NOW,
    )
    return {"sched": rotation.schedule, "rot": rotation, "away": away}


def _deliveries():
    integration = IntegrationFactory(name="Builds", sample_body='{"status": "open"}')
    rule = RuleFactory(
        integration=integration, severity_cases=[{"match": "equals", "value": "x", "severity": "info"}]
    )
    Filter.objects.create(rule=rule, path="commit_status", operator="exists")
    message = MessageFactory(
        integration=integration,
        status="mapped",
        reason="opened",
        detail="Opened #1",
        alert=Alert.objects.first(),
        headers={"X-Event-Key": "repo:commit_status_updated"},
    )
    Outcome.objects.create(
        message=message,
        event_index=0,
        status="mapped",
        reason="opened",
        detail="Opened #1",
        trace=TRACE,
        at=NOW,
    )
    run = Replay.objects.create(
        integration=integration,
        message_ids=[message.pk],
        requested_at=NOW,
        status=Replay.Status.DONE,
        done_count=1,
        report=[{"message": message.pk, "before": "filtered", "after": "opened", "alert": None}],
    )
    unmatched = UnmatchedDelivery.objects.create(received_at=NOW, token_hint="abc123", method="POST")
    return {"i": integration, "r": rule, "m": message, "run": run, "u": unmatched}


def _repositories():
    repository = RepositoryFactory(full_name="acme/website")
    service = ServiceFactory(
        repository=repository, broker="email", title="Mails", settings={"to": ["anna@example.com"]}
    )
    push = PushFactory(repository=repository, message=InboundMessage.objects.first())
    run = RunFactory(
        service=service,
        push=push,
        status="failed",
        sentence="The mail server said: 450 later",
        next_attempt_at=None,
        transcript=TRANSCRIPT,
    )
    RunRequest.objects.create(run=run, index=0, what={"act": "open", "key": "a", "subject": "Forced"})
    return {"repo": repository, "svc": service, "push": push, "brun": run}


def _others():
    token, _text = AuthToken.objects.create(user=UserFactory())
    task = {"func": "alertops.tasks.tick", "started": NOW, "stopped": NOW, "name": "tick"}
    Task.objects.create(id="1" * 32, success=True, **task)
    Task.objects.create(id="2" * 32, success=False, result="it broke", **task)
    failure = SimpleNamespace(pk="2" * 32, _meta=SimpleNamespace(app_label="django_q", model_name="failure"))
    return {
        "g": Group.objects.create(name="Night shift"),
        "k": token,
        "s": Schedule.objects.first(),
        "ok": Success.objects.first(),
        "f": failure,
        "q": OrmQ.objects.create(key="alerts", payload=""),
        "w": AccessAttempt.objects.create(
            username="anna", ip_address="192.0.2.1", user_agent="Firefox", failures_since_start=5
        ),
    }
