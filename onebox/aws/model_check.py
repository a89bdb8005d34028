"""Whether a JSON body is what botocore's own model of an operation allows: names, types, what is required.

AWS ignores members it does not know; here they are refused, since a misspelt one would be lost without a word.
"""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # same

from onebox.codebuild.refusal import Refusal


def checked(service: str, operation: str, body: dict[str, Any], refusal: str) -> dict[str, Any]:
    """The members of the body as botocore's parameters are (blobs are bytes); raises Refusal under that name."""
    shape = _model(service).operation_model(operation).input_shape
    try:
        found: dict[str, Any] = _as_parameters(body, shape)
    except (ValueError, TypeError, AttributeError) as error:
        raise Refusal(refusal, f"1 validation error detected: {error}") from error
    report = ParamValidator().validate(found, shape)
    if report.has_errors():
        raise Refusal(refusal, f"1 validation error detected: {report.generate_report()}")
    return found


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


def _as_parameters(value: Any, shape: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {_known(name, shape): _as_parameters(each, shape.members[name]) for name, each in value.items()}
        case "list" if isinstance(value, list):
            return [_as_parameters(each, shape.member) for each in value]
        case "blob":
            return _bytes(value)
        case _:
            return value


def _known(name: str, shape: Any) -> str:
    if name not in shape.members:
        raise ValueError(f"unknown member {name} of {shape.name}")
    return name


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("a blob is not base64") from error
