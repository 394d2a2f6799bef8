"""Whatever is sent: told the sender in JSON what is wrong, put on record, and never in the way of others."""

import pytest

from tests.harm import worlds
from tests.harm.table import GREEN, ROWS, STORED, TAKEN
from tests.harm.wire import exchange, request
from tests.processes import Server

pytestmark = pytest.mark.processes


def door_on(database):
    with Server(database, web_workers=1) as server:
        server.tokens = server.call(worlds.build_doors)
        yield server
        output = server.output(server.web)
    assert not [word for word in [*server.tokens.values(), worlds.SECRET, "Traceback"] if word in output]


@pytest.fixture(scope="module")
def door():
    yield from door_on("sqlite")


@pytest.fixture(scope="module")
def door_on_postgresql():
    yield from door_on("postgresql")


def fill_in(door, sent):
    for kind, token in door.tokens.items():
        sent = sent.replace(b"{%s}" % kind.encode(), token.encode())
    return sent


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_answered_with_its_mend_and_blocks_nobody(door, row):
    attack(door, row)


@pytest.mark.parametrize("row", STORED, ids=lambda row: row.name)
def test_postgresql_takes_whatever_sqlite_takes(door_on_postgresql, row):
    attack(door_on_postgresql, row)


def attack(door, row):
    before = door.call(worlds.newest)

    answer = exchange(door.port, fill_in(door, row.sent), half_close="broke off" in row.mend)
    honest = exchange(door.port, fill_in(door, request(GREEN)))

    found = [reason for reason, _detail in door.call(worlds.became, before)]
    assert_told(answer, row)
    assert honest.status == 202
    assert found == [*([row.became] if row.became else []), TAKEN]


def assert_told(answer, row):
    assert answer is not None
    assert answer.status == row.status, answer.text
    if row.error is not None:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json().get("error", "") == row.error
        assert row.mend in answer.json().get("detail", "")
