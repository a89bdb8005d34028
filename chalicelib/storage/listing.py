"""One page of instances out of several listings, newest first.

A row is in one listing at a time, but an index may lag and show it in two: then its later version counts. A row of
another release is left out of the page and holds up nothing (rule R22).
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.operations.ports import Page
from chalicelib.storage.cursor import from_cursor, to_cursor
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import PREFIX, instance_of
from chalicelib.storage.table import Item, Table


def read_page(table: Table, listings: Sequence[str], *, limit: int, cursor: str | None) -> Page:
    """At most `limit` instances of these listings, from the cursor on. InvalidInput: not our cursor."""
    before = from_cursor(cursor, PREFIX)
    newest: dict[str, Item] = {}
    for listing in listings:
        for item in table.listed(listing, before, limit + 1):
            if item.key not in newest or newest[item.key].version < item.version:
                newest[item.key] = item
    ordered = sorted(newest.values(), key=_place, reverse=True)
    shown = ordered[:limit]
    more = len(ordered) > limit
    next_cursor = to_cursor(_place(shown[-1])) if more else None
    found = tuple(readable(shown, instance_of))
    return Page(instances=found, next_cursor=next_cursor, unread=len(shown) - len(found))


def _place(item: Item) -> tuple[int, str]:
    return item.listed_at or 0, item.key
