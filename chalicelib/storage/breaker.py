"""The port Breaker over a table: the one item `breaker`."""

from __future__ import annotations

from chalicelib.domain.breaker import BreakerState
from chalicelib.storage.own_write import OpIds, random_op_id
from chalicelib.storage.single import Single
from chalicelib.storage.table import Table

BREAKER_KEY = "breaker"


class StoredBreaker(Single[BreakerState]):
    """The state of the circuit breaker in a table."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        super().__init__(table, BREAKER_KEY, BreakerState, op_ids)
