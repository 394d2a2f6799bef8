"""Whether an installation has survived: what was taken, done, sent, and when. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.torture.killer import Kill
from tests.torture.mailbox import Mail
from tests.torture.senders import Problem, Story
from tests.torture.world import PEOPLE

RECOVERY = 6.0  # seconds after a kill that do not count as late
# An alert is closed as of the time at which a batch was begun; that is committed at its end.
WRITING = 1.0
# A cluster whose monitor was killed is ended by the watchdog a little later.
REACTION = 1.5

Row = dict[str, Any]


@dataclass
class Verdict:
    """What was wrong, and figures.  lateness: of each page, in seconds; counted: without recovery."""

    failures: list[str] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    twice: int = 0

    def blame(self, failures: Iterable[str]) -> None:
        self.failures.extend(failures)


def judge(
    facts: dict[str, list[Row]],
    problems: Sequence[Problem],
    mails: Sequence[Mail],
    kills: Sequence[Kill],
    *,
    latest: float,
) -> Verdict:
    """Hold what was promised against what was done.  latest: seconds that a page may be late."""
    verdict = Verdict()
    verdict.blame(_unprocessed(facts, problems))
    verdict.blame(_wrong_alerts(facts, problems))
    verdict.blame(_untold(facts, problems, mails))
    verdict.blame(_sent_after_closing(facts))
    verdict.blame(_twice(facts, mails, kills, verdict))
    verdict.blame(_late(facts, mails, kills, verdict, latest))
    verdict.figures = {
        "deliveries answered 202": sum(len(problem.message_ids) for problem in problems),
        "messages stored": len(facts["messages"]),
        "alerts": len(facts["alerts"]),
        "notifications": len(facts["notifications"]),
        "mails delivered": len(mails),
        "mails delivered twice": verdict.twice,
        "kills": len(kills),
    }
    return verdict


def _unprocessed(facts: dict[str, list[Row]], problems: Sequence[Problem]) -> Iterable[str]:
    """Every 202 is processed, and none ended as an error."""
    messages = {row["id"]: row for row in facts["messages"]}
    for problem in problems:
        for number in problem.message_ids:
            row = messages.get(number)
            if row is None:
                yield f"message {number} of {problem.key} was answered 202 and is not there"
            elif row["status"] not in ("mapped", "mapped_appended", "mapped_ignored"):
                yield f"message {number} of {problem.key} is {row['status']} / {row['reason']}"
    for row in facts["messages"]:
        if row["processed_at"] is None:
            yield f"message {row['id']} was never processed"


def _wrong_alerts(facts: dict[str, list[Row]], problems: Sequence[Problem]) -> Iterable[str]:
    """Each problem has one alert, closed if it was mended, else open."""
    alerts = _alerts_of(facts)
    for problem in problems:
        found = alerts[problem.key]
        if len(found) != 1:
            yield f"{problem.key} has {len(found)} alerts"
            continue
        wanted = "closed" if problem.story is Story.MENDS else "open"
        if found[0]["status"] != wanted:
            yield f"alert {found[0]['id']} of {problem.key} is {found[0]['status']}, not {wanted}"


def _untold(facts: dict[str, list[Row]], problems: Sequence[Problem], mails: Sequence[Mail]) -> Iterable[str]:
    """Every step of an alert that stayed open told everybody; everything marked as sent was delivered."""
    alerts, told = _alerts_of(facts), defaultdict(set)
    for mail in mails:
        told[mail.alert_id].add(mail.address)
    for problem in problems:
        for alert in alerts[problem.key]:
            missing = {f"{name}@example.com" for name in PEOPLE} - told[alert["id"]]
            if problem.story is Story.STAYS and missing:
                yield f"alert {alert['id']} of {problem.key}: no mail to {', '.join(sorted(missing))}"
    delivered = {mail.notification_id for mail in mails}
    for row in facts["notifications"]:
        if row["status"] == "sent" and row["id"] not in delivered:
            yield f"notification {row['id']} is marked as sent and was not delivered"
        if row["status"] in ("pending", "failed"):
            yield f"notification {row['id']} ended as {row['status']}"


def _sent_after_closing(facts: dict[str, list[Row]]) -> Iterable[str]:
    """No page is begun after its alert was closed."""
    closed_at = {row["id"]: row["closed_at"] for row in facts["alerts"] if row["closed_at"]}
    pages = {row["id"]: row for row in facts["notifications"] if row["kind"] == "page"}
    for attempt in facts["attempts"]:
        page = pages.get(attempt["notification_id"])
        end = closed_at.get(page["alert_id"]) if page else None
        if end is not None and attempt["started_at"] > end + WRITING:
            yield f"notification {attempt['notification_id']} was sent after its alert was closed"


def _twice(
    facts: dict[str, list[Row]], mails: Sequence[Mail], kills: Sequence[Kill], verdict: Verdict
) -> Iterable[str]:
    """A mail is delivered twice only when a kill fell between its sending and the note of it."""
    attempts = defaultdict(list)
    for attempt in facts["attempts"]:
        attempts[attempt["notification_id"]].append(attempt)
    for number, count in Counter(mail.notification_id for mail in mails).items():
        if count == 1:
            continue
        verdict.twice += count - 1
        unknown = [attempt for attempt in attempts[number] if attempt["result"] == "unknown"]
        excused = [attempt for attempt in unknown if _has_kill(kills, attempt, attempts[number])]
        if len(excused) < count - 1:
            yield f"notification {number} was delivered {count} times; {len(excused)} kills explain it"


def _has_kill(kills: Sequence[Kill], attempt: Row, attempts: Sequence[Row]) -> bool:
    later = [other["started_at"] for other in attempts if other["number"] > attempt["number"]]
    return any(attempt["started_at"] - REACTION < kill.at < min(later, default=0) for kill in kills)


def _late(
    facts: dict[str, list[Row]], mails: Sequence[Mail], kills: Sequence[Kill], verdict: Verdict, latest: float
) -> Iterable[str]:
    """A page is delivered at most so much after its step was planned, recovery from kills aside."""
    planned = _planned(facts)
    delivered: dict[int, float] = {}
    for mail in mails:
        delivered.setdefault(mail.notification_id, mail.at)
    for row in facts["notifications"]:
        place = row["dedup_key"].split(":")[1:5]
        due = planned.get((row["alert_id"], *place))
        if row["kind"] != "page" or due is None or row["id"] not in delivered:
            continue
        verdict.lateness.append(delivered[row["id"]] - due)
        counted = _outside_recovery(due, delivered[row["id"]], kills)
        verdict.counted.append(counted)
        if counted > latest:
            yield f"notification {row['id']} was {counted:.1f} s late, kills not counted"


def _planned(facts: dict[str, list[Row]]) -> dict[tuple[Any, ...], float]:
    """When each step was to run: as the one before it said; the first, when the delivery was stored."""
    planned: dict[tuple[Any, ...], float] = {}
    stored: dict[int, float] = {}
    for row in facts["messages"]:
        stored.setdefault(row["alert_id"], row["received_at"])
    next_at: dict[int, float] = {}
    for step in facts["steps"]:
        data, alert = step["data"], step["alert_id"]
        place = tuple(str(data[name]) for name in ("escalation", "run", "step", "member"))
        planned[(alert, *place)] = next_at.get(alert, stored.get(alert, step["at"]))
        next_at[alert] = _seconds(data["next_at"]) if data.get("next_at") else step["at"]
    return planned


def _outside_recovery(due: float, done: float, kills: Sequence[Kill]) -> float:
    """Return the seconds between two moments that were not within RECOVERY after a kill."""
    late, seen = 0.0, due
    for kill in sorted(kills, key=lambda kill: kill.at):
        if kill.at >= done:
            break
        late += max(0.0, kill.at - seen)
        seen = max(seen, kill.at + RECOVERY)
    return late + max(0.0, done - seen)


def _alerts_of(facts: dict[str, list[Row]]) -> dict[str, list[Row]]:
    alerts = defaultdict(list)
    for row in facts["alerts"]:
        alerts[row["source_id"].split()[0]].append(row)
    return alerts


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
