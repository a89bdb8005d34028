"""What every table asks of a transaction before it begins: at most 10 changes, no key twice.

DynamoDB allows no two operations on one item in a transaction; the other tables obey, so that a program that works on
one of them works on all. A Put and a counter never share a key either: an item is one or the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.storage.table import Add, Change, Put

MOST_CHANGES = 10
"""What every table takes: DynamoDB allows 100, DynamoDB Local (the build of 2020) 10."""


def sorted_out(changes: Sequence[Change]) -> tuple[tuple[Put, ...], tuple[Add, ...]]:
    """The puts and the adds, in this order: where both fail, the conflict is what is told. ValueError: a bug."""
    keys = [change.item.key if isinstance(change, Put) else change.key for change in changes]
    if not 1 <= len(keys) <= MOST_CHANGES:
        raise ValueError(f"a transaction has 1 to {MOST_CHANGES} changes, not {len(keys)}")
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key comes twice in one transaction: {sorted(keys)}")
    puts = tuple(change for change in changes if isinstance(change, Put))
    adds = tuple(change for change in changes if isinstance(change, Add))
    return puts, adds
