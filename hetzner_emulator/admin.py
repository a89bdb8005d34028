"""The routes the real provider does not have: state, bill, faults, stock, rate. No token; loopback only."""

import json
from typing import Any

from aiohttp import web

from hetzner_emulator.billing import bill
from hetzner_emulator.clock import iso
from hetzner_emulator.emulator import Emulator
from hetzner_emulator.faults.orders import Orders
from hetzner_emulator.gateway import Gateway
from hetzner_emulator.records import Server, at


class Admin:
    """Answers `/_emulator` and what is below it."""

    def __init__(self, emulator: Emulator, orders: Orders, gateway: Gateway) -> None:
        self._emulator = emulator
        self._orders = orders
        self._gateway = gateway

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        app.router.add_get("/_emulator", self._state)
        app.router.add_get("/_emulator/bill", self._bill)
        app.router.add_get("/_emulator/faults", self._faults)
        app.router.add_post("/_emulator/faults", self._add_faults)
        app.router.add_put("/_emulator/faults", self._replace_faults)
        app.router.add_delete("/_emulator/faults", self._clear_faults)
        app.router.add_put("/_emulator/stock", self._stock)
        app.router.add_put("/_emulator/rate", self._rate)

    async def _state(self, _: web.Request) -> web.Response:
        emulator, now = self._emulator, self._emulator.clock.now()
        servers = [s for s in emulator.world.servers.values() if s.deleted_at is None]
        return web.json_response(
            {
                "ssh_port": emulator.ssh_port,
                "addresses": [f"127.77.{block}.0/24" for block in emulator.addresses.blocks],
                "time": iso(now),
                "seconds": now,
                "latency": emulator.latency.scale,
                "servers": [self._machine(server, now) for server in servers],
            }
        )

    def _machine(self, server: Server, now: float) -> dict[str, Any]:
        return {
            "id": server.id,
            "name": server.name,
            "project": server.project,
            "ip": server.ipv4,
            "system": at(server.ssh_line, now)[1],
            "disk": server.disk,
            "died": server.died,
        }

    async def _bill(self, _: web.Request) -> web.Response:
        emulator = self._emulator
        return web.json_response(bill(emulator.world, emulator.market, emulator.clock.now()))

    async def _faults(self, _: web.Request) -> web.Response:
        faults = [fault.source | {"id": fault.key, "left": fault.left} for fault in self._orders.all()]
        return web.json_response({"faults": faults})

    async def _add_faults(self, request: web.Request) -> web.Response:
        sources = await _json(request)
        try:
            self._orders.add(sources if isinstance(sources, list) else [sources])
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=422)
        self._emulator.world.commit()
        return await self._faults(request)

    async def _replace_faults(self, request: web.Request) -> web.Response:
        self._orders.clear()
        return await self._add_faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._orders.clear()
        self._emulator.world.commit()
        return await self._faults(request)

    async def _stock(self, request: web.Request) -> web.Response:
        wish = await _json(request)
        try:
            self._emulator.market.set_stock(wish)
        except (KeyError, AttributeError, TypeError) as error:
            return web.json_response({"error": f"unknown type or malformed stock: {error}"}, status=422)
        saved = json.loads(self._emulator.world.store.setting("stock", "{}"))
        for name, places in wish.items():
            saved[name] = saved.get(name, {}) | places
        self._emulator.world.set("stock", json.dumps(saved))
        self._emulator.world.commit()
        return web.json_response({"stock": saved})

    async def _rate(self, request: web.Request) -> web.Response:
        wish = await _json(request)
        self._gateway.drain(str(wish.get("project", "default")), float(wish.get("left", 0)))
        return web.json_response(wish)


async def _json(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        text = json.dumps({"error": f"the body is not JSON: {error}"})
        raise web.HTTPBadRequest(text=text, content_type="application/json") from error
