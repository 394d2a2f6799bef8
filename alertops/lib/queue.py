"""The task queue in the database, asked so cheaply that it can be asked fifty times a second."""

import time
from typing import Any

from django import db
from django.db import transaction
from django_q.brokers.orm import ORM
from django_q.conf import Conf

_HAS_ANY = "SELECT 1 FROM django_q_ormq WHERE key = %s LIMIT 1"
# Seconds after which a connection is looked after again: it may be old, or broken.
LOOK_AFTER = 1.0


class Queue(ORM):
    """django-q2's own, but that an empty queue is not read by way of a QuerySet and of two statements.

    The pusher asks at each `poll`, day and night; by the ORM that alone was four percent of a core.
    """

    _looked_after = 0.0

    def dequeue(self) -> Any:
        if self._has_any():
            return super().dequeue()
        time.sleep(Conf.POLL)
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
