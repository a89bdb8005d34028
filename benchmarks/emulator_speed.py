"""GET of one server at the emulator, against a server of the same library whose answer is a constant.

The constant has the emulator's body and headers and is sent by aiohttp from a process of its own: what is beyond it
is the emulator's own work (route, token, rate, faults, the server's state at this moment).
"""

from __future__ import annotations

import tempfile
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.constant_server import running as constant_server
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import Go, alternate, repeated
from tests.emulator_process import EmulatorProcess, emulator_process

GOAL = Goal(bound=1.5)
REQUESTS = 150
"""In each turn: all rounds and warm-ups together stay below the 3,600 an hour that the emulator allows."""


class Wrong(Exception):
    """One side answered something else than a server."""


def measure(*, quick: bool) -> Outcome:
    """Both over a connection that is kept, so many requests in each turn."""
    rounds, requests = (1, 20) if quick else (21, REQUESTS)
    with (
        tempfile.TemporaryDirectory() as folder,
        emulator_process(Path(folder), "--ssh", "off", "--latency", "0") as emulator,
    ):
        token = emulator.new_project()
        path = f"/v1/servers/{_created(emulator, token)}"
        headers, body = _answer(emulator.root, path, token)
        with constant_server(headers, body) as constant:
            ours, peer = (_requests(root, path, token, requests) for root in (emulator.root, constant))
            ratio = alternate(ours, peer, rounds=rounds, warm_ups=2)
    return Outcome(rows=(Row(what="GET of one server", peer="aiohttp, constant answer", ratio=ratio, goal=GOAL),))


def _created(emulator: EmulatorProcess, token: str) -> int:
    order = {"name": "one", "server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}
    return int(emulator.request(token, "POST", "/servers", order)["server"]["id"])


def _answer(root: str, path: str, token: str) -> tuple[dict[str, str], bytes]:
    connection = _connection(root)
    try:
        return _get(connection, path, token)
    finally:
        connection.close()


def _requests(root: str, path: str, token: str, count: int) -> Go:
    """A go of so many requests over one connection."""

    def go() -> float:
        connection = _connection(root)
        try:
            return repeated(lambda: _get(connection, path, token), count)()
        finally:
            connection.close()

    return go


def _connection(root: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(root).netloc, timeout=10)


def _get(connection: HTTPConnection, path: str, token: str) -> tuple[dict[str, str], bytes]:
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"server"' not in body:  # noqa: PLR2004 -- HTTP's OK
        raise Wrong(f"{answer.status} {body[:80]!r}")
    return dict(answer.getheaders()), body
