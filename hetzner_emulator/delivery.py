"""How an answer leaves: whole, or as a fault has ordered (cut, slow, never, reset, or with the emulator's death)."""

import asyncio
import json
import os
import signal
import socket
import struct
from email.utils import parsedate_to_datetime

from aiohttp import web

from hetzner_emulator.call import Reply
from hetzner_emulator.clock import http_date
from hetzner_emulator.faults.fault import Fault
from hetzner_emulator.faults.instead import HTML
from hetzner_emulator.faults.patch import mutate

_PIECES = 20


async def deliver(
    request: web.Request, faults: tuple[Fault, ...], reply: Reply, headers: dict[str, str]
) -> web.StreamResponse:
    """Send a reply that is committed already."""
    orders = {fault.do: fault for fault in faults}
    if "kill_after_commit" in orders:
        os.kill(os.getpid(), signal.SIGKILL)
    if "timeout_after_commit" in orders:
        return await hold(request, orders["timeout_after_commit"].seconds(3600))
    if "reset_after_commit" in orders:
        return abort(request)
    status, body = reply.status, reply.body
    for fault in faults:
        if fault.do == "mutate":
            body, status = mutate(body, fault.more), int(fault.more.get("status", status))
    if "clock_off" in orders:
        headers["Date"] = _shifted(headers["Date"], orders["clock_off"].seconds(3600))
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    if "truncated" in orders:
        content = content[: len(content) // 2]
    if "slow_body" in orders:
        return await _slowly(request, status, content, headers, orders["slow_body"].seconds(60))
    kind = None if body is None else "application/json"
    return web.Response(status=status, body=content, headers=headers, content_type=kind)


def refuse_with_html(fault: Fault, headers: dict[str, str]) -> web.Response:
    """Answer as a proxy in between does."""
    title = "502 Bad Gateway" if fault.do == "html_502" else "Welcome"
    status = 502 if fault.do == "html_502" else 200
    return web.Response(status=status, text=HTML.format(title=title), headers=headers, content_type="text/html")


async def hold(request: web.Request, seconds: float) -> web.StreamResponse:
    """Say nothing for that many real seconds, or until the client has gone, then cut the connection."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        if request.transport is None or request.transport.is_closing():
            break
        await asyncio.sleep(min(left, 0.1))
    return abort(request)


def abort(request: web.Request) -> web.StreamResponse:
    """Cut the connection with a TCP reset."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


async def _slowly(
    request: web.Request, status: int, content: bytes, headers: dict[str, str], seconds: float
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers | {"Content-Type": "application/json"})
    response.content_length = len(content)
    await response.prepare(request)
    step = max(1, len(content) // _PIECES)
    for start in range(0, len(content), step):
        try:
            await response.write(content[start : start + step])
        except ConnectionError:
            break
        await asyncio.sleep(seconds / _PIECES)
    return response


def _shifted(date: str, seconds: float) -> str:
    return http_date(parsedate_to_datetime(date).timestamp() + seconds)
