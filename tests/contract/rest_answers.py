"""A server of prepared answers, as AWS's REST services (SES, Lambda) send them; it keeps what it was asked.

A request must be signed as AWS wants it, and one to SES or Lambda must fit botocore's own model of the operation.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # same

from tests.contract.codebuild_answers import Answer
from tests.quiet_server import QuietServer

UNSIGNED = Answer(status=403, body=b'{"message":"Missing Authentication Token"}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def rest_refusal(code: str, message: str = "", status: int = 400) -> Answer:
    """An exception of a REST service: its name is in a header."""
    return Answer(status=status, body=json.dumps({"message": message}).encode(), headers={"x-amzn-ErrorType": code})


class RestAnswers(QuietServer):
    """Gives its answers in their order, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.prepared = list(answers)
        self.asked: list[Asked] = []


class _Handler(BaseHTTPRequestHandler):
    server: RestAnswers

    def do_POST(self) -> None:
        """Keep the request and give the next answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(method="POST", path=self.path, headers=headers, body=body))
        prepared = self.server.prepared
        signed = headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
        answer = (prepared.pop(0) if len(prepared) > 1 else prepared[0]) if signed else UNSIGNED
        if answer.status is None:
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


@contextmanager
def rest_answering(*answers: Answer) -> Iterator[tuple[RestAnswers, str]]:
    """A server with these answers and its URL."""
    with RestAnswers(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


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
