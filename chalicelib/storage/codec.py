"""How frozen values become JSON documents and come back, decided by the types of their fields.

A time is RFC 3339 in UTC, a Decimal is a string, an enum its value, a tuple or frozenset a list, a nested value a
nested document. Going back, a field that a document lacks takes its default and a field that this release does not
know is passed over, so that a neighbouring release can share the table; anything else that does not fit is
UnknownSchema (rule R22). This module knows no table and no particular value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from chalicelib.domain.errors import UnknownSchema

_Value = TypeVar("_Value")
_Decoder = Callable[[Any], Any]


def to_document(value: Any, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The JSON document of a dataclass value, but for the named fields; TypeError for a field with no JSON form."""
    return {field.name: _encode(getattr(value, field.name)) for field in fields(value) if field.name not in without}


def from_document(kind: type[_Value], document: Mapping[str, Any], **given: Any) -> _Value:
    """The value of a document; `given` are fields that are kept elsewhere. UnknownSchema: it is not such a value."""
    try:
        return _decode_fields(kind, document, **given)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise UnknownSchema(f"This document is not a {kind.__name__} that this release knows.") from error


def _encode(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case None | bool() | int() | str():
            return value
        case Decimal():
            return str(value)
        case datetime():
            return _encode_time(value)
        case tuple():
            return [_encode(each) for each in value]
        case frozenset():
            return sorted(_encode(each) for each in value)
        case _ if is_dataclass(value):
            return to_document(value)
        case _:
            raise TypeError(f"a {type(value).__name__} has no JSON form here")


def _encode_time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise TypeError("a time without a zone is no moment")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _decode_fields(kind: Callable[..., _Value], document: Mapping[str, Any], **given: Any) -> _Value:
    if not isinstance(document, Mapping):
        raise TypeError("not a document")
    values = dict(given)
    for name, decode, required in _plan(kind):
        if name in given:
            continue
        if name in document:
            values[name] = decode(document[name])
        elif required:
            raise ValueError(f"{name} is missing")
    return kind(**values)


@cache
def _plan(kind: Any) -> tuple[tuple[str, _Decoder, bool], ...]:
    """For every field: its name, how it is read, whether a document must have it."""
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            _decoder(hints[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    )


@cache
def _decoder(hint: Any) -> _Decoder:
    args = get_args(hint)
    if get_origin(hint) is tuple:
        return partial(_decode_many, tuple, _decoder(args[0]))
    if get_origin(hint) is frozenset:
        return partial(_decode_many, frozenset, _decoder(args[0]))
    if NoneType in args:
        (inner,) = (each for each in args if each is not NoneType)
        return partial(_decode_optional, _decoder(inner))
    return _plain_decoder(hint)


def _plain_decoder(hint: Any) -> _Decoder:
    if hint is datetime:
        return _decode_time
    if hint is Decimal:
        return _decode_decimal
    if hint in {str, int, bool}:
        return partial(_decode_exactly, hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(_decode_fields, hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    raise TypeError(f"no way to read a field of type {hint}")


def _decode_many(collect: type, inner: _Decoder, value: Any) -> Any:
    return collect(inner(each) for each in _decode_exactly(list, value))


def _decode_optional(inner: _Decoder, value: Any) -> Any:
    return None if value is None else inner(value)


def _decode_exactly(kind: type, value: Any) -> Any:
    # `type`, not `isinstance`: True must not pass for the number 1
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def _decode_time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _decode_decimal(value: Any) -> Decimal:
    number = Decimal(_decode_exactly(str, value))
    if not number.is_finite():
        raise ValueError("not a number")
    return number
