"""What the rows about orphans do: put a server there that no row owns, reap, and look what was deleted."""

from __future__ import annotations

from typing import Any

from chalicelib.domain import labels
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.ports import Run
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import MINUTE

QUARTER = 15 * MINUTE


def orphan(stack: EmulatedWorld, number: int = 1, **changes: Any) -> int:
    """A server with all our labels that no row owns; the id the provider gave it."""
    instance_id = f"{number:012x}"
    body = {
        "name": labels.server_name(instance_id),
        "labels": labels.server_labels(stack=stack.stack.uuid, instance_id=instance_id),
        "server_type": "cpx22",
        "location": "nbg1",
        "image": "ubuntu-24.04",
    }
    return int(stack.provider.ask(stack.token, "POST", "/servers", {**body, **changes})["server"]["id"])


def reaped(stack: EmulatedWorld, times: int = 4) -> list[Run]:
    """So many runs of the reaper, a quarter of an hour apart."""
    runs = []
    for _ in range(times):
        runs.append(stack.reap())
        stack.clock.advance(QUARTER)
    return runs


def deletes(stack: EmulatedWorld) -> list[str]:
    """The paths of all DELETE requests that this stack sent."""
    return [sent.path for sent in stack.provider.sent if sent.method == "DELETE" and sent.token == stack.token]


def alive(stack: EmulatedWorld, *rows: Instance) -> None:
    """These instances run, and each has its server."""
    assert [stack.row(row.id).status for row in rows] == [Status.RUNNING] * len(rows)
    assert {row.name for row in rows} <= {server.name for server in stack.mine()}
    assert [stack.row(row.id).missing_since for row in rows] == [None] * len(rows)
