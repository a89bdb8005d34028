"""Lists leave out what this release cannot read, so that one strange item holds up nothing (rule R22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from chalicelib.domain.errors import UnknownSchema
from chalicelib.storage.table import Item

_Value = TypeVar("_Value")


def readable(items: Iterable[Item], decode: Callable[[Item], _Value]) -> Iterator[_Value]:
    """The values of those items that `decode` does not refuse with UnknownSchema."""
    for item in items:
        try:
            value = decode(item)
        except UnknownSchema:
            continue
        yield value
