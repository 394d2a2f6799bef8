"""A small world for smoke tests: a stopped clock, people with inboxes, and the doors of the product.

    world = World(clock)
    anna, ben = world.person("anna"), world.person("ben")
    world.bitbucket(policy=world.policy([anna], [ben], wait=minutes(5)))
    world.build("FAILED")
    anna.gets("[ERROR]")
    world.passes(minutes=5)
    ben.gets("[ERROR]")

Nothing of ours is replaced: deliveries go in by HTTP, mails come out of Django's in-memory outbox, and
time passes by calling what `runworker` has called. A message that nobody expected fails the test.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.response import Response
from time_machine import Traveller

from alerts import engine as alerts_engine
from alerts.models import Alert, Escalation, EscalationPolicy, Notification, User
from integrations import tasks as integration_tasks
from integrations.models import WAITING, InboundMessage, Integration
from integrations.operations import presets
from tests.factories import PolicyFactory, StepFactory, UserFactory

BEGINNING = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LONGEST_WALK = 500  # moments at which something was due


@dataclass
class Person:
    """Somebody with an inbox."""

    user: User
    inbox: list[EmailMessage] = field(default_factory=list)

    def gets(self, subject: str) -> "Letter":
        """Expect one mail whose subject has this text; it is then read and gone."""
        found = [message for message in self.inbox if subject in message["Subject"]]
        assert len(found) == 1, f"{self.user} has {[message['Subject'] for message in self.inbox]}"
        self.inbox.remove(found[0])
        return Letter(found[0])

    def gets_nothing(self) -> None:
        assert [message["Subject"] for message in self.inbox] == []


@dataclass
class Letter:
    """A mail that was read."""

    message: EmailMessage

    @property
    def text(self) -> str:
        part = self.message.get_body(preferencelist=("plain",))
        assert part is not None
        return part.get_content()

    def link(self, action: str) -> str:
        """Return the path of the link that does an action."""
        url = rf"{action}.*?\s+https?://[^/\s]+(/\S+)"
        found = re.search(url, self.text, flags=re.IGNORECASE | re.DOTALL)
        assert found, self.text
        return found.group(1)


class World:
    def __init__(self, clock: Traveller) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.client = Client()
        self.integration: Integration

    # Who and what there is

    def person(self, name: str) -> Person:
        person = Person(UserFactory(username=name, first_name=name.capitalize()))
        self.people[person.user.email] = person
        return person

    def policy(
        self, *steps: list[Person], wait: timedelta = timedelta(0), **columns: Any
    ) -> EscalationPolicy:
        """A policy whose first step is at once, and each later one after a wait."""
        policy = PolicyFactory(**columns)
        for position, people in enumerate(steps):
            StepFactory(
                policy=policy,
                position=position,
                wait=wait if position else timedelta(0),
                users=[person.user for person in people],
            )
        return policy

    def bitbucket(self, policy: EscalationPolicy, **columns: Any) -> Integration:
        integration = presets.create_integration("bitbucket", name="Builds", policy=policy)
        Integration.objects.filter(pk=integration.pk).update(**columns)
        self.integration = Integration.objects.get(pk=integration.pk)
        return self.integration

    # What happens

    def build(self, state: str, *, key: str = "tests", refname: str | None = "main") -> Response:
        """A build of acme/website reports its state."""
        now = _now().isoformat()
        status = {"name": "Unit tests", "state": state, "key": key, "type": "build", "refname": refname}
        status |= {"url": "https://ci.example.com/1", "created_on": now, "updated_on": now}
        return self.post({"repository": {"full_name": "acme/website"}, "commit_status": status})

    def post(self, payload: Any, **headers: str) -> Response:
        """A delivery comes in and is worked on."""
        response = self.client.post(
            f"/in/{self.integration.token}",
            json.dumps(payload),
            content_type="application/json",
            headers={"X-Event-Key": "repo:commit_status_created", **headers},
        )
        self.works()
        return response

    def passes(self, **duration: float) -> None:
        """Time passes, and at each moment at which something is due the engine does it."""
        end = _now() + timedelta(**duration)
        for _moment in range(LONGEST_WALK):
            due = self._next_due()
            if due is None or due > end:
                break
            self.clock.move_to(max(due, _now()), tick=False)
            self.works()
        else:
            raise AssertionError(f"something was due {LONGEST_WALK} times: {self._due()}")
        self.clock.move_to(end, tick=False)
        self.works()

    def works(self) -> None:
        """What waits is processed, what is due is done, what is to be said is said."""
        waiting = InboundMessage.objects.filter(WAITING).order_by("id")
        for integration_id in waiting.values_list("integration_id", flat=True):
            integration_tasks.process(integration_id)
        while sum(do(_now()) for do in _DUE):
            pass
        self._deliver_mail()

    def _deliver_mail(self) -> None:
        for message in mail.outbox:
            for address in message.to:
                raw = message.message().as_bytes()
                self.people[address].inbox.append(message_from_bytes(raw, policy=policy.default))
        mail.outbox.clear()

    def _due(self) -> list[datetime]:
        """The instants of all rows that wait for their time."""
        alerts = Alert.objects.not_closed().values_list(*_TIMES)
        return [
            *Escalation.objects.filter(due_at__isnull=False).values_list("due_at", flat=True),
            *Notification.objects.pending().values_list("due_at", flat=True),
            *(at for times in alerts for at in times if at),
        ]

    def _next_due(self) -> datetime | None:
        return min(self._due(), default=None)

    # What is so

    def alert(self) -> Alert:
        """The only alert there is."""
        return Alert.objects.get()

    def last_reason(self) -> str:
        return InboundMessage.objects.latest("id").reason

    def nobody_has_unread_mail(self) -> None:
        for person in self.people.values():
            person.gets_nothing()


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (the world's own clock)


_TIMES = ("snoozed_until", "auto_close_at", "acknowledgement_reminder_at", "acknowledgement_expires_at")
_DUE = (
    alerts_engine.wake_due,
    alerts_engine.remind_due,
    alerts_engine.time_out_due,
    alerts_engine.escalate_due,
    alerts_engine.deliver_due,
    alerts_engine.auto_close_due,
    alerts_engine.mail_invitations_due,
)
