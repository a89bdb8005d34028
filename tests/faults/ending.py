"""What the rows about reaping do: bring a machine to the second of its end, and look what was deleted."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.instance import Instance
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)
QUARTER = 15 * MINUTE


def at_its_end(world: World, *, hours: int = 1) -> Instance:
    """A machine at the second of its end, whose mails have left."""
    row = world.running(hours)
    assert row.expires_at is not None
    world.wait(row.expires_at - 9 * MINUTE - world.clock.now())
    world.clock.advance(9 * MINUTE)
    return world.row(row.id)


def server_of(row: Instance) -> int:
    """The id of an instance's server."""
    assert row.machine is not None
    return row.machine.server_id


def deletes(stack: EmulatedWorld) -> list[str]:
    """The paths of all DELETE requests."""
    return [sent.path for sent in stack.provider.sent if sent.method == "DELETE"]
