"""What a batch of events does, gathered in memory and then written together: a few statements in all."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from alertops.lib.rows import insert_numbered, insert_rows, update_rows
from alerts.logic.lifecycle import Action, Status, next_status
from alerts.models import Alert, AlertEvent, Notification, User
from alerts.operations import escalation
from alerts.operations.acting import Overtaken
from alerts.operations.arrival import Arrival
from alerts.operations.escalation import Start
from alerts.operations.named import add_named
from alerts.operations.telling import Closing
from alerts.operations.timeline import line


class Ledger:
    """Gathers what is to be written about alerts that are new, or held by this transaction.

    An alert that opens and closes before anything is written never had an escalation.
    """

    def __init__(self, *, now: datetime, notifies: bool) -> None:
        self.now, self.notifies = now, notifies
        self._forget()

    def open(self, alert: Alert, arrival: Arrival) -> None:
        """Have a new alert."""
        self._opened.append(alert)
        self._begin(alert, arrival, AlertEvent.Kind.OPENED)

    def reopen(self, alert: Alert, arrival: Arrival, columns: dict[str, Any]) -> None:
        """Open a closed alert anew; whoever had it last hears first, and then the policy begins."""
        last = alert.owner
        self.move(alert, Action.OPEN_EVENT, columns)
        self._reopened.append(alert)
        self._begin(alert, arrival, AlertEvent.Kind.REOPENED, first=last if last and last.is_active else None)

    def let_go(self, alert: Alert) -> None:
        """Have the policy of an alert begin that waited for more reports."""
        self._let_go[id(alert)] = alert

    def close(self, alert: Alert, arrival: Arrival, columns: dict[str, Any]) -> None:
        """Close an alert and end what runs for it."""
        if alert.pk is not None:
            self._closings.append(Closing(alert, alert.opened_at))
        self._starts.pop(id(alert), None)
        self._let_go.pop(id(alert), None)
        self.move(alert, Action.CLOSE_EVENT, columns)
        self.write_line(alert, arrival, AlertEvent.Kind.CLOSED)

    def move(self, alert: Alert, action: Action, columns: dict[str, Any]) -> None:
        """Bring an alert to where an action leads. Raises InvalidTransition."""
        status = next_status(Status(alert.status), action)
        columns = {**columns, "status": status.value}
        for name, value in columns.items():
            setattr(alert, name, value)
        if alert.pk is not None:
            self._moved.setdefault(alert.pk, (alert, set()))[1].update(columns)

    def write_line(self, alert: Alert, arrival: Arrival, kind: AlertEvent.Kind) -> None:
        """Add a line to an alert's timeline."""
        self._lines.append(line(alert, kind, **arrival.line))

    def write(self) -> None:
        """Write all there is, in the caller's transaction. Raises Overtaken, with some of it written."""
        self._write_alerts()
        for each in self._lines:
            each.alert_id = each.alert.pk  # a new alert has its number only now
        insert_rows(self._lines)
        if self._reopened:
            Alert.acknowledgers.through.objects.filter(alert__in=self._reopened).delete()
        for alert, arrival in self._named:
            add_named(alert, arrival.event, arrival.actor, now=self.now)
        escalation.end_all(self._closings, now=self.now)
        if not self.notifies and self._closings:
            news = Notification.objects.pending().filter(alert__in=[each.alert for each in self._closings])
            news.update(status=Notification.Status.CANCELLED)
        escalation.start_all(list(self._starts.values()), now=self.now, notifies=self.notifies)
        if self._let_go:
            escalation.let_go(list(self._let_go.values()), now=self.now)
        self._forget()

    def _begin(
        self, alert: Alert, arrival: Arrival, kind: AlertEvent.Kind, first: User | None = None
    ) -> None:
        self.write_line(alert, arrival, kind)
        is_named = bool(arrival.event.users or arrival.event.teams)
        if is_named:
            self._named.append((alert, arrival))
        is_plain = alert.pk is None and not is_named
        self._starts[id(alert)] = Start(
            alert,
            first=(first.pk,) if first else (),
            is_plain=is_plain,
            begins=arrival.begins(alert),
        )

    def _write_alerts(self) -> None:
        """Write what was closed first: a key may have another alert only then."""
        together: dict[tuple[bool, tuple[str, ...]], list[Alert]] = defaultdict(list)
        for alert, columns in self._moved.values():
            together[alert.status != Status.CLOSED, tuple(sorted(columns))].append(alert)
        try:
            for is_open, names in sorted(together):
                update_rows(together[is_open, names], names)
            insert_numbered(self._opened)
        except IntegrityError as another_was_first:
            raise Overtaken from another_was_first

    def _forget(self) -> None:
        self._opened: list[Alert] = []
        self._reopened: list[Alert] = []
        self._moved: dict[int, tuple[Alert, set[str]]] = {}
        self._lines: list[AlertEvent] = []
        self._named: list[tuple[Alert, Arrival]] = []
        self._closings: list[Closing] = []
        self._starts: dict[int, Start] = {}
        self._let_go: dict[int, Alert] = {}
