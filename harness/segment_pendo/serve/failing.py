"""Carry faults out on requests of our listeners, and take new ones at `/_/faults`."""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.base.prose import short
from segment_pendo.segment.ingest import refused
from segment_pendo.serve.fault import Fault, FaultError
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.listener import json_answer, refused_change
from segment_pendo.words import Json, Refusal, Reply, SdkRequest

__all__ = ["fail", "fault_routes", "refusal", "until_left"]

_LOOK_AGAIN: Final = 0.1  # after so many seconds, whether somebody still waits for an answer
_WITHOUT_BODY: Final = frozenset({204, 304})
_WIDEST: Final = 400
_FILLER: Final = b'{"success": true}'  # the body of an answer that has none, but is to be cut
# SO_LINGER with no time: closing sends a reset. Windows has two shorts there.
_AT_ONCE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

type Take = Callable[[], Awaitable[web.Response]]


async def fail(
    request: web.Request,
    fault: Fault,
    faults: Faults,
    what: str,
    take: Take,
    refuse: Callable[[int], web.Response],
) -> web.StreamResponse:
    """Answer a request as a fault of `faults` says, or not at all.

    `what` names the request in notes. `take` takes it and returns its usual answer, `refuse` returns the
    answer with a status.
    """
    if fault.delay:
        faults.tell_delay(fault, what)
        await asyncio.sleep(fault.delay)
    if fault.only_delays:
        return await take()
    usual = await take() if fault.is_taken else None
    faults.tell(fault, what)
    if fault.hang or fault.reset:
        if fault.hang:
            await until_left(lambda: request.transport is not None, faults)
        _reset(request)
        return web.Response(status=500)  # which reaches nobody
    answer = usual if usual is not None and fault.status is None else refuse(fault.status or 500)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return await _cut(request, answer) if fault.cut else answer


async def until_left(is_there: Callable[[], bool], faults: Faults) -> None:
    """Wait until the other side has closed the connection, or until it is let go."""
    released = faults.released
    while is_there() and faults.released == released:  # noqa: ASYNC110 - no server tells who has left
        await asyncio.sleep(_LOOK_AGAIN)


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


async def _cut(request: web.Request, whole: web.Response) -> web.StreamResponse:
    """Send an answer with half of the body that its Content-Length promises, then close the connection."""
    body = whole.body if isinstance(whole.body, bytes | bytearray) and whole.body else _FILLER
    answer = web.StreamResponse(status=whole.status, headers=whole.headers)
    answer.content_length = len(body)
    answer.force_close()
    await answer.prepare(request)
    await answer.write(bytes(body[: len(body) // 2]))
    return answer


def refusal(asked: SdkRequest, status: int) -> Reply:
    """Return the reply with a status that a fault asks for, in a form that SDKs can read (I-35, I-70)."""
    if status in _WITHOUT_BODY:
        return Reply(status, (), b"")
    return refused(asked, Refusal(status, "fault", "A fault asked for this answer."))


def fault_routes(faults: Faults) -> list[web.RouteDef]:
    """Return the routes that list faults (GET), add a JSON list of them (POST), and clear them (DELETE)."""

    def listed() -> web.Response:
        return json_answer({"seed": faults.seed, "faults": faults.rows()})

    async def show(_request: web.Request) -> web.Response:
        return listed()

    async def add(request: web.Request) -> web.Response:
        refused = refused_change(request)
        if refused is not None:
            return refused
        try:
            faults.add(*_faults(await request.read()))
        except FaultError as error:
            return json_answer({"error": short(str(error), _WIDEST)}, 400)
        return listed()

    async def clear(request: web.Request) -> web.Response:
        refused = refused_change(request)
        if refused is None:
            faults.clear()
        return refused or listed()

    path = "/_/faults"
    return [web.get(path, show), web.post(path, add), web.delete(path, clear)]


def _faults(body: bytes) -> list[Fault]:
    """Return the faults of a JSON list. Raises FaultError."""
    try:
        plain: Json = js_json.read(body).value
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, list):
        msg = 'faults are a JSON list such as [{"on": "pendo", "status": 503, "times": 3}]'
        raise FaultError(msg)
    faults = []
    for index, value in enumerate(plain):
        try:
            faults.append(Fault.of(value))
        except FaultError as error:
            msg = f"fault {index}: {error}"
            raise FaultError(msg) from None
    return faults
