"""A JSON document as a native DynamoDB map, so that a reader of the console sees its fields.

Text, whole numbers, booleans, null, lists and maps. A float is refused: DynamoDB gives 1.0 back as 1. An empty text is
kept as a set that says so: DynamoDB Local (2020) refuses empty texts, which DynamoDB takes since May 2020, and no
document uses sets for anything else.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.constants import BOOLEAN, LIST, MAP, NULL, NUMBER, STRING, STRING_SET

_EMPTY_TEXT = "(empty)"


class DocumentAttribute(Attribute[dict[str, Any]]):
    """An attribute that holds a JSON document."""

    attr_type = MAP

    def serialize(self, value: Any) -> Any:
        """The document as DynamoDB's typed values. TypeError: something in it is not JSON as we use it."""
        return {name: _typed(each) for name, each in value.items()}

    def deserialize(self, value: Any) -> Any:
        """The document out of DynamoDB's typed values."""
        return {name: _plain(each) for name, each in value.items()}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {NULL: True}
        case bool():
            return {BOOLEAN: value}
        case int():
            return {NUMBER: str(value)}
        case "":
            return {STRING_SET: [_EMPTY_TEXT]}
        case str():
            return {STRING: value}
        case list():
            return {LIST: [_typed(each) for each in value]}
        case dict():
            return {MAP: {name: _typed(each) for name, each in value.items()}}
        case _:
            raise TypeError(f"a {type(value).__name__} has no place in a document")


def _plain(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "NULL":
            return None
        case "SS":
            return ""
        case "N":
            return int(value)
        case "L":
            return [_plain(each) for each in value]
        case "M":
            return {name: _plain(each) for name, each in value.items()}
        case _:
            return value
