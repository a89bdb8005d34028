"""A provider in this process: the emulator behind the unmodified hcloud library, on a test's clock, without a socket.

Several stacks may share a provider, each with the token of a project of its own or of a shared one. A request takes as
much virtual time as a test says; the provider can be down, and every request that was sent can be looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from aiohttp import web

from chalicelib.adapters.ed25519_identities import Ed25519Identities
from chalicelib.adapters.hetzner_servers import HetznerServers
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.tick import WorkFailed
from chalicelib.wiring import spend_provider_request
from hetzner_emulator import billing, serve
from hetzner_emulator.access import Access
from hetzner_emulator.clock import Clock
from hetzner_emulator.faults.orders import Orders
from hetzner_emulator.gateway import Gateway
from hetzner_emulator.records import Server
from hetzner_emulator.router import Router
from hetzner_emulator.routes.table import ROUTES
from hetzner_emulator.settings import parse
from tests.fakes.clock import FakeClock
from tests.fakes.ids import CountedIds
from tests.simulation.without_socket import Wire, WithoutSocket, request_of
from tests.unit.domain.samples import TEN
from tests.unit.operations.whole_table import WholeTable
from tests.unit.operations.world import World

ENDPOINT = "http://emulated.invalid/v1"

HANGS_FOR = timedelta(seconds=30)
"""How long the product waits for the first word of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request that reached the provider, or would have if it were up."""

    at: datetime
    method: str
    path: str
    token: str
    timeout: Any
    body: str


class Provider:
    """An emulator whose clock is a test's; `down` makes it unreachable, `seconds` is what a request takes.

    With `hangs` it takes every request and says nothing until the other side gives up.
    """

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock(TEN)
        self._tokens = folder / "tokens"
        self._tokens.touch(mode=0o600)
        settings = parse(["--state", str(folder / "state"), "--ssh", "off", "--latency", "0"])
        self.emulator = replace(serve.build(settings), clock=_VirtualClock(self.clock))
        self.orders = Orders(self.emulator.world)
        self._gateway = Gateway(self.emulator, Router(ROUTES), Access(self._tokens), self.orders)
        self._loop = asyncio.new_event_loop()
        self._waited = 0.0
        self.down = False
        self.hangs = False
        self.seconds = 0.0
        self.sent: list[Sent] = []

    def new_project(self) -> str:
        """The token of a project that nobody has used yet."""
        token = secrets.token_hex(32)
        with self._tokens.open("a", encoding="utf-8") as file:
            file.write(f"{token} {secrets.token_hex(8)}\n")
        return token

    def fault(self, **order: Any) -> None:
        """Order a fault, in the words of the emulator's README."""
        self.orders.add([order])

    def adapter(self) -> WithoutSocket:
        """A transport for the requests library that leads here."""
        return WithoutSocket(self.answer)

    def ask(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """One request of the API itself, behind the back of whatever is tested."""
        with requests.Session() as session:
            session.mount(ENDPOINT, self.adapter())
            answer = session.request(
                method, ENDPOINT + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=5
            )
            self.sent.pop()
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def servers(self, *, alive: bool = True) -> list[Server]:
        """Every server of every project, or those that live."""
        every = self.emulator.world.servers.values()
        return [server for server in every if not alive or server.deleted_at is None]

    def bill(self) -> list[dict[str, Any]]:
        """What every server ever made would have cost by now, line by line."""
        bill = billing.bill(self.emulator.world, self.emulator.market, self.emulator.clock.now())
        return [line for project in bill["projects"].values() for line in project["servers"]]

    def close(self) -> None:
        """Let everything go that is held."""
        self._loop.close()
        self.emulator.addresses.close()
        self.emulator.world.store.close()

    def answer(self, prepared: requests.PreparedRequest, timeout: Any) -> web.Response:
        """Let the emulator answer one request; raises what the requests library raises of a network that fails."""
        self._pass_time()
        parts = urlsplit(str(prepared.url))
        method, body = str(prepared.method), prepared.body or b""
        raw = body.encode() if isinstance(body, str) else body
        self._note(prepared, method, timeout, raw)
        if self.down:
            raise requests.ConnectionError("no route to host")
        if self.hangs:
            self.clock.advance(HANGS_FOR)
            raise requests.ReadTimeout("not a word")
        wire = Wire()
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        request = request_of(self._loop, wire, method, target, prepared.headers, raw)
        answer = self._loop.run_until_complete(self._gateway.handle(request))
        wire.check()
        assert isinstance(answer, web.Response)
        return answer

    def _note(self, prepared: requests.PreparedRequest, method: str, timeout: Any, body: bytes) -> None:
        self.sent.append(
            Sent(
                at=self.clock.now(),
                method=method,
                path=urlsplit(str(prepared.url)).path.removeprefix("/v1"),
                token=str(prepared.headers.get("Authorization", "")).removeprefix("Bearer "),
                timeout=timeout,
                body=body.decode(),
            )
        )

    def _pass_time(self) -> None:
        """A request's time, kept in fractions of a second that the clock of a test does not have."""
        self._waited += self.seconds
        whole = int(self._waited)
        self._waited -= whole
        self.clock.advance(timedelta(seconds=whole))


class _VirtualClock(Clock):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        """The seconds of the test's clock."""
        return self._clock.now().timestamp()


class EmulatedWorld(World):
    """A whole stack whose provider is an emulator: the real adapter, the real budget of requests, the real operations.

    `servers` of the plain world is not used here: look at `provider`.
    """

    def __init__(self, provider: Provider, token: str | None = None, *, name: str = "ids", **limits: Any) -> None:
        super().__init__()
        self.ids = CountedIds(name)
        self.provider = provider
        self.token = token or provider.new_project()
        self.clock = provider.clock
        self.table = WholeTable()
        self.identities = Ed25519Identities()
        plain = replace(self._services(**limits), identities=self.identities)
        self.services = replace(plain, servers=self.hetzner(plain.instances))
        found_stack(self.services)
        self.services.catalogue.keep(self.services.servers.market(self.clock.now()))
        provider.sent.clear()

    def hetzner(self, instances: Any) -> HetznerServers:
        """The adapter of this stack's token, counting its requests as the product does."""

        def spend(creates_server: bool) -> None:
            spend_provider_request(instances, self.clock, creates_server=creates_server)

        return HetznerServers(
            ENDPOINT,
            lambda: self.token,
            budget=spend,
            transport=self.provider.adapter,
            clock=self.clock.now,
        )

    def wait_quietly(self, by: timedelta) -> None:
        """Let time go on, and a tick come that may say at its end that part of it failed."""
        with contextlib.suppress(WorkFailed):
            self.wait(by)

    def mine(self) -> list[Server]:
        """The living servers that carry this stack's label."""
        return [server for server in self.provider.servers() if server.labels.get("ccc-stack") == self.stack.uuid]


@contextmanager
def provider_in(folder: Path) -> Iterator[Provider]:
    """A provider that is closed at the end."""
    provider = Provider(folder)
    try:
        yield provider
    finally:
        provider.close()
