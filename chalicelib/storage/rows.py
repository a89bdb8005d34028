"""How an instance and the record of a build become items, and back: keys, index attributes, when they may be purged.

`version`, `op_id` and `due_at` live in the item's own attributes and not in the body: `due_at` may be moved alone
(`Table.delay`), and must then be what is read. Nothing here reads or writes a table.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chalicelib.domain import lifecycle
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.instance import SCHEMA, Instance, Status
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.table import Item

PREFIX = "instance#"
"""What the key of every instance begins with; the rest is its id."""

LIVE = "live"
ENDED = "ended"
UNCONFIRMED = "unconfirmed"
"""The listings: rows that may have a server, tombstones, and wishes of strangers."""

TOMBSTONE_KEPT = timedelta(days=30)
"""How long a tombstone is kept after the end."""

BUILD_KEPT = timedelta(days=38)
"""How long a build's record (and its log, which names the machine's address) is kept after its claim.

As long as the longest usual life (168 hours) and the tombstone after it, and no longer.
"""

_KEPT_OUTSIDE = frozenset({"version", "op_id", "due_at"})
_BUILD_KEPT_OUTSIDE = frozenset({"version", "op_id"})


def seconds(moment: datetime) -> int:
    """A moment as whole seconds since 1970."""
    return int(moment.timestamp())


def instance_key(instance_id: str) -> str:
    """The key of an instance's row."""
    return PREFIX + instance_id


def instance_id(key: str) -> str:
    """The id in the key of an instance's row."""
    return key.removeprefix(PREFIX)


def build_key(instance_id: str, attempt: int) -> str:
    """The key of what one build attempt has said."""
    return f"build#{instance_id}#{attempt}"


def instance_item(instance: Instance, op_id: str) -> Item:
    """The item of an instance that is written under this `op_id`."""
    queue = lifecycle.queue(instance)
    return Item(
        key=instance_key(instance.id),
        body=to_document(instance, without=_KEPT_OUTSIDE),
        op_id=op_id,
        due_queue=None if queue is None else queue.value,
        due_at=None if instance.due_at is None else seconds(instance.due_at),
        owner=instance.owner or None,
        listing=_listing(instance),
        listed_at=seconds(instance.created_at),
        purge_at=seconds(_ended(instance) + TOMBSTONE_KEPT) if instance.terminal else None,
    )


def _listing(instance: Instance) -> str:
    if instance.terminal:
        return ENDED
    return UNCONFIRMED if instance.status is Status.UNCONFIRMED else LIVE


def _ended(instance: Instance) -> datetime:
    return instance.ended_at or instance.status_since


def instance_of(item: Item) -> Instance:
    """The instance of an item; UnknownSchema when it is of a release that this one does not know."""
    schema = item.body.get("schema")
    if schema != SCHEMA:
        raise UnknownSchema(f"{item.key} has schema {schema}, not {SCHEMA}.", key=item.key)
    due_at = None if item.due_at is None else datetime.fromtimestamp(item.due_at, UTC)
    return from_document(Instance, item.body, version=item.version, op_id=item.op_id, due_at=due_at)


def build_item(record: BuildRecord, op_id: str) -> Item:
    """The item of a build's record that is written under this `op_id`."""
    return Item(
        key=build_key(record.instance_id, record.attempt),
        body=to_document(record, without=_BUILD_KEPT_OUTSIDE),
        op_id=op_id,
        purge_at=seconds(record.claimed_at + BUILD_KEPT),
    )


def build_of(item: Item) -> BuildRecord:
    """The build's record of an item; UnknownSchema when it cannot be read."""
    return from_document(BuildRecord, item.body, version=item.version, op_id=item.op_id)
