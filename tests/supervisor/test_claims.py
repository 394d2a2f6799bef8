"""Whose turn a row is."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from alertops.lib import claims, processes
from integrations.models import IntegrationLease
from tests.factories import NOW, IntegrationFactory

LEASE = timedelta(seconds=30)

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    IntegrationLease.objects.create(integration=IntegrationFactory())
    return IntegrationLease.objects.all()


def held_by(name, rows):
    rows.update(claimed_by=name, lease_until=NOW + LEASE)


def killed():
    """The identity of a process that was killed."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        name = processes.identity(process.pid)
        process.kill()
    return name


def test_a_row_is_taken_once(row):
    assert row.claim(now=NOW, lease=LEASE) == 1
    assert row.claim(now=NOW, lease=LEASE) == 0
    assert row.mine().count() == 1


def test_each_taking_counts_as_a_start(row):
    row.claim(now=NOW, lease=LEASE)
    row.claim(now=NOW + LEASE, lease=LEASE)

    assert row.get().start_count == 2


@pytest.mark.parametrize(
    ("after", "is_free"),
    [
        pytest.param(LEASE - timedelta(microseconds=1), False, id="a moment before its end"),
        pytest.param(LEASE, True, id="at its end"),
    ],
)
def test_a_row_comes_back_at_the_end_of_its_lease(row, after, is_free):
    row.claim(now=NOW, lease=LEASE)

    assert row.free(NOW + after).exists() is is_free


def test_a_row_that_another_has_taken_meanwhile_is_not_mine(row):
    row.claim(now=NOW, lease=LEASE)
    held_by("elsewhere/1/1", row)

    assert not row.mine().exists()


def test_what_a_dead_process_held_is_free_at_once(row):
    held_by(killed(), row)

    assert row.release_dead(NOW) == 1
    assert row.claim(now=NOW, lease=LEASE) == 1


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(claims.holder, id="this process"),
        pytest.param(lambda: processes.identity(os.getppid()), id="another living process"),
        pytest.param(lambda: "elsewhere/1/1", id="a process of another node"),
        pytest.param(lambda: f"{processes.node()}x/1/1", id="a node whose name begins alike"),
    ],
)
def test_what_others_hold_stays_theirs(row, holder):
    held_by(holder(), row)

    assert row.release_dead(NOW) == 0
    assert row.claim(now=NOW, lease=LEASE) == 0


def test_the_starts_of_a_row_outlive_its_holder(row):
    row.claim(now=NOW, lease=LEASE)
    row.update(claimed_by=killed())
    row.release_dead(NOW)

    assert row.get().start_count == 1
