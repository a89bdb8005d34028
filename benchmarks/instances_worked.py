"""The operations of the port Instances as a day of the service calls them, one method for each, on any table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Instance
from chalicelib.domain.lifecycle import Queue
from chalicelib.domain.limits import PROVIDER_REQUESTS
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Table
from tests.fakes.clock import START
from tests.fakes.services import fake_services
from tests.unit.api.world import running

OPERATIONS = (
    "get",
    "create",
    "update",
    "write_build",
    "get_build",
    "delay",
    "due",
    "page",
    "add",
    "counters",
)
"""The methods of `Worked` that are measured; a write is two, since a new row takes counters along."""

COUNTERS = ("live", "spend#202611", "creates#2026112310")
NO_CAP = 1_000_000_000
PAGE = 50
HOUR = timedelta(hours=1)


class Worked:
    """A table with so many living rows, and one row that everything is done to."""

    def __init__(self, table: Table, rows: int) -> None:
        self._instances = StoredInstances(table)
        self._plain = replace(running(fake_services()), due_at=START)
        self._number = 0
        for _ in range(rows):
            self.create()
        self._row: Instance = self._created()
        self._record = BuildRecord(instance_id=self._row.id, attempt=1, nonce="n", claimed_at=START)
        self._row = self._instances.write(self._row, before=self._row, build=(None, self._record))
        self._record = replace(self._record, version=1)

    def get(self) -> None:
        """Read a row."""
        self._instances.get(self._row.id)

    def create(self) -> None:
        """Put a new row with the three counters of an order, in one transaction."""
        self._created()

    def update(self) -> None:
        """Change a row."""
        self._row = self._instances.write(self._row, before=self._row)

    def write_build(self) -> None:
        """Change a build's record."""
        self._record = self._instances.write_build(self._record, before=self._record)

    def get_build(self) -> None:
        """Read a build's record."""
        self._instances.get_build(self._row.id, 1)

    def delay(self) -> None:
        """Put a row off."""
        self._instances.delay(self._row.id, START + HOUR)

    def due(self) -> None:
        """Ask what is due."""
        self._instances.due(Queue.WORK, START, PAGE)

    def page(self) -> None:
        """Read the first page of living rows."""
        self._instances.page(ended=False, limit=PAGE, cursor=None)

    def add(self) -> None:
        """Count a provider request."""
        self._instances.add(PROVIDER_REQUESTS.key(START), 1, cap=NO_CAP, expires_at=START + HOUR)

    def counters(self) -> None:
        """Read the counters of an order."""
        self._instances.counters(COUNTERS)

    def _created(self) -> Instance:
        self._number += 1
        row = replace(self._plain, id=f"{self._number:012x}")
        taken = [CounterChange(key=key, amount=1, cap=NO_CAP) for key in COUNTERS]
        return self._instances.write(row, before=None, counters=taken)
