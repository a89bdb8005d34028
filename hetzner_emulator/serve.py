"""Puts the emulator together, says when it is ready, and takes it down again."""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
from pathlib import Path

from aiohttp import web

from hetzner_emulator.access import Access
from hetzner_emulator.addresses import Addresses, choose_ssh_port
from hetzner_emulator.admin import Admin
from hetzner_emulator.clock import Clock
from hetzner_emulator.emulator import Emulator
from hetzner_emulator.faults.orders import Orders
from hetzner_emulator.gateway import Gateway
from hetzner_emulator.guest.sandbox import Sandbox
from hetzner_emulator.guest.sessions import Guests
from hetzner_emulator.latency import Latency
from hetzner_emulator.machine.listeners import Listeners
from hetzner_emulator.market import Market
from hetzner_emulator.router import Router
from hetzner_emulator.routes.table import ROUTES
from hetzner_emulator.store import Store
from hetzner_emulator.world import World

_LARGEST_BODY = 1024 * 1024
_LOG = logging.getLogger(__name__)


def build(settings: argparse.Namespace) -> Emulator:
    """Return the emulator of a state folder, as it was left."""
    folder: Path = settings.state.resolve()
    world = World(Store(folder))
    addresses = Addresses(
        wish=settings.addresses,
        seed=str(folder),
        state=world.store.setting("addresses"),
        save=lambda text: world.set("addresses", text),
    )
    market = Market()
    market.set_stock(json.loads(world.store.setting("stock", "{}")))
    emulator = Emulator(
        world=world,
        market=market,
        clock=Clock(settings.clock),
        latency=Latency(scale=settings.latency),
        addresses=addresses,
        folder=folder,
        ssh_port=_ssh_port(settings, world, addresses.gateway),
    )
    world.commit()
    return emulator


def _ssh_port(settings: argparse.Namespace, world: World, address: str) -> int:
    if settings.ssh == "off":
        return 0
    port = int(settings.ssh_port or world.store.setting("ssh_port") or 0) or choose_ssh_port(address)
    world.set("ssh_port", str(port))
    return port


async def serve(settings: argparse.Namespace) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    emulator = build(settings)
    orders = Orders(emulator.world, settings.faults)
    gateway = Gateway(emulator, Router(ROUTES), Access(settings.token_file), orders)
    app = web.Application(client_max_size=_LARGEST_BODY)
    Admin(emulator, orders, gateway).add_to(app)
    app.router.add_route("*", "/{path:.*}", gateway.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port, reuse_address=True)
    machines = asyncio.create_task(_machines(emulator, settings))
    try:
        await site.start()
        _say_ready(emulator, runner)
        await _until(stop, machines)
    finally:
        machines.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await machines
        await runner.cleanup()
        emulator.addresses.close()
        emulator.world.store.close()


async def _machines(emulator: Emulator, settings: argparse.Namespace) -> None:
    if emulator.ssh_port == 0:
        await asyncio.Event().wait()
    listeners = Listeners(emulator, Guests(Sandbox(emulator.folder, settings.guest_bin)))
    await listeners.run()


async def _until(stop: asyncio.Event, machines: asyncio.Task[None]) -> None:
    """Wait for the signal; an end of the machines is an error, not a quiet half-life."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, machines}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if machines.done():
        machines.result()


def _say_ready(emulator: Emulator, runner: web.AppRunner) -> None:
    host, port = runner.addresses[0][:2]
    addresses = f"127.77.{emulator.addresses.blocks[0]}.0/24"
    print(f"listening on http://{host}:{port}/v1 ssh-port {emulator.ssh_port} addresses {addresses}", flush=True)  # noqa: T201 -- the line callers wait for
