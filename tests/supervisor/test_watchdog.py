"""What makes the watchdog give a cluster up, and what does not."""

import pytest

from alertops.cluster import MONITOR, PARENT, PUSHER, SENTINEL, WORKER, Card
from alertops.watchdog import Watchdog, deadly

TIMEOUT = 30
BORN = 1000.0


def card(role, pid, *, began=0.0, ended=0.0):
    return Card(role, f"node/{pid}/7", began, ended)


def crew(*workers, monitor=0.0):
    """Everybody a cluster of two needs; workers: when each last began and ended a task."""
    workers = workers or ((0, 0), (0, 0))
    return [
        card(PARENT, 1),
        card(SENTINEL, 2),
        card(PUSHER, 3),
        card(MONITOR, 4, ended=monitor),
        *(card(WORKER, 5 + n, began=began, ended=ended) for n, (began, ended) in enumerate(workers)),
    ]


def without(role, cards):
    return [one for one in cards if one.role != role]


class Watch:
    """A watchdog that looks four times a second."""

    def __init__(self):
        self.dog = Watchdog(workers=2, timeout=TIMEOUT, now=BORN)
        self.now = BORN

    def look(self, living, *, until, fallen=()):
        """Look until a time; return the first complaint with the time it came."""
        while self.now < until:
            self.now += 0.25
            if complaint := self.dog.look(living, fallen, self.now):
                return complaint, self.now
        return None


@pytest.fixture
def watch():
    """A cluster that has been complete for a second."""
    watch = Watch()
    assert watch.look(crew(), until=1001) is None
    return watch


@pytest.mark.parametrize(
    ("fallen", "complaint"),
    [
        pytest.param([card(PARENT, 1)], "its parent process died", id="parent"),
        pytest.param([card(SENTINEL, 2)], "its sentinel died", id="sentinel"),
        pytest.param([card(MONITOR, 4, ended=5)], "its monitor died", id="monitor"),
        pytest.param([card(WORKER, 5)], "an idle worker died", id="worker before its first task"),
        pytest.param([card(WORKER, 5, began=4, ended=5)], "an idle worker died", id="worker between tasks"),
        pytest.param([card(WORKER, 5), card(PARENT, 1)], "its parent", id="the cause before its effects"),
        pytest.param([card(WORKER, 5, began=5, ended=4)], None, id="busy worker: django-q2 replaces it"),
        pytest.param([card(PUSHER, 3)], None, id="pusher: django-q2 replaces it"),
        pytest.param([], None, id="nobody"),
    ],
)
def test_a_death_that_django_q2_does_not_mend_is_named(fallen, complaint):
    found = deadly(fallen)

    assert found is None if complaint is None else found.startswith(complaint)


def test_a_heartbeat_that_nobody_answers_is_a_hang_after_five_seconds(watch):
    watch.dog.ask(1001)

    complaint, at = watch.look(crew(), until=1020)

    assert "no task has started" in complaint
    assert at == pytest.approx(1006, abs=0.5)


def test_a_heartbeat_is_answered_by_any_task_that_starts(watch):
    watch.dog.ask(1001)

    assert watch.look(crew((1001.2, 1001.3), (0, 0), monitor=1001.4), until=1020) is None


def test_later_heartbeats_do_not_excuse_the_first(watch):
    for at in (1001, 1003, 1005):
        assert watch.look(crew(), until=at) is None
        watch.dog.ask(at)

    assert watch.look(crew(), until=1020)[1] == pytest.approx(1006, abs=0.5)


def test_a_heartbeat_may_wait_longer_beside_a_busy_worker(watch):
    watch.dog.ask(1001)

    _complaint, at = watch.look(crew((1000.5, 0), (0, 0)), until=1040)

    assert at == pytest.approx(1016, abs=0.5)


def test_a_heartbeat_may_wait_while_every_worker_is_busy(watch):
    watch.dog.ask(1001)

    assert watch.look(crew((1000.5, 0), (1000.6, 0)), until=1040) is None


def test_a_task_far_over_its_timeout_is_a_hang(watch):
    complaint, at = watch.look(crew((1001, 0), (0, 0)), until=1100)

    assert "has been busy" in complaint
    assert at == pytest.approx(1001 + TIMEOUT + 15, abs=0.5)


def test_heartbeats_are_not_expected_of_a_cluster_that_is_still_starting():
    watch = Watch()
    watch.dog.ask(BORN)

    assert watch.look(without(MONITOR, crew()), until=1030) is None
    assert watch.look(crew(), until=1034) is None


def test_a_cluster_that_never_becomes_complete_is_given_up_after_a_minute():
    complaint, at = Watch().look(without(MONITOR, crew()), until=1100)

    assert "without monitor" in complaint
    assert at == pytest.approx(1060, abs=0.5)


def test_a_process_that_is_not_replaced_is_missed_after_ten_seconds(watch):
    complaint, at = watch.look(without(PUSHER, crew()), until=1100)

    assert "without pusher" in complaint
    assert at == pytest.approx(1011, abs=0.5)


def test_a_process_that_is_replaced_is_not_missed(watch):
    assert watch.look(without(PUSHER, crew()), until=1008) is None
    assert watch.look(crew(), until=1009) is None
    assert watch.look(without(PUSHER, crew()), until=1016) is None


def test_results_that_nobody_puts_away_are_a_hang(watch):
    for at in range(1002, 1020):
        assert watch.look(crew((at, at), (0, 0), monitor=1001), until=at + 1) is None

    complaint, at = watch.look(crew((1020, 1020), (0, 0), monitor=1001), until=1040)

    assert "put away" in complaint
    assert at == pytest.approx(1002 + 25, abs=1.5)


def test_results_that_are_put_away_late_are_no_hang(watch):
    for at in range(1002, 1100):
        assert watch.look(crew((at, at), (0, 0), monitor=at - 10), until=at + 1) is None


def test_a_machine_that_slept_gets_its_patience_anew(watch):
    watch.dog.ask(1001)
    watch.now += 3600

    assert watch.look(crew(), until=watch.now + 4.5) is None
    assert watch.look(crew(), until=watch.now + 2) is not None


@pytest.mark.parametrize(
    "living",
    [
        pytest.param(crew((1000.5, 0), (0, 0)), id="a task runs"),
        pytest.param(without(PUSHER, crew()), id="somebody is missing"),
        pytest.param(crew((1000.5, 1000.6), (0, 0), monitor=900), id="a result waits"),
    ],
)
def test_a_machine_that_slept_is_not_late_with_what_it_was_doing(watch, living):
    assert watch.look(living, until=1002) is None
    watch.now += 3600

    assert watch.look(living, until=watch.now + 9) is None
    assert watch.look(living, until=watch.now + 60) is not None


def test_it_is_known_whether_a_cluster_has_ever_worked(watch):
    assert not watch.dog.has_worked
    watch.look(crew((1001, 1002), (0, 0), monitor=1002), until=1003)

    assert watch.dog.has_worked
