"""What the tests of the Hetzner adapter have in common: an adapter on a stub, and answers as Hetzner gives them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.hetzner_servers import HetznerServers
from chalicelib.adapters.hetzner_servers.patience import for_ever
from chalicelib.domain import labels
from chalicelib.operations.ports import ServerOrder
from tests.unit.adapters.hetzner_stub import Say, Stub, stub_server

STACK = "0f8fad5b-d9cb-469f-a165-70867728950e"
INSTANCE = "0123456789ab"
NAME = "cc-0123456789ab"
QUICK = (10.0, 10.0)
"""Timeouts for tests in which nothing is slow but perhaps the machine they run on."""


@contextmanager
def adapter(
    *,
    budget: Callable[[bool], None] | None = None,
    timeouts: tuple[float, float] = QUICK,
    seconds_left: Callable[[], float] = for_ever,
) -> Iterator[tuple[HetznerServers, Stub]]:
    """An adapter and the stub that it talks to."""
    token = secrets.token_hex(32)
    with stub_server() as stub:
        servers = HetznerServers(
            stub.endpoint, lambda: token, budget=budget, timeouts=timeouts, seconds_left=seconds_left
        )
        yield servers, stub


def order() -> ServerOrder:
    """An order like any other."""
    return ServerOrder(
        instance_id=INSTANCE,
        server_type="cpx22",
        location="nbg1",
        labels=labels.server_labels(stack=STACK, instance_id=INSTANCE),
        user_data="#cloud-config\n",
        marker_id=77,
    )


def server(**changes: Any) -> dict[str, Any]:
    """A server as Hetzner shows it, as far as anybody looks."""
    return {
        "id": 4711,
        "name": NAME,
        "status": "running",
        "created": "2026-11-01T11:59:30+00:00",
        "labels": labels.server_labels(stack=STACK, instance_id=INSTANCE),
        "public_net": {
            "ipv4": {"id": 1, "ip": "198.18.0.7", "blocked": False},
            "ipv6": {"id": 2, "ip": "2001:db8:1::/64", "blocked": False},
        },
        "server_type": {"id": 114, "name": "cpx22"},
        "location": {"id": 2, "name": "nbg1"},
        **changes,
    }


def without(key: str) -> dict[str, Any]:
    """A server that lacks a part."""
    return {name: value for name, value in server().items() if name != key}


def listing(key: str, *entries: Any, next_page: Any = None) -> Say:
    """One page of a list."""
    return Say(body={key: list(entries), "meta": {"pagination": {"page": 1, "next_page": next_page}}})


def created(**changes: Any) -> Say:
    """The answer to a create."""
    body: dict[str, Any] = {
        "server": server(status="initializing", **changes),
        "action": {"id": 9, "command": "create_server", "status": "running"},
        "next_actions": [],
        "root_password": None,
    }
    return Say(status=201, body=body)


def refused(status: int, code: str, message: str = "no", details: Any = None, **headers: str) -> Say:
    """An error in Hetzner's own form; an underscore in a header's name stands for a hyphen."""
    body = {"error": {"code": code, "message": message, "details": details}}
    return Say(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
