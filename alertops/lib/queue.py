"""The task queue in the database: who puts something in rings a bell, and an empty queue is asked cheaply."""

import time
from pathlib import Path
from typing import Any

from django import db
from django.conf import settings
from django.db import transaction
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from alertops.lib.bells import Bell

_HAS_ANY = "SELECT 1 FROM django_q_ormq WHERE key = %s LIMIT 1"
# Seconds after which a connection is looked after again: it may be old, or broken.
LOOK_AFTER = 1.0
# Seconds between two looks when no bell rings. Tasks on SQLite come from this machine, where it does.
REST = 0.25 if settings.IS_SQLITE else Conf.POLL


class Queue(ORM):
    """django-q2's own, but that nobody looks for what is not there, and then not by two statements.

    The pusher would ask at each `poll`, day and night; by the ORM that alone was four percent of a core.
    """

    _looked_after = 0.0

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._bell = Bell(Path(settings.DATA_DIR) / "run" / f"{self.list_key}.bell")

    def enqueue(self, task: str) -> Any:
        number = super().enqueue(task)
        self._bell.ring()
        return number

    def dequeue(self) -> Any:
        if self._has_any():
            return super().dequeue()
        self._bell.wait(REST, deaf=Conf.POLL)
        return None

    def _has_any(self) -> bool:
        if time.monotonic() - self._looked_after > LOOK_AFTER:
            self._looked_after = time.monotonic()
            if transaction.get_autocommit(using=Conf.ORM):
                db.close_old_connections()
        connection = db.connections[Conf.ORM]
        try:
            with connection.cursor() as cursor:
                cursor.execute(_HAS_ANY, [self.list_key])
                return cursor.fetchone() is not None
        except (db.OperationalError, db.InterfaceError):
            connection.close()
            return True  # the long way makes a new connection, or says why it cannot
