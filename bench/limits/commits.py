"""How fast a database commits bodies of 2 KB that are handed to it without any framework."""

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg

from bench import bodies
from bench.contract import Run

GROUP = 100  # rows of a group commit
TABLE = "bench_raw"
_START_UP = 0.5  # seconds until all clients are connected
_BODY = bodies.filled(bodies.bitbucket()[0], 0).encode()


def on_postgresql(url: str, *, clients: int, rows: int, seconds: float) -> Run:
    """Insert by prepared statements, each its own commit; rows: in one statement.

    The clients are threads of as many processes as there are cores.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (id bigserial PRIMARY KEY, body bytea NOT NULL)"
        )
    processes = min(clients, os.cpu_count() or 1)
    start_at = time.time() + _START_UP
    shares = [clients // processes + (number < clients % processes) for number in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        work = partial(_clients, url, rows=rows, start_at=start_at, seconds=seconds)
        durations = [duration for part in pool.map(work, shares) for duration in part]
    return _run(durations, rows, seconds)


def on_sqlite(folder: Path, *, rows: int, seconds: float) -> Run:
    """Insert in a WAL file with synchronous=FULL, as alertops does."""
    path = folder / "raw.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id integer PRIMARY KEY, body blob NOT NULL)")
    statement = f"INSERT INTO {TABLE} (body) VALUES " + ", ".join(["(?)"] * rows)
    insert = partial(connection.execute, statement, [_BODY] * rows)
    durations = _repeat(insert, until=time.time() + seconds)
    connection.close()
    return _run(durations, rows, seconds)


def _clients(url: str, count: int, *, rows: int, start_at: float, seconds: float) -> list[float]:
    """Be so many clients; return how long each commit took."""
    with ThreadPoolExecutor(count) as pool:
        work = [pool.submit(_client, url, rows, start_at, seconds) for _ in range(count)]
        return [duration for client in work for duration in client.result()]


def _client(url: str, rows: int, start_at: float, seconds: float) -> list[float]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor(binary=True)
        statement = f"INSERT INTO {TABLE} (body) SELECT unnest(%s::bytea[])"
        insert = partial(cursor.execute, statement, [[_BODY] * rows], prepare=True)
        insert()
        time.sleep(max(0, start_at - time.time()))
        return _repeat(insert, until=start_at + seconds)


def _repeat(step: Callable[[], object], *, until: float) -> list[float]:
    durations, before = [], time.time()
    while before < until:
        step()
        after = time.time()
        durations.append(after - before)
        before = after
    return durations


def _run(durations: list[float], rows: int, seconds: float) -> Run:
    ordered = sorted(durations) or [0.0]
    return Run(
        figure=len(durations) * rows / seconds,
        p50=ordered[len(ordered) // 2] * 1000,
        p99=ordered[len(ordered) * 99 // 100] * 1000,
    )
