"""From an untrusted object to a checked shape, with a sentence for every field that does not fit.

The sentences are ours, not the library's, and none repeats what was sent: it may be somebody's private key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.domain.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

ShapeT = TypeVar("ShapeT", bound="BaseModel")

_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number, written without a point or an exponent",
    "bool_type": "must be true or false",
    "bool_parsing": "must be 1 or 0",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "does not have the right form",
    "enum": "must be one of {expected}",
    "value_error": "{error}",
}
_MAX_NAME = 64


def read(model: type[ShapeT], document: Mapping[str, Any]) -> ShapeT:
    """The document as that model; InvalidInput names every field that does not fit."""
    from pydantic import ValidationError  # noqa: PLC0415 -- slow to import, and only bodies need it

    try:
        return model.model_validate(dict(document))
    except ValidationError as error:
        raise InvalidInput(sentences(error.errors(include_input=False, include_url=False))) from None


def sentences(found: list[ErrorDetails]) -> dict[str, str]:
    """One sentence a field: the first that was found for it; the whole request is called `body`."""
    fields: dict[str, str] = {}
    for each in found:
        name = ".".join(str(part) for part in each["loc"])[:_MAX_NAME] or "body"
        context = each.get("ctx", {})
        fields.setdefault(name, _SENTENCES.get(each["type"], "is not acceptable").format(**context))
    return fields
