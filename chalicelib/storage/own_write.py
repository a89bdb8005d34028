"""Telling one's own success from somebody else's: a write whose reply was lost is read again (rule R5).

A library that repeats a conditional write after a lost reply meets its own effect and reports a conflict; a reply that
never comes leaves the caller with nothing. In both cases the stored `op_id` says who wrote. Knows nothing of what the
items mean.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.storage.table import Change, Put, Table

OpIds = Callable[[], str]


def random_op_id() -> str:
    """A name for one write: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def write_once(table: Table, leading: Put, others: Sequence[Change] = ()) -> None:
    """Write all changes in one transaction; success also when an error came although they were written.

    `leading` is the put by whose `op_id` and version the write is recognised. WriteConflict, CounterFull: nothing was
    written. StoreUnavailable: nothing is known.
    """
    try:
        table.write([leading, *others])
    except (WriteConflict, StoreUnavailable):
        if not _is_stored(table, leading):
            raise


def _is_stored(table: Table, put: Put) -> bool:
    """Whether the item is as this put made it; StoreUnavailable when that cannot be read (then nothing is known)."""
    stored = table.get(put.item.key)
    return stored is not None and (stored.op_id, stored.version) == (put.item.op_id, put.expected + 1)
