"""The invariants that hold after every step, watched at the calls themselves, behind the back of the product.

The watch knows what people were promised: the latest end that an extend was answered with, and who wished for an end.
Numbers are those of the design's list of invariants (`docs/reliability.md`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import labels
from chalicelib.domain.instance import EndReason, Instance
from chalicelib.domain.lifecycle import TRANSITIONS
from chalicelib.domain.orphans import ServerFact
from chalicelib.storage.rows import PREFIX
from tests.fakes.project import Project
from tests.simulation.turmoil.broken import require
from tests.unit.operations.world import World

MOST_SKEW = timedelta(seconds=60)
"""What a clock may be off without anybody noticing (rule R9)."""


@dataclass(slots=True)
class Promises:
    """What people may rely on: instances by id."""

    ends: dict[str, datetime] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    forfeited: set[str] = field(default_factory=set)
    """Instances that an operator gave up by accepting a backup that does not know what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A server as the provider bills it."""

    created_at: datetime
    deleted_at: datetime


class Watch:
    """Looks at each call; `foreign` are servers of others, which nobody may touch."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.home: Project = world.servers.project
        self.promises = Promises()
        self.foreign: set[int] = set()
        self.letters: Counter[str] = Counter()
        self.plain = world.services
        self.created = 0
        self.lives: dict[str, Life] = {}
        self._living: ServerFact | None = None
        self._decoded: dict[str, tuple[object, Instance | None]] = {}

    def pass_time(self, by: timedelta) -> None:
        """The time of the world goes on while somebody stands still."""
        self.world.clock.advance(by)

    def before(self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Look at what is about to be done."""
        match what:
            case "servers.delete":
                self._living = self.world.servers.project.servers.get(args[0])
                self._deleting(args[0])
            case "mailer.send":
                self._sending(args[0])
            case "instances.write":
                self._writing(args[0], kwargs.get("before"))
            case _:
                pass

    def after(self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002 -- one shape
        """Look at what has been done."""
        if what == "servers.delete":
            self._deleted(args[0])
        if what == "servers.create":
            self.created += 1
            owners = [server.labels.get(labels.INSTANCE) for server in self.home.servers.values()]
            twice = [owner for owner, count in Counter(owners).items() if owner is not None and count > 1]
            require("2", holds=not twice, what=f"two servers of {twice}")

    def row(self, instance_id: str) -> Instance | None:
        """A row as it is, unseen by anybody; decoded once for each version of it."""
        stored = self.world.table._items.get(PREFIX + instance_id)
        known = self._decoded.get(instance_id)
        if known is None or known[0] is not stored:
            known = self._decoded[instance_id] = (stored, self.plain.instances.get(instance_id))
        return known[1]

    def rows(self) -> list[Instance]:
        """Every row there is, also those whose writer died before anybody heard of them."""
        names = [key.removeprefix(PREFIX) for key in self.world.table._items if key.startswith(PREFIX)]
        return [row for name in names if (row := self.row(name)) is not None]

    def _deleting(self, server_id: int) -> None:
        """Only what is ours by name and every label, while the marker answers, and not before its promised end."""
        server = self.world.servers.project.servers.get(server_id)
        if server is None:
            return
        require("4", holds=server_id not in self.foreign, what=f"deletes {server.name}, which is not ours")
        stack = self.plain.stack.get()
        assert stack is not None
        instance_id = server.labels.get(labels.INSTANCE, "")
        ours = labels.is_ours(server.labels, name=server.name, stack=stack.uuid, instance_id=instance_id)
        require("4", holds=ours, what=f"deletes {server.name} with labels {dict(server.labels)}")
        self._marker_answers(stack.uuid, stack.epoch)
        self._was_promised(instance_id)

    def _marker_answers(self, uuid: str, epoch: int) -> None:
        keys = self.world.servers.project.keys.values()
        marker = next((key for key in keys if key.name == labels.marker_name(uuid)), None)
        require("4", holds=marker is not None, what="deletes without a marker")
        assert marker is not None
        behind = int(marker.labels[labels.EPOCH]) > epoch
        require("4", holds=not behind, what="deletes on a table that is behind its marker")

    def _deleted(self, server_id: int) -> None:
        """What the provider bills begins with the server's creation and ends here."""
        server = self._living
        if server is not None and server.server_id == server_id and server_id not in self.home.servers:
            instance_id = server.labels.get(labels.INSTANCE, "")
            self.lives[instance_id] = Life(created_at=server.created_at, deleted_at=self.world.clock.now())

    def _was_promised(self, instance_id: str) -> None:
        end = self.promises.ends.get(instance_id)
        if end is None or instance_id in self.promises.released | self.promises.forfeited:
            return
        now, row = self.world.clock.now(), self.row(instance_id)
        reason = None if row is None else row.end_reason
        require(
            "8",
            holds=now >= end - MOST_SKEW,
            what=f"deletes {instance_id} ({reason}) at {now:%H:%M:%S}, promised until {end:%H:%M:%S}",
        )

    def _sending(self, letter: Any) -> None:
        self.letters[letter.message_id] += 1
        name, _, _ = letter.message_id.strip("<>").partition("@")
        instance_id, _, key = name.partition(".")
        if key != "ready":
            return
        row = self.row(instance_id)
        alive = row is not None and row.machine is not None and row.running_at is not None
        require("16", holds=alive, what=f"tells {instance_id} that it is ready, and it never ran")
        assert row is not None
        assert row.machine is not None
        probed = self.world.probe.host_keys.get(row.machine.ip) == row.host_key
        gone = row.machine.server_id not in self.home.servers
        require("16", holds=probed or gone, what=f"tells {instance_id} that it is ready, and nobody answers there")

    def _writing(self, after: Instance, before: Instance | None) -> None:
        if before is None or after.status is before.status:
            return
        legal = after.status in TRANSITIONS[before.status]
        require("6", holds=legal, what=f"{before.status} becomes {after.status}")
        if after.end_reason is EndReason.LOST and before.machine is not None:
            gone = before.machine.server_id not in self.home.servers
            require("8", holds=gone, what=f"{after.id} is declared lost, and its machine is there")
