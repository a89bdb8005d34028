"""The rows of a stack's table, read behind its back: out of one box's file, or by DynamoDB's own protocol."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from chalicelib.adapters.dynamo_table.document import DocumentAttribute
from tests.stack.box import Box
from tests.stack.operators_aws import table

Rows = dict[str, tuple[object, ...]]

_ITEMS = "SELECT key, version, op_id, due_queue, due_at, owner, listing, listed_at, purge_at, body FROM items"
_ATTRIBUTES = ("version", "op_id", "due_queue", "due_at", "owner", "listing", "listed_by", "purge_at")
_OF_THE_STACK = ("stack", "catalogue", "run#")
"""What the ticker writes without anybody asking."""


def rows(box: Box) -> Rows:
    """Every item by its key."""
    if box.stack == "aws":
        return {row["key"]["S"]: _told(row) for row in _scanned(box) if "version" in row}
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=60)) as file:
        return {row[0]: row[1:] for row in file.execute(_ITEMS)}


def counters(box: Box) -> dict[str, int]:
    """Every counter by its key."""
    if box.stack == "aws":
        return {row["key"]["S"]: int(row["count"]["N"]) for row in _scanned(box) if "count" in row}
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=60)) as file:
        return dict(file.execute("SELECT key, value FROM counters").fetchall())


def how_many(box: Box, beginning: str) -> int:
    """The number of items whose key begins so."""
    if box.stack == "aws":
        matching: dict[str, Any] = {
            "FilterExpression": "begins_with(#key, :beginning)",
            "ExpressionAttributeNames": {"#key": "key"},
            "ExpressionAttributeValues": {":beginning": {"S": beginning}},
        }
        return sum(page["Count"] for page in _pages(box, Select="COUNT", **matching))
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=60)) as file:
        (number,) = file.execute("SELECT count(*) FROM items WHERE key LIKE ?", (beginning + "%",)).fetchone()
    return int(number)


def of_guests(box: Box) -> Rows:
    """The items that are there because of somebody."""
    return {key: row for key, row in rows(box).items() if not key.startswith(_OF_THE_STACK)}


def let_ttl_pass(box: Box) -> None:
    """In the cloud, delete what is past its TTL by the shared clock, as DynamoDB does; one box does so itself.

    DynamoDB Local goes by the real time, for which nothing is past its TTL; which attribute it is, the table says.
    """
    if box.stack != "aws":
        return
    client, name = table(box)
    told = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert told["TimeToLiveStatus"] == "ENABLED", told
    now, attribute = (
        parsedate_to_datetime(box.header(box.variables()["CCC_URL"] + "/health", "Date")),
        told["AttributeName"],
    )
    for row in list(_scanned(box)):
        if attribute in row and float(row[attribute]["N"]) < now.timestamp():
            client.delete_item(TableName=name, Key={"key": row["key"]})


def whole_file(box: Box) -> str:
    """Everything in the file that can be read at all, pages that were freed included; the box must not run."""
    (file,) = files(box)
    with closing(sqlite3.connect(file, timeout=60)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        opened.execute("VACUUM")
    return file.read_bytes().decode("latin-1")


def files(box: Box) -> list[Path]:
    """Where the table lies on the disk (DynamoDB Local keeps its tables in SQLite too), without logs beside it."""
    return [box.home / "ccc.db"] if box.stack == "onebox" else list((box.home / "dynamodb").glob("*.db"))


def _scanned(box: Box) -> Iterator[dict[str, Any]]:
    for page in _pages(box):
        yield from page["Items"]


def _pages(box: Box, **more: Any) -> Iterator[dict[str, Any]]:
    client, name = table(box)
    yield from client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True, **more)


def _told(row: dict[str, Any]) -> tuple[object, ...]:
    """As one box keeps it: attributes, and the body as JSON."""
    plain = [next(iter(row[name].values())) if name in row else None for name in _ATTRIBUTES]
    return (*plain, json.dumps(DocumentAttribute().deserialize(row["body"]["M"])))
