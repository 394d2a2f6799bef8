"""How long people wait for a page when much is stored: wall time, by HTTP, through the real server.

Beside it stands what a page costs the web server's processor, which hardly moves with what else the machine
does; on SQLite that is all of it, on PostgreSQL the database's share is not in it.
"""

import time
from collections.abc import Iterator
from statistics import median, quantiles

import requests
from django.test import Client

from alerts.models import Alert, User
from bench import history, repeated, work
from bench.contract import Context, Row, Run, Subject, summarize
from bench.installations import Web
from integrations.models import InboundMessage, Integration
from tests.processes import Server

NAME = "pages"
MESSAGES, QUICK_MESSAGES = 1_000_000, 20_000
BODY_BYTES = 100  # of each message, as in `growth`
LATEST = 200.0  # milliseconds, for 95 of 100
TIMES = 20
WARM_UP = 3
PAGES = {
    "overview": "/",
    "overview, its alerts again": "/overview/alerts/",
    "overview, its day again": "/overview/day/",
    "alerts": "/alerts/alert/",
    "alerts, not closed": "/alerts/alert/?status=not_closed",
    "alerts, mine": "/alerts/alert/?whose=mine",
    "alerts, my teams'": "/alerts/alert/?whose=teams",
    "alerts, closed today": "/alerts/alert/?status=closed_today",
    "alerts, of one severity": "/alerts/alert/?severity__exact=error",
    "alerts, searched for a word": "/alerts/alert/?q=nowhere",
    "one alert": "/alerts/alert/{alert}/change/",
    "log": "/integrations/inboundmessage/",
    "log, an old page": "/integrations/inboundmessage/?before={old}",
    "log, problems": "/integrations/inboundmessage/?status=problems",
    "log, ignored": "/integrations/inboundmessage/?status=mapped_ignored",
    "log, last hour": "/integrations/inboundmessage/?since=hour",
    "log, of one integration": "/integrations/inboundmessage/?integration__id__exact={integration}",
    "log, searched for a word": "/integrations/inboundmessage/?q=nowhere",
    "log, searched for the sender's ID": "/integrations/inboundmessage/?q=delivery-7",
    "one delivery": "/integrations/inboundmessage/{message}/change/",
    "integrations": "/integrations/integration/",
    "one integration": "/integrations/integration/{integration}/change/",
    "workbench": "/integrations/mappingrule/workbench/{integration}/",
    "notification log": "/alerts/notification/",
    "notification log, failed": "/alerts/notification/?status=failed",
    "escalations": "/alerts/escalation/",
    "people": "/alerts/user/",
    "my page": "/alerts/user/me/",
    "health": "/system/health/",
}


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def session() -> str:
    """Log the superuser of the history in; return the key of the session."""
    client = Client()
    client.force_login(User.objects.get(username=repeated.ROOT))
    return client.cookies["sessionid"].value


def numbers() -> dict[str, int]:
    """Return rows that addresses name: in the middle of what is stored, where no cache has them."""
    newest = InboundMessage.objects.latest("pk").pk
    return {
        "alert": Alert.objects.filter(pk__gt=newest // 20).earliest("pk").pk,
        "message": newest // 2,
        "old": newest // 3,
        "integration": Integration.objects.earliest("pk").pk,
    }


def _on(database: str, context: Context) -> Iterator[Row]:
    size = QUICK_MESSAGES if context.is_quick else MESSAGES
    with Server(database, web_workers=0) as server:
        server.call(work.prepare, history.INTEGRATIONS)
        seconds = server.call(repeated.fill, size, BODY_BYTES)
        context.say(f"  {size:,} messages written in {seconds:.0f} s on {database}")
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        server.web_workers = 1
        web = Web(server.url, server.start_web())
        person = requests.Session()
        person.cookies["sessionid"] = server.call(session)
        rows = server.call(numbers)
        for name, path in PAGES.items():
            url = server.url + path.format(**rows)
            subject = Subject(NAME, f"{name}, {size:,} messages", database, unit="ms")
            runs = [_measured(person, url, web) for _round in range(context.rounds)]
            cpu = median(run.details["cpu"] for run in runs)
            row = _judged(summarize(subject, runs, note=f"{cpu:.0f} ms CPU each"))
            context.say(f"  {name}: {row.p50:.0f} ms, {row.note}")
            yield row


def _measured(person: requests.Session, url: str, web: Web) -> Run:
    """Ask for a page again and again; the first times are not counted, as of a server that has just begun."""
    for _time in range(WARM_UP):
        _asked(person, url)
    before = web.cpu_seconds()
    took = sorted(_asked(person, url) for _time in range(TIMES))
    cpu = (web.cpu_seconds() - before) * 1000 / TIMES
    middle, last = quantiles(took, n=20)[9], quantiles(took, n=20)[18]
    return Run(figure=last, p50=middle, p99=took[-1], details={"cpu": cpu})


def _asked(person: requests.Session, url: str) -> float:
    began = time.perf_counter()
    answer = person.get(url, allow_redirects=False, timeout=60)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    return took


def _judged(row: Row) -> Row:
    return row.aiming(f"95 of 100 within {LATEST:.0f} ms", met=(row.figure or 0.0) <= LATEST)
