"""One integration's storm delays no other integration's first page."""

import time

import pytest
import requests

from tests.factories import build_body
from tests.mailserver import MailServer
from tests.processes import DATABASES, Server
from tests.storm import weather

STORM = 2000  # alerts; the full one, of 50,000 in a minute, is run by `make bench`
MOST = 5.0  # seconds from the POST to the mail server


@pytest.mark.parametrize("database", DATABASES)
def test_a_storm_of_one_integration_delays_no_others_first_page(database):
    with MailServer() as mails, Server(database, EMAIL_URL=mails.url) as server:
        mails.pause = 0.01  # before each answer, so that the storm cannot be over soon
        token = server.call(weather.build)
        server.call(weather.flood, STORM)
        worker = server.start_command("runworker", "--skip-checks")
        server.wait_until(lambda: mails.mails, "the storm's first mail did not come", seconds=60)

        posted = time.monotonic()
        answer = requests.post(f"{server.url}/in/{token}", data=build_body("FAILED"), timeout=MOST)
        server.wait_until(lambda: [to for to, _ in mails.mails if to.startswith("quiet@")], "no page came")
        took = time.monotonic() - posted

        server.kill(worker)
        left = server.call(weather.waits)
        mails.mails.clear()
        assert answer.status_code == 202
        assert left["messages"] + left["escalations"] + left["notifications"] > STORM, "it was no storm"
        assert took < MOST
