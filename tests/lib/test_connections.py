"""Whether the commits of a process wait for the disk, and what the server keeps for it."""

import json
import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.processes import ROOT

only_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no pooler")
QUESTION, WAITS, DOES_NOT_WAIT = {
    "sqlite": ("PRAGMA synchronous", 2, 1),
    "postgresql": ("SHOW synchronous_commit", "on", "off"),
}[connection.vendor]
# Of PostgreSQL a database that is on every server: the one that tests run in is theirs alone.
URL = os.environ["DATABASE_URL"]
URL = f"{URL.rpartition('/')[0]}/postgres" if connection.vendor == "postgresql" else URL
START = f"""
import json, os, django
django.setup()
from django.db import connection
from alertops.lib.connections import tune_for_workers

def ask(question={QUESTION!r}):
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]

def tell(*answers):
    print(json.dumps(answers), flush=True)
"""


def told(program, **environment):
    """Run a program in a process of its own; return what it tells."""
    place = {"DATABASE_URL": URL, "DJANGO_SETTINGS_MODULE": "alertops.settings"}
    environment = {**os.environ, **place, **environment}
    done = subprocess.run(
        [sys.executable, "-c", START + program], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_process_waits_for_the_disk_until_it_is_told_not_to():
    assert told("before = ask(); tune_for_workers(); tell(before, ask())") == [WAITS, DOES_NOT_WAIT]


def test_it_does_so_on_each_new_connection():
    program = "tune_for_workers(); first = ask(); connection.close(); tell(first, ask())"

    assert told(program) == [DOES_NOT_WAIT, DOES_NOT_WAIT]


def test_the_processes_that_it_forks_do_not_wait_either():
    program = "tune_for_workers(); os.wait() if os.fork() else tell(ask())"

    assert told(program) == [DOES_NOT_WAIT]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no such pragma")
def test_nothing_else_of_a_connection_is_changed():
    program = "tune_for_workers(); tell(*map(ask, ['PRAGMA journal_mode', 'PRAGMA temp_store']))"

    assert told(program) == ["wal", 2]


@only_postgresql
def test_a_table_is_asked_by_its_index_even_while_it_is_young():
    """A plan that was made for ten rows is kept, and would read ten thousand."""
    program = "tune_for_workers(); tell(*(ask(f'SHOW {name}') for name in ('enable_seqscan', 'jit')))"

    assert told(program) == ["off", "off"]


@only_postgresql
def test_what_the_operator_wants_of_a_connection_stays():
    url = f"{URL}?options=-c%20lock_timeout%3D7s"
    program = "tune_for_workers(); tell(ask(), ask('SHOW lock_timeout'))"

    assert told(program, DATABASE_URL=url) == ["off", "7s"]


@only_postgresql
@pytest.mark.parametrize(
    ("pooler", "waits", "threshold"), [("true", "on", None), ("false", "off", 2)], ids=["pooler", "none"]
)
def test_nothing_is_left_in_a_connection_that_a_pooler_lends_to_others(pooler, waits, threshold):
    program = "tune_for_workers(); tell(ask(), connection.connection.prepare_threshold)"

    assert told(program, ALERTOPS_POOLER=pooler) == [waits, threshold]
