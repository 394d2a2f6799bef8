"""The application as granian runs it: `granian --interface rsgi --http 1 --no-ws alertops.rsgi:application`.

An event loop reads each request to its end, and then a thread has Django answer it. So a sender that is
slow, or falls silent in the middle, holds a little memory and no thread, and that not for long.
Deliveries, people and the pulse have threads of their own: a storm at one door does not close the others.
What the threads cannot keep up with is sent away from here, at once.

Deliveries are many, so a thread takes all that wait and commits them together, while the next ones gather:
group commit, without any thread that waits for another one. Few threads do, or they would take one each.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.handlers.wsgi import WSGIRequest

from alertops import busy
from alertops.lib.bodies import Channel, CutOff, NoRoom, Reader
from alertops.lib.crews import Crew
from alertops.lib.environ import CUT_OFF, Scope, make
from alertops.wsgi import application as django

# isort: split
from alertops.lib import jobs, measures  # behind wsgi, which names the settings, and the folder to count in
from integrations import gathering

logger = logging.getLogger(__name__)

# Seconds.
TOO_LATE = 2.0  # while somebody has been waiting so long for a thread, newcomers are sent away
RETRY_AFTER = 10

MOST_TOGETHER = 100  # deliveries in one commit
GATHER = 0.0015  # seconds; measured: a half or twice of it gains less
COURIER = 0.01  # seconds between two nudges of the same worker, when deliveries come without a pause
LARGE = 50_000  # bytes; a body that may be larger goes apart: no small one waits until it is decoded

DOOR = "/in/"

Answer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been read. answered: what the loop waits for."""

    environ: dict[str, Any]
    channel: Channel
    answered: asyncio.Future[None]


class Application:
    """Django behind an event loop."""

    def __init__(self) -> None:
        most = max(settings.MAX_BODY_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        self._reader = Reader(most=most, within=settings.DOOR_SECONDS)
        self._answered: deque[asyncio.Future[None]] = deque()
        self._is_woken = False
        self._courier = jobs.Courier(every=COURIER)
        threads, patience = settings.DOOR_THREADS, settings.DOOR_SECONDS
        take_in, answer = self._take_in_and_answer, partial(self._answer, by=_answer_of_django)
        self._small = Crew(
            "door", threads, patience=patience, work=take_in, most=MOST_TOGETHER, gather=GATHER
        )
        self._large = Crew("large", threads, patience=patience, work=take_in)
        self._machines = Crew("machines", 2, patience=patience, work=answer)
        self._pulse = Crew("pulse", 1, patience=5.0, work=answer)
        self._readiness = Crew("readiness", 1, patience=5.0, work=answer)
        self._people = Crew("people", 6, patience=120.0, work=answer)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._courier.start()
        crews = (self._small, self._large, self._machines, self._pulse, self._readiness, self._people)
        for crew in crews:
            crew.start()

    async def __rsgi__(self, scope: Scope, channel: Channel) -> None:
        crew = self._crew_for(scope)
        if crew.delay() > TOO_LATE:
            _send_away(scope, channel, _BUSY)
            return
        try:
            environ = await self._read(scope, channel)
        except NoRoom:
            _send_away(scope, channel, _NO_ROOM)
        except CutOff as cut:
            status, detail = (408, _LATE) if cut.is_late else (400, _BROKEN)
            _answer(channel, status, {"error": "unreadable_body", "detail": detail})
        else:
            await self._have_answered(scope, channel, crew, environ)

    def _crew_for(self, scope: Scope) -> Crew:
        if not scope.path.startswith(DOOR):
            pulses = {"/healthz": self._pulse, "/readyz": self._readiness}
            return pulses.get(scope.path, self._people)
        if not gathering.is_delivery(scope.path):
            return self._machines
        length = scope.headers.get("content-length") or "0"
        is_small = scope.headers.get("transfer-encoding") is None and int(length) <= LARGE
        return self._small if is_small else self._large

    async def _read(self, scope: Scope, channel: Channel) -> dict[str, Any]:
        """Read the request. Raises NoRoom or CutOff; the latter the door is told, to put it on record."""
        try:
            return make(scope, await self._reader.read(scope.headers, channel))
        except CutOff as cut:
            if not scope.path.startswith(DOOR):
                raise
            return make(scope, cut.read) | {CUT_OFF: "late" if cut.is_late else "broken"}

    async def _have_answered(
        self, scope: Scope, channel: Channel, crew: Crew, environ: dict[str, Any]
    ) -> None:
        environ[measures.BEGAN] = time.perf_counter()
        answered = self._loop.create_future()
        job = crew.give(Asked(environ, channel, answered))

        def give_up() -> None:
            _send_away(scope, channel, _BUSY if job.claim() else _UNKNOWN)
            answered.set_result(None)

        too_long = self._loop.call_later(crew.patience, give_up)
        await answered
        too_long.cancel()

    # What follows runs in threads; an answer leaves from there, and the loop learns of it by the way.

    def _take_in_and_answer(self, asked: list[Asked]) -> None:
        """Answer deliveries: one request, as far as what Django does around each is concerned."""
        signals.request_started.send(sender=Application, environ=asked[0].environ)
        try:
            with jobs.gathered(self._courier):
                gathering.take_in([each.environ for each in asked])
        except Exception:
            logger.exception("Deliveries were not taken in together; each is by itself.")
        self._answer(asked, by=_answer_at_the_door)
        signals.request_finished.send(sender=Application)

    def _answer(self, asked: list[Asked], *, by: Callable[[dict[str, Any]], Answer]) -> None:
        for each in asked:
            try:
                each.channel.response_bytes(*by(each.environ))
            except Exception:
                logger.exception("A request was not answered.")
        self._answered.extend(each.answered for each in asked)
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._conclude)

    def _conclude(self) -> None:
        self._is_woken = False  # first, or what is added meanwhile would wake nobody
        while self._answered:
            answered = self._answered.popleft()
            if not answered.done():
                answered.set_result(None)


def _answer_at_the_door(environ: dict[str, Any]) -> Answer:
    """Return Django's answer to a delivery, which holds nothing that would have to be closed."""
    response: Any = django.get_response(WSGIRequest(environ))
    return response.status_code, list(response.items()), response.content


def _answer_of_django(environ: dict[str, Any]) -> Answer:
    begun: list[Any] = []

    def begin(
        status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], None]:
        begun.extend((status, headers))
        return _refuse_to_write

    pieces = django(environ, begin)
    try:
        return int(begun[0][:3]), begun[1], b"".join(pieces)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()


def _refuse_to_write(_data: bytes) -> None:
    raise NotImplementedError("Django returns what it answers.")


_BUSY = "All threads are busy: send this again later."
_NO_ROOM = "Too many large bodies are under way: send this again later."
_UNKNOWN = "There was no answer in time, and it is not known what became of this: send it again."
_LATE = "The body came too slowly: send it at one go."
_BROKEN = "The body broke off: send it again."


def _send_away(scope: Scope, channel: Channel, detail: str) -> None:
    busy.note(detail)
    told: dict[str, Any] = {"error": "busy", "detail": detail}
    if scope.path.startswith(DOOR):
        measures.note("busy")
    if scope.path == "/readyz":
        told |= {"status": "not ready", "reasons": [detail]}
    _answer(channel, 503, told, ("retry-after", str(RETRY_AFTER)))


def _answer(channel: Channel, status: int, told: dict[str, Any], *headers: tuple[str, str]) -> None:
    fixed = [("content-type", "application/json"), ("cache-control", "no-store")]
    channel.response_bytes(status, [*fixed, *headers], json.dumps(told).encode())


application = Application()
