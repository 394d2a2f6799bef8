"""A day at Acme: builds, an outage at night, a wrong mapping, a storm in a teacup; and what people did.

    day.at(720).backup("open").named("night")
    day.at(704).acts("ines", Action.ACKNOWLEDGE, "night", via="mail")

It is gone through in its order, by the product's own doors and engine, at the times when it was: the
number is minutes before now. Green builds happen by themselves in between.
"""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Self

import time_machine
from axes.models import AccessAttempt
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Task
from knox.models import AuthToken

from alerts import operations as alerting
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Act, Action, Actor
from alerts.models import Alert, Notification
from alerts.operations.manual import Manual, open_manually
from integrations import operations
from integrations.models import Filter, InboundMessage, Integration, MappingRule, Replay
from tests.pictures import bodies, people
from tests.world import World

BEGINS = 25 * 60  # minutes ago
REPOSITORIES = ("acme/shop", "acme/orders", "acme/design-system", "acme/infrastructure")
BRANCHES = ("main", "feature/basket", "feature/search", "release/4.2")
# How many builds are green in an hour of the day.
BUSY = (1, 1, 0, 0, 1, 1, 2, 4, 8, 12, 14, 11, 7, 12, 15, 13, 10, 8, 5, 3, 2, 2, 1, 1)


def fill(*, is_hostile: bool = True) -> dict[str, int]:
    """Fill an empty installation; return the numbers of what is photographed, by name.

    is_hostile: with what strangers write into names, and with names longer than anybody thought.
    """
    now = _now()
    acme = people.hire(is_hostile=is_hostile)
    with time_machine.travel(now - timedelta(minutes=BEGINS), tick=False) as clock:
        day = Day(clock, acme, ends_at=now)
        for part in (_yesterday, _at_night, _in_the_morning, _what_went_wrong, _just_now):
            part(day)
        day.at(0)
    OrmQ.objects.all().delete()  # nudges of the day: all is done
    cache.clear()
    _beside(day)
    return {**day.names, **acme.numbers()}


def fill_kindly() -> dict[str, int]:
    """Do what `fill` does, for pictures that strangers are to like."""
    return fill(is_hostile=False)


class Day(World):
    """The world of the smoke tests, with Acme in it and mails that really leave."""

    def __init__(self, clock: Any, acme: people.Acme, *, ends_at: datetime) -> None:
        super().__init__(clock)
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.acme, self.ends_at = acme, ends_at
        self.names: dict[str, int] = {}
        self.pipeline = 400
        self.green = list(_green(ends_at))

    def at(self, minutes_ago: float) -> Self:
        """Let time pass until then, with the builds that were green meanwhile."""
        until = self.ends_at - timedelta(minutes=minutes_ago)
        while self.green and self.green[0][0] < until:
            moment, repository, branch = self.green.pop(0)
            self._pass_until(moment)
            self.built("SUCCESSFUL", repository, branch)
        self._pass_until(until)
        return self

    def named(self, alert: str = "", *, delivery: str = "") -> Self:
        """Give the newest alert, the newest delivery or both a name to photograph it by."""
        if alert:
            self.names[alert] = Alert.objects.latest("pk").pk
        if delivery:
            self.names[delivery] = InboundMessage.objects.latest("pk").pk
        return self

    # What comes in

    def sends(self, sender: str, body: Any, **headers: str) -> Self:
        integration = self.acme.senders[sender]
        return self.posts(integration.token, body, **{"User-Agent": f"{integration.preset}/1.0", **headers})

    def posts(self, token: str, body: Any, **headers: str) -> Self:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        about = {"content_type": "application/json", "REMOTE_ADDR": "192.0.2.17"}
        self.client.post(f"/in/{token}", raw, headers=headers, **about)
        self.works()
        return self

    def built(self, state: str, repository: str = "acme/website", branch: str = "main") -> Self:
        self.pipeline += state != "INPROGRESS"
        body = bodies.build(state, repository, branch, number=self.pipeline, now=_now())
        return self.sends("builds", body, **{"X-Event-Key": "repo:commit_status_updated"})

    def prometheus(self, name: str, instance: str, severity: str) -> Self:
        return self.sends("prometheus", bodies.firing(name, instance, severity, now=_now()))

    def github(self, case: str) -> Self:
        return self.sends("github", bodies.workflow(case, _now()))

    # What people do

    def acts(self, who: str, action: Action, alert: str, *, via: str = "admin", **details: Any) -> Self:
        user = self.acme.users[who]
        act = Act(action=action, actor=Actor(str(user), via, user.pk), **details)
        alerting.act(self.names[alert], act, now=_now())
        self.works()
        return self

    def opens_by_hand(self, who: str, subject: str, **details: Any) -> Self:
        user = self.acme.users[who]
        actor = Actor(str(user), "admin", user.pk)
        open_manually(Manual(subject=subject, **details), actor=actor, now=_now())
        self.works()
        return self

    def sets(self, sender: str, **columns: Any) -> Self:
        row = Integration.objects.get(pk=self.acme.senders[sender].pk)
        for name, value in columns.items():
            setattr(row, name, value)
        row.save()
        return self

    # What the engine does

    def _pass_until(self, moment: datetime) -> None:
        """Let time pass, and note at each full hour where the tallies stand, as the ticker does."""
        while (hour := operations.hours.hour_of(_now()) + operations.hours.HOUR) <= moment:
            self.passes(seconds=(hour - _now()).total_seconds())
            operations.mark_hour(hour)
        if moment > _now():
            self.passes(seconds=(moment - _now()).total_seconds())

    def _deliver_mail(self) -> None:
        """They leave by the mail server of the installation."""


def _green(ends_at: datetime) -> Iterator[tuple[datetime, str, str]]:
    """Yield when which repository had a green build, in order."""
    dice = random.Random(7)
    for hours_ago in range(BEGINS // 60, 0, -1):
        began_at = ends_at - timedelta(hours=hours_ago)
        for minute in sorted(dice.random() * 60 for _build in range(BUSY[began_at.hour])):
            yield began_at + timedelta(minutes=minute), dice.choice(REPOSITORIES), dice.choice(BRANCHES)


def _yesterday(day: Day) -> None:
    day.at(1400).built("FAILED", "acme/mobile", "release/4.1").named("mended")
    day.at(1396).acts("anna", Action.ACKNOWLEDGE, "mended", via="mail")
    day.at(1370).built("SUCCESSFUL", "acme/mobile", "release/4.1")
    day.at(1200).sends("grafana", bodies.dashboards("two-alerts-firing")).named("grafana", delivery="many")
    day.at(1150).sends("grafana", bodies.dashboards("one-resolved"))
    day.at(1100).acts("ben", Action.CLOSE, "grafana", text="A night of batch jobs, as every month.")
    day.at(1000).github("workflow-failed-on-main")
    day.at(960).github("workflow-succeeded-on-main")


def _at_night(day: Day) -> None:
    """The backup fails; Clara and Hugo sleep, Ines wakes up."""
    day.at(720).sends("backups", bodies.BACKUP).named("night")
    day.at(712).sends("backups", bodies.BACKUP)
    day.at(704).acts("ines", Action.ACKNOWLEDGE, "night", via="mail")
    day.at(700).acts("ines", Action.NOTE, "night", text="Looking at the disk of db-1.")
    day.at(690).acts("ines", Action.ADD_RESPONDER, "night", user_id=day.acme.users["greta"].pk)
    mended = "The volume group had 2 GB left: extended it by 200 GB and started the backup again."
    day.at(655).acts("ines", Action.CLOSE, "night", text=mended)


def _what_went_wrong(day: Day) -> None:
    """A signature, a switch, half a body, two addresses that nobody has."""
    day.at(240).sets("payments", signing_secret="a shared secret")
    day.at(239).sends("payments", bodies.STRANGE).named(delivery="refused")
    day.at(238).sets("payments", signing_secret="").sets("nagios", is_enabled=False)
    for minutes_ago in (232, 225, 218):
        day.at(minutes_ago).sends("nagios", bodies.plain("open", "sql-2"))
    day.at(215).sends("backups", b'{"status": "open", "name": "Nightly ba')
    day.at(210).posts("aLbV3NoSuchTokenAnywhere", {}, **{"User-Agent": "curl/8.5.0"})
    day.at(205).posts(day.acme.senders["builds"].token[:-4], {}, **{"User-Agent": "Bitbucket-Webhooks/2.0"})
    day.at(200).sends("payments", bodies.plain("flapping", "card-gateway"))


def _in_the_morning(day: Day) -> None:
    """A shape nobody knows, a build that flaps, alerts that are snoozed, assigned and merged."""
    for minutes_ago in (520, 513, 506, 499):
        day.at(minutes_ago).sends("payments", bodies.STRANGE).named(delivery="failed")
    day.at(400).built("FAILED").named("flapping")
    day.at(392).built("INPROGRESS")
    day.at(388).built("FAILED")
    day.at(385).built("FAILED")
    day.at(380).acts("anna", Action.ACKNOWLEDGE, "flapping")
    day.at(350).built("SUCCESSFUL")
    users, office = day.acme.users, day.acme.policies["office"]
    told = {"policy": office, "users": (users["hugo"],), "severity": Severity.INFO}
    text = "Since nine o'clock; the ground floor is fine."
    day.at(300).opens_by_hand("anna", "The Wi-Fi of the second floor is slow", text=text, **told)
    day.named("manual")
    day.at(290).acts("hugo", Action.ACKNOWLEDGE, "manual")
    day.at(270).prometheus("DiskNearlyFull", "web-2", "warning").named("snoozed")
    day.at(265).acts("hugo", Action.SNOOZE, "snoozed", until=_now() + timedelta(hours=8))
    day.at(260).prometheus("CertificateExpires", "shop", "warning").named("assigned")
    day.at(256).acts("admin", Action.ASSIGN, "assigned", user_id=users["admin"].pk)
    day.at(250).prometheus("DiskNearlyFull", "web-3", "warning").named("merged")
    day.at(248).acts("clara", Action.MERGE, "merged", other_id=day.names["snoozed"])


def _just_now(day: Day) -> None:
    """What is open as the pictures are taken."""
    if "hostile" in day.acme.senders:
        day.at(150).sends("hostile", bodies.hostile(people.HOSTILE, people.LONG))
        day.named("hostile", delivery="hostile delivery")
    day.at(95).prometheus("ReplicationLag", "db-2", "error").named("exhausted")
    day.at(48).built("FAILED", "acme/shop", "feature/basket").named("warning")
    day.at(44).acts("ben", Action.ACKNOWLEDGE, "warning", via="mail")
    day.at(26).sends("payments", bodies.ORDERS).named("orders")
    day.at(18).sends("payments", bodies.ORDERS)
    day.at(14).acts("anna", Action.ACKNOWLEDGE, "orders")
    day.at(12).acts("anna", Action.NOTE, "orders", text="Restarting orders-2 first.")
    day.at(9).built("FAILED").named("build", delivery="opened")
    day.at(4).sends("payments", bodies.CHECKOUT).named("critical")
    day.at(2).sends("payments", bodies.CHECKOUT)
    day.at(1).built("SUCCESSFUL", "acme/orders").named(delivery="ignored")


def _beside(day: Day) -> None:
    """What leaves a trace elsewhere: changes of the configuration, a token, wrong passwords, a replay."""
    users, policy, now = day.acme.users, day.acme.policies["night"], _now()
    people.come_and_go(day.acme, now)
    step = policy.steps.get(position=2)
    rule = MappingRule.objects.get(integration=day.acme.senders["builds"], is_enabled=True)
    policy.description, policy.runs = "The team one by one, then everybody, then Farah", 2
    step.wait = timedelta(minutes=15)
    rule.close_values = [*rule.close_values, "STOPPED"]
    for row in (policy, step, rule):
        row._history_user = users["clara"]
        row.save()
    for name in ("admin", "clara"):
        AuthToken.objects.create(user=users[name])
    attempt = {"username": "anna", "ip_address": "198.51.100.4", "user_agent": "Firefox"}
    AccessAttempt.objects.create(**attempt, failures_since_start=5)
    task = {"func": "alertops.tasks.prune", "started": now, "stopped": now}
    Task.objects.create(id="1" * 32, name="prune", success=True, **task)
    Task.objects.create(
        id="2" * 32, name="replay", success=False, result="OperationalError: disk is full", **task
    )
    OrmQ.objects.create(key="nobody takes it", payload="")
    failed = Notification.objects.filter(status=Notification.Status.FAILED)
    day.names["not sent"] = failed.latest("pk").pk
    _mend_payments(day)
    refused = InboundMessage.objects.filter(integration=day.acme.senders["nagios"])
    run = operations.request_replay(
        day.acme.senders["nagios"],
        refused.values_list("pk", flat=True),
        requested_by=users["clara"],
        now=now,
    )
    operations.run_replay(run.pk, now=now)
    day.names["run"] = Replay.objects.latest("pk").pk


def _mend_payments(day: Day) -> None:
    """Have a rule read the shape that failed in the morning; those deliveries wait to be processed again."""
    sender = day.acme.senders["payments"]
    MappingRule.objects.filter(integration=sender).update(position=F("position") + 1)
    read = {
        "source": {"kind": "constant", "value": "Payments"},
        "source_name": {"kind": "path", "value": "event^service"},
        "source_status": {"kind": "path", "value": "event^type"},
        "severity": {"kind": "path", "value": "event^level"},
        "subject": {"kind": "template", "value": "<event^service>: <event^type>, <event^count> times"},
    }
    cases = [{"match": "equals", "value": "fatal", "severity": "critical"}]
    rule = MappingRule.objects.create(
        integration=sender,
        position=0,
        name="Card gateway",
        fields=read,
        open_match="contains",
        open_values=["failed"],
        close_match="contains",
        close_values=["succeeded"],
        severity_cases=cases,
    )
    Filter.objects.create(rule=rule, path="event^type", operator="starts_with", value="payment.")


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (the day's own clock)
