"""The form of the DynamoDB table: attributes, indexes, timeouts; and how an item becomes a row of it.

The deployment's template describes the same table; a contract test holds the two together. `listed_by` is `listed_at`
and the key in one text, because only the sort key of an index orders it, and a list needs one order among rows of the
same second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.dynamo_table.document import DocumentAttribute
from chalicelib.storage.table import Item

CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 3.0
RETRIES = 2
"""A store that does not answer is given up after some 12 seconds, within API Gateway's 29."""

_PLACES = 12
"""Digits of the seconds in `listed_by`: enough for 30,000 years."""


class DueIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB left that hook untyped
    """What is due, by queue and time."""

    class Meta:
        """Only keys: the row is read consistently anyway."""

        index_name = "due"
        projection = KeysOnlyProjection()

    due_queue = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class OwnerIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB left that hook untyped
    """What somebody owns."""

    class Meta:
        """Only keys."""

        index_name = "owner"
        projection = KeysOnlyProjection()

    owner = UnicodeAttribute(hash_key=True)


class ListingIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB left that hook untyped
    """Lists, in one order."""

    class Meta:
        """Whole items, so that a list is one request."""

        index_name = "listing"
        projection = AllProjection()

    listing = UnicodeAttribute(hash_key=True)
    listed_by = UnicodeAttribute(range_key=True)


class Row(Model):
    """An item or a counter: a counter has a `count`, an item a `version`."""

    key = UnicodeAttribute(hash_key=True)
    body = DocumentAttribute(null=True)
    version = NumberAttribute(null=True)
    op_id = UnicodeAttribute(null=True)
    due_queue = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    listing = UnicodeAttribute(null=True)
    listed_by = UnicodeAttribute(null=True)
    purge_at = TTLAttribute(null=True)
    total = NumberAttribute(null=True, attr_name="count")

    due_index = DueIndex()
    owner_index = OwnerIndex()
    listing_index = ListingIndex()


def row_model(name: str, region_name: str | None) -> type[Row]:
    """The model of the table of this name; the endpoint and the credentials are botocore's matter."""

    class BoundRow(Row):
        class Meta:
            table_name = name
            region = region_name
            billing_mode = "PAY_PER_REQUEST"
            connect_timeout_seconds = CONNECT_TIMEOUT_S
            read_timeout_seconds = READ_TIMEOUT_S
            max_retry_attempts = RETRIES

    return BoundRow


def place(listed_at: int, key: str) -> str:
    """The sort key of a listing; texts in this form sort as the pairs do."""
    return f"{listed_at:0{_PLACES}d}#{key}"


def attributes(item: Item, version: int) -> dict[str, Any]:
    """The attributes of a row, but for its key; None for those it shall not have."""
    return {
        "body": item.body,
        "version": version,
        "op_id": item.op_id or None,
        "due_queue": item.due_queue,
        "due_at": item.due_at,
        "owner": item.owner,
        "listing": item.listing,
        "listed_by": None if item.listed_at is None else place(item.listed_at, item.key),
        "purge_at": None if item.purge_at is None else moment(item.purge_at),
    }


def is_item(row: Row) -> bool:
    """Whether the row holds an item."""
    return row.attribute_values.get("version") is not None


def is_counter(row: Row) -> bool:
    """Whether the row holds a counter."""
    return row.attribute_values.get("total") is not None


def item_of(row: Row) -> Item:
    """The item of a row that is not a counter."""
    values = row.attribute_values
    listed_by, purge_at = values.get("listed_by"), values.get("purge_at")
    return Item(
        key=row.key,
        body=values["body"],
        version=values["version"],
        op_id=values.get("op_id") or "",
        due_queue=values.get("due_queue"),
        due_at=values.get("due_at"),
        owner=values.get("owner"),
        listing=values.get("listing"),
        listed_at=None if listed_by is None else int(listed_by[:_PLACES]),
        purge_at=None if purge_at is None else int(purge_at.timestamp()),
    )


def moment(seconds: int) -> datetime:
    """Seconds since 1970 in the form that PynamoDB wants of a TTL."""
    return datetime.fromtimestamp(seconds, UTC)
