"""Servers: create, list, get, update, delete."""

import secrets
from dataclasses import replace
from typing import Any

from hetzner_emulator import validation
from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.errors import locked, not_found, protected, taken
from hetzner_emulator.lifecycle import act, creation, left_off
from hetzner_emulator.machine.birth import new_server
from hetzner_emulator.paging import ordered, page_of
from hetzner_emulator.records import Server, at
from hetzner_emulator.routes.server_order import ServerOrder, read_order
from hetzner_emulator.selector import parse
from hetzner_emulator.views import action_view, server_view, snapshot_view

Json = dict[str, Any]
_FOREVER = float("inf")


def find_server(call: Call) -> Server:
    """Return the live server the path names, or raise the 404."""
    found = call.emulator.world.live(call.project).get(call.id("server"))
    if found is None:
        raise not_found("server", call.ids[0])
    return found


def render(call: Call, server: Server, now: float | None = None) -> Json:
    """Return a server's JSON."""
    market, moment = call.emulator.market, call.now if now is None else now
    image = market.images.get(server.image)
    snapshot = call.emulator.world.snapshots.get(server.image)
    if snapshot is not None:
        image = snapshot_view(snapshot, moment, market.images[snapshot.base_image])
    return server_view(server, moment, market, image)


def _create(call: Call) -> Reply:
    order = read_order(call)
    emulator, now = call.emulator, call.now
    stuck, broken = call.fault("stuck"), call.fault("action_error")
    server = new_server(call, order)
    server = _begun(call, server, order, stuck=stuck is not None or broken is not None)
    ends = _FOREVER if stuck is not None else now + emulator.latency.create
    emulator.world.put_server(server)
    action = act(emulator, server, "create_server", (now, ends), broken)
    after = []
    if order.start:
        after = [act(emulator, server, "start_server", (now, ends + emulator.latency.start), broken)]
    password = None if order.keys else secrets.token_urlsafe(15)
    return Reply(
        status=201,
        body={
            "server": render(call, server),
            "action": action_view(action, now),
            "next_actions": [action_view(each, now) for each in after],
            "root_password": password,
        },
    )


def _begun(call: Call, server: Server, order: ServerOrder, *, stuck: bool) -> Server:
    if order.start or stuck:
        return creation(call.emulator, server, call.now, stuck=stuck)
    return left_off(call.emulator, server, call.now)


def _list(call: Call) -> Reply:
    lag = call.fault("list_lag")
    moment = call.now - (lag.seconds(60) if lag else 0)
    servers = [server for server in _as_of(call, moment) if _wanted(call, server, moment)]
    servers = ordered(servers, call.query.getall("sort", []), ("id", "name", "created"))
    page, meta, headers = page_of(servers, call.query, call.url)
    return Reply(body={"servers": [render(call, server, moment) for server in page], "meta": meta}, headers=headers)


def _as_of(call: Call, moment: float) -> list[Server]:
    if moment >= call.now:
        return list(call.emulator.world.live(call.project).values())
    every = (server for server in call.emulator.world.servers.values() if server.project == call.project)
    return [s for s in every if s.created <= moment and (s.deleted_at is None or s.deleted_at > moment)]


def _wanted(call: Call, server: Server, moment: float) -> bool:
    query = call.query
    if "name" in query and server.name not in query.getall("name"):
        return False
    if "label_selector" in query and not parse(query["label_selector"])(server.labels):
        return False
    return "status" not in query or at(server.status_line, moment)[1] in query.getall("status")


def _get(call: Call) -> Reply:
    return Reply(body={"server": render(call, find_server(call))})


def _put(call: Call) -> Reply:
    server = find_server(call)
    name = server.name
    if call.body.get("name") is not None:
        name = validation.server_name(call.body["name"])
        other = call.emulator.world.named(call.project, name)
        if other is not None and other.id != server.id:
            raise taken("name", "server name is already used")
    labels = validation.labels(call.body["labels"]) if "labels" in call.body else server.labels
    changed = replace(server, name=name, labels=labels)
    call.emulator.world.put_server(changed)
    return Reply(body={"server": render(call, changed)})


def _delete(call: Call) -> Reply:
    server, emulator = find_server(call), call.emulator
    if server.protected:
        raise protected()
    if server.locked_until > call.now:
        raise locked()
    action = act(
        emulator,
        server,
        "delete_server",
        (call.now, call.now + emulator.latency.delete),
        call.fault("action_error"),
    )
    if call.fault("delete_lost") is None and call.fault("action_error") is None:
        emulator.world.put_server(replace(server, deleted_at=call.now, ssh_line=((call.now, "none"),)))
        if server.ipv4 is not None:
            emulator.addresses.give_back(server.ipv4)
    return Reply(body={"action": action_view(action, call.now)})


ROUTES = [
    Route("GET", "/servers", _list),
    Route("POST", "/servers", _create),
    Route("GET", "/servers/{}", _get),
    Route("PUT", "/servers/{}", _put),
    Route("DELETE", "/servers/{}", _delete),
]
