"""What the senders at Acme post: recorded payloads of their presets, with the details of a day."""

import copy
import functools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

PRESETS = Path(__file__).resolve().parents[2] / "integrations" / "presets"
# A shape of its own, which no rule reads.
STRANGE = {"event": {"type": "payment.failed", "service": "card-gateway", "level": "fatal", "count": 17}}
_TRACEBACK = """The order service answers 500 to every third request since the deployment of 14:02.

First look: is the connection pool exhausted? Then restart one instance, not all of them, and watch the \
queue for two minutes before the next one. Whoever restarts all of them at once loses the baskets of \
everybody who is shopping.

Traceback (most recent call last):
  File "/srv/shop/orders/views.py", line 214, in place_order
  File "/srv/shop/orders/service.py", line 88, in reserve
  File "/srv/shop/orders/pool.py", line 41, in connection
OperationalError: remaining connection slots are reserved for superuser connections"""


def plain(status: str, name: str, subject: str = "", **more: str) -> dict[str, str]:
    """An event of a script of Acme's own."""
    return {"status": status, "name": name, **({"subject": subject} if subject else {}), **more}


BACKUP = plain(
    "open",
    "Nightly backup",
    "The backup of db-1 failed",
    severity="critical",
    text="pg_dump ended with code 1.\nThe disk is full.",
    runbook_url="https://wiki.example.com/runbooks/backup",
    url="https://monitoring.example.com/backups/db-1",
    host="db-1",
    environment="production",
)
ORDERS = plain(
    "open",
    "order-service",
    "The order service answers every third request with an error",
    id="orders-5xx",
    severity="error",
    text=_TRACEBACK,
    runbook_url="https://wiki.example.com/runbooks/orders",
    url="https://monitoring.example.com/d/orders",
    host="orders-1",
    environment="production",
)
CHECKOUT = plain(
    "open",
    "checkout",
    "Nobody can pay: the checkout answers 502",
    severity="critical",
    text="97 % of the payments of the last five minutes failed.",
    runbook_url="https://wiki.example.com/runbooks/checkout",
    url="https://monitoring.example.com/d/checkout",
    environment="production",
)


def hostile(markup: str, long: str) -> dict[str, str]:
    """What strangers write, and what is longer than anybody thought."""
    details = {"text": f"{markup}\n\n{long * 6}", "url": "javascript:alert(1)", "host": long}
    return plain("open", markup, f"{markup} {long}", severity="warning", **details)


def build(state: str, repository: str, branch: str, *, number: int, now: datetime) -> Any:
    """A build of Bitbucket, as it reports itself."""
    texts = {"FAILED": "2 of 214 tests failed", "SUCCESSFUL": "214 tests passed", "INPROGRESS": "Running"}
    body = copy.deepcopy(_recorded("bitbucket", "pipeline-failed-on-main"))
    body["repository"]["full_name"] = repository
    body["commit_status"] |= {
        "state": state,
        "name": f"Pipeline #{number} for {branch}",
        "key": f"pipeline-{repository}",
        "refname": branch,
        "description": texts[state],
        "updated_on": now.isoformat(),
        "url": f"https://bitbucket.org/{repository}/pipelines/results/{number}",
    }
    return body


def firing(name: str, instance: str, severity: str, *, now: datetime) -> Any:
    """One alert of Alertmanager."""
    body = copy.deepcopy(_recorded("alertmanager", "two-firing-alerts-in-one-group"))
    alert = body["alerts"][0]
    alert["labels"] |= {"alertname": name, "instance": f"{instance}:9100", "severity": severity}
    alert["annotations"] = {
        "summary": f"{name} on {instance}",
        "description": f"{name} has held on {instance} for ten minutes.",
        "runbook_url": f"https://wiki.example.com/runbooks/{name}",
    }
    alert |= {"startsAt": now.isoformat(), "fingerprint": f"{name}-{instance}"}
    return body | {"alerts": [alert], "groupLabels": {"alertname": name}}


def dashboards(case: str) -> Any:
    """What Grafana sends."""
    return _recorded("grafana", case)


def workflow(case: str, now: datetime) -> Any:
    """What GitHub Actions sends."""
    body = copy.deepcopy(_recorded("github", case))
    body["workflow_run"]["updated_at"] = now.isoformat()
    return body


@functools.cache
def _recorded(preset: str, name: str) -> Any:
    return json.loads((PRESETS / preset / "payloads" / f"{name}.json").read_text())
