"""A server of prepared answers, as AWS's REST services (SES, Lambda) send them; it keeps what it was asked.

A request must be signed as AWS wants it, and one to SES or Lambda must fit botocore's own model of the operation.
"""

from __future__ import annotations

import base64
import json
from contextlib import AbstractContextManager
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # same

from tests.contract.prepared_answers import Answer, Asked, PreparedServer, prepared

UNSIGNED = Answer(status=403, body=b'{"message":"Missing Authentication Token"}')


def rest_refusal(code: str, message: str = "", status: int = 400) -> Answer:
    """An exception of a REST service: its name is in a header."""
    return Answer(status=status, body=json.dumps({"message": message}).encode(), headers={"x-amzn-ErrorType": code})


class RestAnswers(PreparedServer):
    """Gives its answers to whoever signs; `asked` holds the requests."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.asked: list[Asked] = []

    def answer(self, asked: Asked) -> Answer:
        """Keep the request and give the next answer, or refuse what is not signed."""
        self.asked.append(asked)
        signed = asked.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
        return super().answer(asked) if signed else UNSIGNED


def rest_answering(*answers: Answer) -> AbstractContextManager[tuple[RestAnswers, str]]:
    """A server with these answers and its URL."""
    return prepared(RestAnswers(*answers))


def parameters(service: str, operation: str, body: bytes) -> dict[str, Any]:
    """The parameters in a JSON body, each with its model's type; AssertionError when the model does not allow them."""
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    given: dict[str, Any] = _typed(shape, json.loads(body))
    report = ParamValidator().validate(given, shape)
    assert not report.has_errors(), report.generate_report()
    return given


def _typed(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), "the model has no such parameter"
        return {name: _typed(shape.members[name], each) for name, each in value.items()}
    if shape.type_name == "list":
        return [_typed(shape.member, each) for each in value]
    return base64.b64decode(value, validate=True) if shape.type_name == "blob" else value
