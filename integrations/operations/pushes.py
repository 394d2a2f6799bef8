"""How a push is known among deliveries, whatever the rules say, and what services make of it.

A delivery that is no push pays one look at the names in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alertops.lib.sayings import saying, sayings
from brokers import operations as brokers
from brokers.logic.push import Push, PushUnreadable, read_push
from brokers.operations.words import listed
from integrations.logic import pipeline
from integrations.logic.outcome import Reason
from integrations.logic.payload import Payload
from integrations.logic.pipeline import Config
from integrations.logic.trace import Decision, Trace
from integrations.models import InboundMessage, Integration

__all__ = ["PushUnreadable", "Pushed", "evaluate", "read", "run_services"]

# Every push has one of these at its top.
_SIGNS = frozenset({"push", "commits", "ref", "changes"})
MOST_NAMES = 5

IS_PUSH = saying("A push to %(repository)s: its services that act on it run, and no rule is asked.")
TRIED = saying("A push that somebody tried: services run for real ones only. Each has a test of its own.")
RAN = sayings(
    "Ran %(count)d service of %(repository)s: %(names)s",
    "Ran %(count)d services of %(repository)s: %(names)s",
    within=["names"],
)


@dataclass(frozen=True)
class Pushed(Trace):
    """A delivery that is a push. told: where its services are found, once they run."""

    push: Push | None = None
    told: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "push": self.told}

    def outcome_json(self, decision: Decision) -> dict[str, Any]:
        return {**super().outcome_json(decision), "push": self.told}


def read(payload: Payload) -> Pushed | None:
    """Return the push that a delivery is; None where it is something else. Raises PushUnreadable."""
    data = payload.data
    if not isinstance(data, dict) or _SIGNS.isdisjoint(data):
        return None
    push = read_push(payload.headers, data)
    if push is None:
        return None
    return _pushed(push, Reason.STATUS_MISMATCH, IS_PUSH % {"repository": push.full_name})


def evaluate(payload: Payload, config: Config) -> Trace:
    """Return what a delivery comes to, with nothing done: the push that it is, or what the rules say."""
    try:
        return read(payload) or pipeline.evaluate(payload, config)
    except PushUnreadable as error:
        return Trace((), (Decision(0, str(error), reason=Reason.ERROR),))


def run_services(
    sender: Integration, pushed: Sequence[tuple[InboundMessage, Pushed]], *, now: datetime, runs: bool
) -> list[Pushed]:
    """Put pushes on record and have the services of their repositories run; return what came of each.

    runs: whether services run. In the caller's transaction.
    """
    real = [
        brokers.Arrived(each.push, sender.pk, message.pk, message.received_at)
        for message, each in pushed
        if each.push is not None and not message.is_test
    ]
    taken = iter(brokers.take_in(real, now=now, runs=runs))
    return [_tested(each) if message.is_test else _told(each, next(taken)) for message, each in pushed]


def _pushed(push: Push, reason: Reason, sentence: str, told: dict[str, Any] | None = None) -> Pushed:
    return Pushed((), (Decision(0, sentence, reason=reason),), push, told or {})


def _tested(each: Pushed) -> Pushed:
    return _pushed(_push_of(each), Reason.STATUS_MISMATCH, TRIED)


def _told(each: Pushed, taken: brokers.Taken) -> Pushed:
    push = _push_of(each)
    if not taken.services:
        return _pushed(push, Reason.STATUS_MISMATCH, taken.why, _places(taken))
    count = len(taken.services)
    names = listed([service.title for service in taken.services], MOST_NAMES)
    words = RAN[count != 1] % {"count": count, "repository": push.full_name, "names": names}
    return _pushed(push, Reason.SERVICES_RUN, words, _places(taken))


def _places(taken: brokers.Taken) -> dict[str, Any]:
    return {
        "repository": taken.repository.pk if taken.repository else None,
        "push": taken.push.pk if taken.push else None,
    }


def _push_of(each: Pushed) -> Push:
    assert each.push is not None  # noqa: S101 (read() makes none without)
    return each.push
