"""The stage's table as these tools read it: which rows there are, whose stack it is. They write nothing into it.

Rows are found by a consistent scan and not by the listing index, which may lag: who throws a secret away, or a whole
stack, must not miss a row of this second. Rows of another release are rows all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import Answered
from chalicelib.storage.rows import LIVE, PREFIX
from chalicelib.storage.stack import STACK_KEY
from operate.aws import Aws, is_absent, pages
from operate.stack import Stack

OUTPUT, RESTORED, LOGICAL = "TableName", "RestoredTable", "Table"
"""The table in use among the stack's outputs and its parameters, and the stack's own among its resources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An instance's row: its id, its listing, and the id of the secret that its tokens are made with."""

    instance_id: str
    listing: str
    secret_id: str

    @property
    def lives(self) -> bool:
        """Whether it may have a server."""
        return self.listing == LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The table's stack: the uuid that its servers and marker carry, and its marker's id at the provider, if known."""

    uuid: str
    marker_id: str = ""


def rows(aws: Aws, table: str) -> Iterator[Row]:
    """All rows of instances."""
    wanted: dict[str, Any] = {
        "TableName": table,
        "ConsistentRead": True,
        "FilterExpression": "begins_with(#key, :instance)",
        "ProjectionExpression": "#key, #listing, #body.#secret",
        "ExpressionAttributeNames": {
            "#key": "key",
            "#listing": "listing",
            "#body": "body",
            "#secret": "secret_id",
        },
        "ExpressionAttributeValues": {":instance": {"S": PREFIX}},
    }
    marks = {"mark": "LastEvaluatedKey", "asks": "ExclusiveStartKey"}
    for each in pages(aws, "dynamodb", "scan", "Items", **marks, **wanted):
        yield _row(each)


def name_of(aws: Aws, stack: Stack) -> str | None:
    """The stack's table; None when it never had one, so that nothing ever worked in it.

    A stack that failed, or is about to go, may have no outputs: the list of its resources tells all the same.
    """
    if name := stack.outputs.get(OUTPUT) or stack.parameters.get(RESTORED):
        return name
    return own_name_of(aws, stack)


def own_name_of(aws: Aws, stack: Stack) -> str | None:
    """The table that the stack itself made, whichever is in use; None when it has none."""
    listed = pages(aws, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
    for each in listed:
        there = each["ResourceStatus"] != "DELETE_COMPLETE" and each.get("PhysicalResourceId")
        if each["LogicalResourceId"] == LOGICAL and there:
            return str(each["PhysicalResourceId"])
    return None


def kept(aws: Aws, stack: str) -> Iterator[str]:
    """The tables that stacks of this name made, by CloudFormation's way of naming them; they outlive their stacks."""
    marks = {"mark": "LastEvaluatedTableName", "asks": "ExclusiveStartTableName"}
    for name in pages(aws, "dynamodb", "list_tables", "TableNames", **marks):
        if name.startswith(f"{stack}-{LOGICAL}-"):
            yield str(name)


def founded(aws: Aws, table: str) -> Founded | None:
    """Whose the table is; None when the stack was never founded, or there is no such table."""
    try:
        answer = aws.call("dynamodb", "get_item", TableName=table, Key={"key": {"S": STACK_KEY}}, ConsistentRead=True)
    except Answered as error:
        if is_absent(error):
            return None
        raise
    if "Item" not in answer:
        return None
    body = answer["Item"]["body"]["M"]
    return Founded(uuid=str(body["uuid"]["S"]), marker_id=str(body.get("marker_id", {}).get("N", "")))


def _row(item: dict[str, Any]) -> Row:
    body = item.get("body", {}).get("M", {})
    return Row(
        instance_id=item["key"]["S"].removeprefix(PREFIX),
        listing=item.get("listing", {}).get("S", ""),
        secret_id=body.get("secret_id", {}).get("S", ""),
    )
