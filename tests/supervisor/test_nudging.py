"""Nudges by many processes at once: what is due is always looked at after it became due."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes import Server
from tests.redis_server import RedisServer
from tests.supervisor import probes

pytestmark = pytest.mark.processes

PRODUCERS, TIMES = 3, 300


@pytest.fixture(params=["sqlite and files", "postgresql and redis"])
def server(request):
    with ExitStack() as stack:
        if "redis" in request.param:
            redis = stack.enter_context(RedisServer())
            yield stack.enter_context(Server("postgresql", web_workers=0, REDIS_URL=redis.url))
        else:
            yield stack.enter_context(Server("sqlite", web_workers=0))


def test_no_nudge_is_lost_between_processes_that_share_one(server):
    server.start_command("runworker", "--skip-checks")
    folder = Path(server.folder)
    producers = [server.spawn(probes.make_due, str(folder), TIMES) for _ in range(PRODUCERS)]

    assert [producer.wait(120) for producer in producers] == [0] * PRODUCERS

    # A look is still under way when the last producer ends; after it nothing comes that was not nudged.
    server.wait_until(lambda: _seen(folder)[-1:] == [PRODUCERS * TIMES], "the last was not seen", seconds=10)
    assert len(_seen(folder)) < PRODUCERS * TIMES  # they did coalesce


def _seen(folder):
    path = folder / "seen"
    return [int(line) for line in path.read_text().split()] if path.exists() else []
