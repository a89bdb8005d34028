"""What can be done to a server besides deleting it."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace

from hetzner_emulator import lifecycle, validation
from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.emulator import Emulator
from hetzner_emulator.errors import ApiError, invalid, locked, protected, unsupported
from hetzner_emulator.machine.birth import first_boot
from hetzner_emulator.records import Server, Snapshot, at
from hetzner_emulator.routes.images import find_image
from hetzner_emulator.routes.servers import find_server
from hetzner_emulator.views import action_view, snapshot_view

Change = Callable[[Emulator, Server, float], Server]


def _free_server(call: Call) -> Server:
    server = find_server(call)
    if server.locked_until > call.now:
        raise locked()
    return server


def _done(call: Call, server: Server, command: str, seconds: float) -> Reply:
    action = lifecycle.act(call.emulator, server, command, (call.now, call.now + seconds), call.fault("action_error"))
    return Reply(status=201, body={"action": action_view(action, call.now)})


def _power(command: str, change: Change, *, when: str | None) -> Callable[[Call], Reply]:
    """Make the route of a power action; it changes nothing unless the server is `when` (on, off, None: any)."""

    def route(call: Call) -> Reply:
        server = _free_server(call)
        is_off = at(server.status_line, call.now)[1] == "off"
        if when == "on" and is_off and command != "stop_server":
            raise ApiError(422, "server_error", "server is not running")
        if when is None or is_off is (when == "off"):
            call.emulator.world.put_server(change(call.emulator, server, call.now))
        return _done(call, server, command, call.emulator.latency.power)

    return route


def _rebuild(call: Call) -> Reply:
    server = _free_server(call)
    if server.protected:
        raise protected()
    if call.body.get("image") in (None, ""):
        raise invalid("image", "missing data for required field")
    server_type = call.emulator.market.types[server.server_type]
    image = find_image(call, call.body["image"], server_type["architecture"])
    if image["architecture"] != server_type["architecture"]:
        raise invalid("image", "image architecture does not match the server type's")
    user_data = server.user_data
    if call.body.get("user_data") is not None:
        user_data = validation.user_data(call.body["user_data"])
    changed = replace(server, image=image["id"], user_data=user_data, generation=server.generation + 1)
    server = first_boot(call, changed)
    server = lifecycle.rebuild(call.emulator, server, call.now)
    call.emulator.world.put_server(server)
    reply = _done(call, server, "rebuild_server", call.emulator.latency.create)
    password = None if server.named_keys else secrets.token_urlsafe(15)
    return replace(reply, body=(reply.body or {}) | {"root_password": password})


def _reset_password(call: Call) -> Reply:
    reply = _done(call, _free_server(call), "reset_password", call.emulator.latency.power)
    return replace(reply, body=(reply.body or {}) | {"root_password": secrets.token_urlsafe(15)})


def _protect(call: Call) -> Reply:
    server = _free_server(call)
    wish = validation.flag(call.body, "delete", default=server.protected)
    if validation.flag(call.body, "rebuild", default=wish) is not wish:
        raise invalid("rebuild", "delete and rebuild must have the same value")
    call.emulator.world.put_server(replace(server, protected=wish))
    return _done(call, server, "change_protection", 0)


def _create_image(call: Call) -> Reply:
    server, emulator = _free_server(call), call.emulator
    kind = call.body.get("type") or "snapshot"
    if kind not in ("snapshot", "backup"):
        raise invalid("type", "must be snapshot or backup")
    base = emulator.world.snapshots.get(server.image)
    image = Snapshot(
        id=emulator.world.next_id("snapshot"),
        project=call.project,
        description=validation.text(call.body, "description", server.name),
        labels=validation.labels(call.body.get("labels")),
        created=call.now,
        ready=call.now + emulator.latency.snapshot,
        source_id=server.id,
        source_name=server.name,
        disk_size=emulator.market.types[server.server_type]["disk"],
        architecture=emulator.market.types[server.server_type]["architecture"],
        disk=server.disk,
        base_image=base.base_image if base else server.image,
        kind=kind,
    )
    if emulator.folder_of(server).exists():
        shutil.copytree(emulator.folder_of(server), emulator.folder_of_image(image.id), symlinks=True)
    emulator.world.put_snapshot(image)
    emulator.world.put_server(replace(server, locked_until=image.ready))
    reply = _done(call, server, "create_image", emulator.latency.snapshot)
    view = snapshot_view(image, call.now, emulator.market.images[image.base_image])
    return replace(reply, body=(reply.body or {}) | {"image": view})


def _refused(name: str) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        find_server(call)
        raise unsupported(name)

    return route


_UNSUPPORTED = (
    "enable_rescue", "disable_rescue", "attach_iso", "detach_iso", "change_type", "enable_backup",
    "disable_backup", "change_dns_ptr", "attach_to_network", "detach_from_network", "change_alias_ips",
    "add_to_placement_group", "remove_from_placement_group", "request_console",
)  # fmt: skip
_HANDLERS = {
    "poweron": _power("start_server", lifecycle.power_on, when="off"),
    "poweroff": _power("stop_server", lifecycle.power_off, when="on"),
    "shutdown": _power("shutdown_server", lifecycle.power_off, when="on"),
    "reboot": _power("reboot_server", lifecycle.restart, when="on"),
    "reset": _power("reset_server", lifecycle.restart, when=None),
    "rebuild": _rebuild,
    "reset_password": _reset_password,
    "change_protection": _protect,
    "create_image": _create_image,
} | {name: _refused(name) for name in _UNSUPPORTED}

ROUTES = [Route("POST", f"/servers/{{}}/actions/{name}", handler) for name, handler in _HANDLERS.items()]
