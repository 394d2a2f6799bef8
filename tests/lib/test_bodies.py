"""A body is read to its end or given up, and never more of it than is taken."""

import asyncio

import pytest

from alertops.lib.bodies import CutOff, NoRoom, Reader

CHUNKED = {"transfer-encoding": "chunked"}


class Channel:
    """As granian gives a body: whole by a call, in pieces with an empty one at the end."""

    def __init__(self, *pieces, wait=0.0):
        self.pieces, self.wait, self.taken = list(pieces), wait, 0

    async def __call__(self):
        await asyncio.sleep(self.wait)
        if b"broken" in self.pieces:
            raise RuntimeError("transport is closed")
        return b"".join(self.pieces)

    async def __aiter__(self):
        for piece in self.pieces:
            await asyncio.sleep(self.wait)
            self.taken += len(piece)
            yield piece


def read(channel, headers, *, most=1000, within=5.0):
    return asyncio.run(Reader(most=most, within=within).read(headers, channel))


@pytest.mark.parametrize(
    ("pieces", "headers", "body"),
    [
        ([b"ab", b"c"], {"content-length": "3"}, b"abc"),
        ([b"ab", b"c", b""], CHUNKED, b"abc"),
        ([b"ab", b"", b""], CHUNKED | {"trailer": "X-A"}, b"ab"),
        ([b"ab"], {}, b""),
        ([b"ab"], {"content-length": "0"}, b""),
        ([b"x" * 2000], {"content-length": "2000"}, b""),
    ],
    ids=["with a length", "in chunks", "with a trailer", "no length", "empty", "too much"],
)
def test_a_body_is_read_whole_or_not_at_all(pieces, headers, body):
    assert read(Channel(*pieces), headers) == body


def test_of_a_body_without_end_little_more_is_read_than_is_taken():
    channel = Channel(*[b"x" * 100] * 1000)

    assert len(read(channel, CHUNKED)) == channel.taken == 1100


@pytest.mark.parametrize("headers", [{"content-length": "9"}, CHUNKED], ids=["length", "chunks"])
def test_a_body_that_comes_too_slowly_is_given_up(headers):
    with pytest.raises(CutOff) as cut:
        read(Channel(*[b"x"] * 9, wait=0.2), headers, within=0.1)

    assert cut.value.is_late


@pytest.mark.parametrize(
    ("pieces", "headers"),
    [([b"broken"], {"content-length": "9"}), ([b"x", b"", b""], CHUNKED)],
    ids=["length", "chunks"],
)
def test_a_body_that_broke_off_is_known_for_it(pieces, headers):
    with pytest.raises(CutOff) as cut:
        read(Channel(*pieces), headers)

    assert not cut.value.is_late


def test_large_bodies_share_a_bounded_memory():
    reader = Reader(most=1000, within=5.0, memory=5000)

    async def read_many():
        channels = [Channel(*[b"x" * 100] * 9, b"", wait=0.01) for _number in range(20)]
        return await asyncio.gather(
            *[reader.read(CHUNKED, channel) for channel in channels], return_exceptions=True
        )

    found = asyncio.run(read_many())

    assert any(isinstance(body, NoRoom) for body in found)
    assert any(body == b"x" * 900 for body in found)
    assert asyncio.run(reader.read(CHUNKED, Channel(b"x", b""))) == b"x"
