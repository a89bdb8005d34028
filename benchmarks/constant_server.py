"""An aiohttp server that gives everybody the same answer, in a process of its own: the least an HTTP server can do.

`python -m benchmarks.constant_server` reads `{"headers", "body"}` as one line of JSON, listens on a free port of
127.0.0.1, prints it, and serves until its standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web

from onebox.settings import CHECKOUT

_SET_BY_THE_SERVER = frozenset({"content-length", "content-type", "server", "connection"})


@contextmanager
def running(headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    """The root URL of such a server, for as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.constant_server"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:  # both were asked for
            raise RuntimeError
        kept = {name: value for name, value in headers.items() if name.lower() not in _SET_BY_THE_SERVER}
        process.stdin.write(json.dumps({"headers": kept, "body": body.decode()}) + "\n")
        process.stdin.flush()
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


async def _serve(headers: Mapping[str, str], body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, headers=headers, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    _given = json.loads(sys.stdin.readline())
    asyncio.run(_serve(_given["headers"], _given["body"].encode()))
