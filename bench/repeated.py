"""What an installation does all day, done once and timed: runs within the installation."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from alertops import health, tasks
from alerts import engine
from alerts.models import User
from bench import builds, history
from integrations import tasks as processing
from integrations.models import Integration

SETTINGS = {
    "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    "ALLOWED_HOSTS": ["testserver"],
    "STORAGES": {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
}
ROOT = "root"
TIMES = 3
DELIVERIES = 60  # more than a worker escalates in the same breath: each thing is to be timed alone
LISTS = {
    "log": "/integrations/inboundmessage/",
    "log, failed ones": "/integrations/inboundmessage/?status=mapping_failed",
    "log, of one integration": "/integrations/inboundmessage/?integration__id__exact={integration}",
    "log, by delivery ID": "/integrations/inboundmessage/?q=delivery-7",
    "alerts": "/alerts/alert/",
    "alerts, not closed": "/alerts/alert/?status=not_closed",
    "notifications, failed ones": "/alerts/notification/?status=failed",
    "overview": "/",
}


def fill(messages: int, body_bytes: int, *, is_analyzed: bool = True) -> float:
    """Write a long history; return the seconds that took."""
    began = time.monotonic()
    user = User.objects.create_superuser(ROOT, "root@example.com")
    first = Integration.objects.order_by("pk").values_list("pk", flat=True)[0]
    history.write(messages, integration_id=first, user_id=user.pk, body_bytes=body_bytes)
    if is_analyzed:
        history.analyze()
    return time.monotonic() - began


def everything(name: str, deliveries: int = DELIVERIES) -> dict[str, float]:
    """Do everything once; return milliseconds of each: of one delivery, one tick, one page.

    name: tells this time from every other.
    """
    with override_settings(**SETTINGS):
        return {
            "accept": _timed(_accept, name, deliveries) / deliveries,
            "tick, all waits": _best(tasks.tick),
            "process": _timed(_process) / deliveries,
            "escalate": _timed(_until_done, engine.escalate_due) / deliveries,
            "deliver": _timed(_until_done, engine.deliver_due) / deliveries,
            "tick, nothing waits": _best(tasks.tick),
            "what readyz asks": _best(_ask),
            **_pages(),
        }


def _accept(name: str, deliveries: int) -> None:
    client, integration = Client(), _integration()
    for number in range(deliveries):
        body = builds.body(f"{name}-{number}", "FAILED", second=number)
        answer = client.post(f"/in/{integration.token}", body, content_type="application/json")
        assert answer.status_code == 202, answer.content


def _process() -> None:
    processing.process(_integration().pk)


def _until_done(do_due: Callable[[datetime], int]) -> None:
    while do_due(_now()):
        continue


def _ask() -> None:
    health.readings(_now())


def _pages() -> dict[str, float]:
    client = Client()
    client.force_login(User.objects.get(username=ROOT))
    took = {}
    for name, path in LISTS.items():
        took[f"page: {name}"] = _best(_get, client, path.format(integration=_integration().pk))
    return took


def _get(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"


def _integration() -> Integration:
    return Integration.objects.earliest("pk")


def _best(do: Callable[..., Any], *arguments: Any) -> float:
    """Return the shortest of some times: what else the machine does only adds to it."""
    return min(_timed(do, *arguments) for _ in range(TIMES))


def _timed(do: Callable[..., Any], *arguments: Any) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    do(*arguments)
    return (time.perf_counter() - began) * 1000


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (benchmarks have the clock of the world)
