"""What the processes of one web server count by themselves: answers at the door, and how long they took.

They share a folder (`alertops.wsgi` names it), so whichever is asked tells of all. Anywhere else, as in
tests, a process counts for itself alone.
"""

import functools
import json
import time
from collections.abc import Callable
from typing import Any

from django.template.response import ContentNotRenderedError
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

ACCEPTED = "accepted"
FAILED = "failed"
BEGAN = "alertops.began"  # in an environ: when the request had been read, by time.perf_counter
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

_own = CollectorRegistry()
_answers = Counter(
    "alertops_door_answers",
    "Answers to deliveries by this web server, by the error in the answer, or “accepted”.",
    ["answer"],
    registry=_own,
)
_accepting = Histogram(
    "alertops_accept_seconds",
    "Time to the answer of deliveries that this web server accepted.",
    buckets=SECONDS,
    registry=_own,
)


def counted(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have the answers of a door counted, and the time to those that accept; it takes microseconds."""

    @functools.wraps(view)
    def answer(request: Any, *arguments: Any, **named: Any) -> Any:
        began = request.META.get(BEGAN) or time.perf_counter()
        try:
            response = view(request, *arguments, **named)
        except Exception:
            _answers.labels(FAILED).inc()
            raise
        if response.status_code == 202:
            _accepting.observe(time.perf_counter() - began)
        _answers.labels(_word(response)).inc()
        return response

    return answer


def note(answer: str) -> None:
    """Count an answer to a delivery that no view gave."""
    _answers.labels(answer).inc()


def registry() -> CollectorRegistry:
    """Return what all processes of this server have counted."""
    shared = CollectorRegistry()
    try:
        MultiProcessCollector(shared)
    except ValueError:  # no folder is named: this process is alone
        return _own
    return shared


def _word(response: Any) -> str:
    """What the sender is told: there are as many words as the program has."""
    if response.status_code == 202:
        return ACCEPTED
    try:
        return str(json.loads(response.content)["error"])
    except (ValueError, KeyError, ContentNotRenderedError):
        return FAILED
