"""What the worker stands on goes away and comes back: so does the work."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from alertops import cluster
from alertops.lib import processes
from tests.supervisor.workers import running

pytestmark = pytest.mark.processes

DROP_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def test_a_redis_that_went_away_and_forgot_everything():
    with running("redis") as worker:
        worker.redis.stop()
        time.sleep(3)
        worker.redis.start()

        assert worker.runs_a_task()
        worker.wait_until_complete()


def test_a_postgresql_that_drops_every_connection():
    with running("redis") as worker:
        server, name = worker.server.environment["DATABASE_URL"].rsplit("/", 1)
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(DROP_CONNECTIONS, [name])

        assert worker.runs_a_task()


def test_a_database_that_hangs_does_not_blind_the_watchdog():
    with running("orm") as worker:
        before = worker.pids(cluster.PARENT)[0]
        identity = processes.identity(before)
        path = Path(worker.server.folder) / "alertops.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")  # from now on everybody else waits
            os.kill(worker.pids(cluster.SENTINEL)[0], signal.SIGKILL)

            worker.server.wait_until(
                lambda: worker.pids(cluster.PARENT) not in ([], [before]), "no new cluster"
            )
            assert not processes.is_alive(identity)
            connection.execute("ROLLBACK")

        assert worker.runs_a_task()
