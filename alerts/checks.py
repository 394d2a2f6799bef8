"""What is misconfigured about telling people, in the operator's words."""

from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from alerts import tasks
from alerts.channels import CHANNELS
from alerts.operations import delivery

_LOCAL = ("localhost", "127.0.0.1", "::1")


@checks.register()
def check_telling(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [*_links(), *_sender(), *_workers(), *_times()]


def _links() -> Iterator[checks.CheckMessage]:
    if settings.EMAIL_URL and urlsplit(settings.BASE_URL).hostname in _LOCAL:
        yield checks.Warning(
            f"Mails are sent, but their links begin with {settings.BASE_URL}:"
            " nobody can acknowledge from another machine.",
            hint="Set ALERTOPS_BASE_URL to the address that people use.",
            id="alerts.W001",
        )


def _sender() -> Iterator[checks.CheckMessage]:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    if settings.EMAIL_URL and (not domain or domain in _LOCAL):
        yield checks.Warning(
            f"Mails are sent from {settings.DEFAULT_FROM_EMAIL}: most mail servers refuse that.",
            hint="Set ALERTOPS_MAIL_FROM, like alerts@example.com",
            id="alerts.W002",
        )


def _workers() -> Iterator[checks.CheckMessage]:
    if settings.Q_CLUSTER["workers"] < 2:
        yield checks.Warning(
            "ALERTOPS_WORKERS is 1: while a mail server is slow, no step of an escalation runs.",
            hint="Set ALERTOPS_WORKERS to 2 or more.",
            id="alerts.W003",
        )


def _times() -> Iterator[checks.CheckMessage]:
    for name, channel in CHANNELS.items():
        longest = tasks.BEFORE + tasks.BUDGET + delivery.BUDGET + delivery.MOMENT + channel.timeout
        if longest.total_seconds() >= settings.TASK_TIMEOUT:
            yield checks.Error(
                f"A task that sends by {name} may last {longest}, and the task queue ends a task after"
                f" {settings.TASK_TIMEOUT} s: workers would be killed while they send.",
                hint="Raise TASK_TIMEOUT in settings.",
                id="alerts.E001",
            )
