"""The judge of the torture finds what is wrong, and excuses only what may be excused."""

import pytest

from tests.torture.killer import Kill
from tests.torture.mailbox import Mail
from tests.torture.senders import Problem, Story
from tests.torture.verdict import RECOVERY, judge
from tests.torture.world import PEOPLE

START = 1000.0
LATEST = 2.0


def good():
    """A problem that stayed: four people were told, each a second after the step was planned."""
    notifications = [
        {
            "id": n,
            "alert_id": 1,
            "address": f"{name}@example.com",
            "kind": "page",
            "status": "sent",
            "dedup_key": f"step:5:0:{n}:0:{n}:email",
        }
        for n, name in enumerate(PEOPLE)
    ]
    steps = [
        {
            "alert_id": 1,
            "at": START + 10 * n,
            "data": {
                "escalation": 5,
                "run": 0,
                "step": n,
                "member": 0,
                "next_at": _iso(START + 10 * (n + 1)),
            },
        }
        for n in range(len(PEOPLE))
    ]
    return {
        "facts": {
            "messages": [_message()],
            "alerts": [_alert("open")],
            "steps": steps,
            "notifications": notifications,
            "attempts": [_attempt(n, 1, START + 10 * n, "sent") for n in range(len(PEOPLE))],
        },
        "problems": [Problem("build-1", Story.STAYS, [1])],
        "mails": [Mail(f"{name}@example.com", 1, n, START + 10 * n + 1) for n, name in enumerate(PEOPLE)],
        "kills": [],
    }


def _iso(seconds):
    return f"1970-01-01T00:{int(seconds) // 60:02}:{int(seconds) % 60:02}+00:00"


def _alert(status, closed_at=None):
    return {
        "id": 1,
        "source_id": "build-1 main",
        "status": status,
        "created_at": START,
        "closed_at": closed_at,
    }


def _message():
    times = {"received_at": START, "processed_at": START + 0.5}
    return {"id": 1, "alert_id": 1, "status": "mapped", "reason": "opened", **times}


def _attempt(notification, number, at, result):
    return {"notification_id": notification, "number": number, "started_at": at, "result": result}


def failures(world):
    return judge(**world, latest=LATEST).failures


def test_a_good_world_has_no_failures():
    assert failures(good()) == []


def lose_a_message(world):
    world["facts"]["messages"].clear()


def leave_a_message(world):
    world["facts"]["messages"][0] |= {"status": "processing", "processed_at": None}


def set_a_message_aside(world):
    world["facts"]["messages"][0] |= {"status": "mapping_failed", "reason": "error"}


def open_two_alerts(world):
    world["facts"]["alerts"].append(_alert("open"))


def open_none(world):
    world["facts"]["alerts"].clear()


def leave_it_open(world):
    world["problems"][0].story = Story.MENDS


def lose_a_mail(world):
    del world["mails"][2]


def leave_a_notification(world):
    world["facts"]["notifications"][1]["status"] = "pending"


def give_a_notification_up(world):
    world["facts"]["notifications"][1]["status"] = "failed"


def send_twice(world):
    world["mails"].append(world["mails"][0])


def send_twice_after_a_kill_at_another_time(world):
    send_twice(world)
    world["facts"]["attempts"][0]["result"] = "unknown"
    world["facts"]["attempts"].append(_attempt(0, 2, START + 1, "sent"))
    world["kills"].append(Kill("busy worker", 1, START + 5))


def send_after_closing(world):
    world["problems"][0].story = Story.MENDS
    world["facts"]["alerts"] = [_alert("closed", START + 25)]


def be_late(world):
    world["mails"][1] = Mail("ben@example.com", 1, 1, START + 10 + LATEST + 0.1)


def be_late_with_the_first(world):
    world["facts"]["steps"][0]["at"] += 5
    world["mails"][0] = Mail("anna@example.com", 1, 0, START + 5.5)


def be_late_in_spite_of_a_kill(world):
    world["kills"].append(Kill("monitor", 1, START + 9))
    world["mails"][1] = Mail("ben@example.com", 1, 1, START + 9 + RECOVERY + LATEST + 0.1)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lose_a_message, "is not there"),
        (leave_a_message, "was never processed"),
        (set_a_message_aside, "mapping_failed / error"),
        (open_two_alerts, "has 2 alerts"),
        (open_none, "has 0 alerts"),
        (leave_it_open, "is open, not closed"),
        (lose_a_mail, "no mail to carl"),
        (lose_a_mail, "marked as sent and was not delivered"),
        (leave_a_notification, "ended as pending"),
        (give_a_notification_up, "ended as failed"),
        (send_twice, "0 kills explain it"),
        (send_twice_after_a_kill_at_another_time, "0 kills explain it"),
        (send_after_closing, "after its alert was closed"),
        (be_late, "2.1 s late"),
        (be_late_with_the_first, "5.5 s late"),
        (be_late_in_spite_of_a_kill, "2.1 s late"),
    ],
    ids=lambda value: value.__name__ if callable(value) else value,
)
def test_harm_is_found(harm, complaint):
    world = good()

    harm(world)

    assert any(complaint in failure for failure in failures(world)), failures(world)


def test_twice_is_excused_by_a_kill_between_the_sending_and_the_note_of_it():
    world = good()
    send_twice_after_a_kill_at_another_time(world)
    world["kills"] = [Kill("busy worker", 1, START + 0.5)]

    assert failures(world) == []


def test_lateness_within_recovery_is_excused():
    world = good()
    world["kills"].append(Kill("monitor", 1, START + 9))
    world["mails"][1] = Mail("ben@example.com", 1, 1, START + 9 + RECOVERY + LATEST - 0.1)

    assert failures(world) == []


def test_overlapping_recoveries_are_counted_once():
    world = good()
    world["kills"] += [Kill("monitor", 1, START + 9), Kill("pusher", 2, START + 10)]
    world["mails"][1] = Mail("ben@example.com", 1, 1, START + 10 + RECOVERY + LATEST + 0.1)

    assert len(failures(world)) == 1
