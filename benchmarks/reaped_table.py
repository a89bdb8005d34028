"""A service on a SQLite file with so many living rows, whose due rows a tick takes to their tombstones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.ratio import timed
from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain import labels
from chalicelib.domain.instance import Instance
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.tick import tick
from tests.fakes.clock import FakeClock
from tests.fakes.market import market_at
from tests.fakes.servers import FakeServers
from tests.fakes.services import fake_services
from tests.unit.api.world import running

LATER = timedelta(days=3)
ENOUGH_S = 3_600.0


class NotReaped(Exception):
    """A tick left something that was due: its time would be no figure."""


class ReapedTable:
    """`live` rows that end in three days; `tick` adds rows that end now and times how they are ended."""

    def __init__(self, path: Path, live: int) -> None:
        clock = FakeClock()
        self._table = SqliteTable(path)
        self._servers = FakeServers(clock)
        self._services = fake_services(table=self._table, clock=clock, servers=self._servers, founded=False)
        stack = found_stack(self._services)
        self._stack = self._services.stack.write(replace(stack, swept_at=clock.now()), stack)
        self._services.catalogue.keep(market_at(clock.now()))
        self._now = clock.now()
        self._row = running(self._services)
        self._number = 0
        for _ in range(live):
            self._add(replace(self._row, expires_at=self._now + LATER, due_at=self._now + LATER))

    def tick(self, due: int) -> float:
        """The seconds of a tick in which so many rows are due; NotReaped when any of them is left."""
        for _ in range(due):
            self._add(replace(self._row, expires_at=self._now, due_at=self._now))
        seconds = timed(lambda: tick(self._services, left=lambda: ENOUGH_S))
        if self._servers.project.servers:
            raise NotReaped(f"{len(self._servers.project.servers)} servers are left")
        return seconds

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    def _add(self, row: Instance) -> None:
        """Put a row under the next id; one that is due has a server that can be deleted."""
        self._number += 1
        instance_id = f"{self._number:012x}"
        machine = replace(row.machine, server_id=self._number) if row.machine else None
        self._services.instances.write(replace(row, id=instance_id, machine=machine), before=None)
        if row.due_at == self._now:
            self._servers.add(self._server(instance_id))

    def _server(self, instance_id: str) -> ServerFact:
        return ServerFact(
            server_id=self._number,
            name=labels.server_name(instance_id),
            labels=labels.server_labels(stack=self._stack.uuid, instance_id=instance_id),
            created_at=self._now,
            status="running",
            ip=None,
            ipv6_network=None,
            server_type="cx23",
            location="nbg1",
        )
