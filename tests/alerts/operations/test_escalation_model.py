"""Random policies, people, answers and sleeping workers, against a slow model that walks minute by minute.

The model knows the rules as docs/escalation.md says them, looks at everything anew each minute, and keeps
no more than what was told and when the next thing is due.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import engine
from alerts.models import Alert, EscalationPolicy, Notification, Team, User
from integrations.models import Integration
from tests.alerts.operations.policies import MINUTE, policy, start
from tests.alerts.operations.reports import act, by
from tests.factories import NOW, TeamFactory, UserFactory

NAMES = "abcd"
HORIZON = 45  # minutes
BOSS = "boss"


@dataclass(frozen=True)
class Row:
    """One step. team: names in their order, told one by one if `member_wait` is not None."""

    wait: int
    users: str
    team: str = ""
    member_wait: int | None = None
    stop: str = ""
    severities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tale:
    """What happens. away: who cannot be reached.  said: minute to what is done.  asleep: minutes."""

    rows: tuple[Row, ...]
    runs: int
    away: str
    said: dict[int, str]
    asleep: frozenset[int]


@dataclass
class Model:
    """One who looks at everything each minute."""

    tale: Tale
    severity: str = "error"
    acknowledged: bool = False
    closed: bool = False
    knowing: set[str] = field(default_factory=set)
    place: tuple[int, int, int] | None = (0, 0, 0)
    due: int | None = 0
    planned: int = 0
    told: list[tuple[int, str]] = field(default_factory=list)

    def tell(self):
        self.due = self.planned = self.tale.rows[0].wait
        for minute in range(HORIZON):
            self.hear(minute, self.tale.said.get(minute, ""))
            while minute not in self.tale.asleep and self.due is not None and self.due <= minute:
                self.wake(minute)
        return self.told

    def hear(self, minute, said):
        if self.closed:
            return
        if said == "acknowledge" and not self.acknowledged:
            self.acknowledged, self.knowing = True, {"a"}
            if not self.has_more():
                self.due = None
        elif said == "unacknowledge" and self.acknowledged:
            self.acknowledged, self.knowing = False, set()
            if self.due is None:
                self.due = max(minute, self.planned)
        elif said == "close":
            self.closed, self.due = True, None

    # What the rules say

    def is_met(self, row):
        return self.acknowledged and row.stop != "closed"

    def has_more(self):
        """Whether anything of the agenda would still run."""
        place = self.place
        while place is not None:
            if not self.is_met(self.tale.rows[place[1]]):
                return True
            place = self.after(place)[0]
        return not self.acknowledged

    def after(self, place):
        """Return the next step's place, None at the end, and the wait before it."""
        run, number, _member = place
        rows = self.tale.rows
        if number + 1 < len(rows):
            return (run, number + 1, 0), rows[number + 1].wait
        pause = max(rows[-1].wait, 5)
        if run + 1 < self.tale.runs:
            return (run + 1, 0, 0), max(pause, rows[0].wait)
        return None, pause

    def following(self, place, members):
        run, number, member = place
        row = self.tale.rows[number]
        if row.member_wait is not None and member + 1 < members:
            found = ((run, number, member + 1), row.member_wait)
        else:
            found = self.after(place)
        wait = found[1]
        if self.nothing_runs():
            return None, wait
        while found[0] is not None and self.is_met(self.tale.rows[found[0][1]]):
            found = self.after(found[0])
            wait += found[1]
        return found[0], wait

    def nothing_runs(self):
        return all(map(self.is_met, self.tale.rows))

    def wait(self, minute, wait):
        """Return when a wait ends that begins now; nobody is given less after an outage."""
        return minute + wait

    # What happens

    def wake(self, minute):
        if self.place is not None and self.is_met(self.tale.rows[self.place[1]]):
            wait, place = 0, self.place
            while place is not None and self.is_met(self.tale.rows[place[1]]):
                place, more = self.after(place)
                wait += more
            self.place = place
            if wait:
                self.due = self.wait(minute, wait)
                return
        self.go_on(minute)

    def go_on(self, minute):
        reached, now, tried = False, set(), set()
        while self.place is not None and self.place[1:] not in tried:
            tried.add(self.place[1:])
            row, member = self.tale.rows[self.place[1]], self.place[2]
            is_for_now = member > 0 or not row.severities or self.severity in row.severities
            members = len(row.team) if row.member_wait is not None and is_for_now else 0
            place, wait = self.following(self.place, members)
            if is_for_now:
                people, knowing = self.people(row, member)
                reached |= bool(people or knowing)
                for name in people:
                    if name not in now:
                        now.add(name)
                        self.told.append((minute, name))
            self.planned = self.wait(minute, wait) if reached or not is_for_now else minute
            self.place = place
            if wait and (reached or not is_for_now):
                self.due = self.wait(minute, wait)
                return
        self.place = None
        if self.acknowledged:
            self.due = None
            return
        self.told.append((minute, BOSS))
        self.due = self.planned = minute + 60

    def people(self, row, member):
        team = row.team if row.member_wait is None else row.team[member : member + 1]
        named = dict.fromkeys([*(row.users if not member else ""), *team])
        there = [name for name in named if name not in self.tale.away]
        return [name for name in there if name not in self.knowing], [
            name for name in named if name in self.knowing
        ]


@st.composite
def rows(draw):
    users = "".join(sorted(draw(st.sets(st.sampled_from(NAMES), max_size=2))))
    team = "".join(draw(st.permutations(NAMES))[: draw(st.integers(0, 3))])
    return Row(
        wait=draw(st.integers(0, 7)),
        users=users,
        team=team,
        member_wait=draw(st.sampled_from([None, 0, 1, 3])) if team else None,
        stop=draw(st.sampled_from(["", "", "closed"])),
        severities=draw(st.sampled_from([(), (), ("critical",), ("error", "warning")])),
    )


@st.composite
def tales(draw):
    said = {}
    for minute in draw(st.sets(st.integers(1, HORIZON - 1), max_size=4)):
        said[minute] = draw(st.sampled_from(["acknowledge", "unacknowledge", "close"]))
    first, length = draw(st.integers(0, HORIZON)), draw(st.sampled_from([0, 0, 3, 10]))
    return Tale(
        rows=tuple(draw(st.lists(rows(), min_size=1, max_size=4))),
        runs=draw(st.integers(1, 2)),
        away="".join(draw(st.sets(st.sampled_from(NAMES), max_size=2))),
        said=said,
        asleep=frozenset(range(first, first + length)),
    )


def really(tale):
    """Have the engine do it."""
    Notification.objects.all().delete()
    Alert.objects.all().delete()
    Integration.objects.all().delete()
    EscalationPolicy.objects.all().delete()
    Team.objects.all().delete()
    User.objects.all().delete()
    people = {name: UserFactory(username=name, is_active=name not in tale.away) for name in NAMES}
    boss = UserFactory(username=BOSS)
    made = policy(*[_step(row, people) for row in tale.rows], runs=tale.runs, last_resort=boss)
    for column in ("acknowledgement_timeout_critical", "acknowledgement_timeout_error"):
        setattr(made, column, None)
    made.save()
    alert = start(made)
    for minute in range(HORIZON):
        _do(alert, tale.said.get(minute, ""), people, NOW + minute * MINUTE)
        while minute not in tale.asleep and engine.escalate_due(NOW + minute * MINUTE):
            pass
    rows = Notification.objects.filter(alert=alert, kind__in=("page", "last_resort")).order_by("id")
    return [((row.created_at - NOW) // MINUTE, row.user.username) for row in rows]


def _step(row, people):
    options = {"stop": row.stop, "severities": list(row.severities)}
    if row.team:
        options["teams"] = [TeamFactory(people=[people[name] for name in row.team])]
    if row.member_wait is not None:
        options |= {"team_order": "one_by_one", "member_wait": timedelta(minutes=row.member_wait)}
    return [people[name] for name in row.users], row.wait, options


def _do(alert, said, people, at):
    status = Alert.objects.get(pk=alert.pk).status
    possible = {"acknowledge": "open", "unacknowledge": "acknowledged"}
    if said == "close" and status != "closed":
        act(alert, "close", by=by(people["a"]), at=at)
    elif said and possible.get(said) == status:
        act(alert, said, by=by(people["a"]), at=at)


def in_minutes(told):
    """Return who is told in each minute, whatever the order in it."""
    return [
        (minute, sorted(name for _minute, name in rows)) for minute, rows in groupby(told, lambda row: row[0])
    ]


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(tales())
def test_people_are_told_as_the_slow_model_says(tale):
    assert in_minutes(really(tale)) == in_minutes(Model(tale).tell())
