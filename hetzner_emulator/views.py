"""How records look in the API's JSON at a moment. No state is changed here."""

from typing import Any

from hetzner_emulator.clock import iso
from hetzner_emulator.market import Market
from hetzner_emulator.records import Action, Server, Snapshot, SshKey, at

Json = dict[str, Any]


def action_view(action: Action, now: float) -> Json:
    """Render an action; its progress grows with the clock."""
    done = action.ends is not None and action.ends <= now
    status = "running" if not done else "error" if action.error else "success"
    return {
        "id": action.id,
        "command": action.command,
        "status": status,
        "progress": 100 if done else _progress(action, now),
        "started": iso(action.started),
        "finished": iso(action.ends) if done and action.ends is not None else None,
        "resources": [{"id": ident, "type": kind} for kind, ident in action.resources],
        "error": {"code": action.error[0], "message": action.error[1]} if done and action.error else None,
    }


def _progress(action: Action, now: float) -> int:
    if action.ends is None or action.ends <= action.started:
        return 0
    return max(0, min(99, int(100 * (now - action.started) / (action.ends - action.started))))


def server_view(server: Server, now: float, market: Market, image: Json | None) -> Json:
    """Render a server with everything inside it."""
    server_type = market.types[server.server_type]
    traffic = next(p["included_traffic"] for p in server_type["prices"] if p["location"] == server.location)
    return {
        "id": server.id,
        "name": server.name,
        "status": at(server.status_line, now)[1],
        "created": iso(server.created),
        "public_net": public_net(server),
        "private_net": [],
        "server_type": server_type,
        "location": market.locations[server.location],
        "image": image,
        "iso": None,
        "rescue_enabled": False,
        "locked": server.locked_until > now,
        "backup_window": None,
        "outgoing_traffic": 0,
        "ingoing_traffic": 0,
        "included_traffic": traffic,
        "protection": {"delete": server.protected, "rebuild": server.protected},
        "labels": server.labels,
        "volumes": [],
        "load_balancers": [],
        "primary_disk_size": server_type["disk"],
        "placement_group": None,
    }


def public_net(server: Server) -> Json:
    """Render the addresses of a server."""
    ipv4 = server.ipv4 and {
        "id": server.ipv4_id,
        "ip": server.ipv4,
        "blocked": False,
        "dns_ptr": f"static.{'.'.join(reversed(server.ipv4.split('.')))}.clients.your-server.de",
    }
    ipv6 = server.ipv6 and {"id": server.ipv6_id, "ip": server.ipv6, "blocked": False, "dns_ptr": []}
    return {"ipv4": ipv4, "ipv6": ipv6, "floating_ips": [], "firewalls": []}


def primary_ip_views(server: Server, market: Market) -> list[Json]:
    """Render the primary addresses that were made with a server."""
    pairs = (("ipv4", server.ipv4_id, server.ipv4), ("ipv6", server.ipv6_id, server.ipv6))
    return [
        {
            "id": ident,
            "name": f"primary_ip-{ident}",
            "labels": {},
            "created": iso(server.created),
            "blocked": False,
            "location": market.locations[server.location],
            "ip": ip,
            "dns_ptr": [],
            "protection": {"delete": False},
            "type": kind,
            "auto_delete": True,
            "assignee_type": "server",
            "assignee_id": server.id,
        }
        for kind, ident, ip in pairs
        if ip is not None
    ]


def key_view(key: SshKey) -> Json:
    """Render an SSH key."""
    return {
        "id": key.id,
        "name": key.name,
        "fingerprint": key.fingerprint,
        "public_key": key.public_key,
        "labels": key.labels,
        "created": iso(key.created),
    }


def snapshot_view(image: Snapshot, now: float, base: Json) -> Json:
    """Render a snapshot; `base` is the system image its server began with."""
    ready = image.ready <= now
    return base | {
        "id": image.id,
        "type": image.kind,
        "status": "available" if ready else "creating",
        "name": None,
        "description": image.description,
        "image_size": 1.8 if ready else None,
        "disk_size": image.disk_size,
        "created": iso(image.created),
        "created_from": {"id": image.source_id, "name": image.source_name},
        "bound_to": image.source_id if image.kind == "backup" else None,
        "rapid_deploy": False,
        "protection": {"delete": image.protected},
        "labels": image.labels,
        "architecture": image.architecture,
        "deprecated": None,
    }
