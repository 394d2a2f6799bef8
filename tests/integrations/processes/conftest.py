"""Real servers for the tests of this folder."""

import pytest

from tests.integrations.processes import worlds
from tests.processes import DATABASES, Server


@pytest.fixture(params=DATABASES)
def server(request):
    """A web server with two processes, on each database."""
    with Server(request.param) as server:
        server.token = server.call(worlds.build_integration)
        yield server


@pytest.fixture(params=DATABASES)
def installation(request):
    """An installation without a web server, on each database."""
    with Server(request.param, web_workers=0) as installation:
        installation.token = installation.call(worlds.build_integration)
        yield installation
