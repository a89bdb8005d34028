"""The port Durations over a table: the one item `phases`, some 3 KB when it is full."""

from __future__ import annotations

from chalicelib.domain.durations import BuildTimes
from chalicelib.storage.own_write import OpIds, random_op_id
from chalicelib.storage.single import Single
from chalicelib.storage.table import Table

PHASES_KEY = "phases"


class StoredDurations(Single[BuildTimes]):
    """The newest measures of every phase in a table."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        super().__init__(table, PHASES_KEY, BuildTimes, op_ids)
