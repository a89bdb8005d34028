"""The wire of the stand-in: what AWS's JSON 1.1 services answer to requests that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.wire import MOST_BYTES, Server, serving

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=nobody"}


def _refuse(_: dict[str, Any]) -> dict[str, Any]:
    raise Refusal("ConflictException", "No.", fields={"resourceIds": ["a"]})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A service with an operation that answers with its request, and one that refuses."""
    with serving(Server("Test_1", {"Echo": lambda request: {"heard": request}, "Refuse": _refuse})) as url:
        yield url


def ask(url: str, target: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and document of one request."""
    answer = urllib3.request("POST", url, body=body, headers={"X-Amz-Target": target, **headers}, retries=False)
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-RequestId"]
    return answer.status, json.loads(answer.data)


def test_an_operation_gets_its_document(url: str) -> None:
    """The body's object arrives, and the answer is the operation's."""
    assert ask(url, "Test_1.Echo", b'{"a": [1]}', **SIGNED) == (200, {"heard": {"a": [1]}})


def test_a_refusal_is_a_type_and_a_message(url: str) -> None:
    """The exception's name, its sentence and its fields are the document of a 400."""
    document = {"__type": "ConflictException", "message": "No.", "resourceIds": ["a"]}
    assert ask(url, "Test_1.Refuse", b"{}", **SIGNED) == (400, document)


@pytest.mark.parametrize(
    ("target", "body", "headers", "status", "kind"),
    [
        ("Test_1.Nothing", b"{}", SIGNED, 404, "UnknownOperationException"),
        ("Other_1.Echo", b"{}", SIGNED, 404, "UnknownOperationException"),
        ("", b"{}", SIGNED, 404, "UnknownOperationException"),
        ("Test_1.Echo", b"{", SIGNED, 400, "SerializationException"),
        ("Test_1.Echo", b"[]", SIGNED, 400, "SerializationException"),
        ("Test_1.Echo", b"\xff", SIGNED, 400, "SerializationException"),
        ("Test_1.Echo", b"{}", {}, 400, "MissingAuthenticationTokenException"),
        ("Test_1.Echo", b" " * (MOST_BYTES + 1), SIGNED, 413, "RequestEntityTooLargeException"),
    ],
    ids=["operation", "service", "no-target", "half", "list", "bytes", "unsigned", "large"],
)
def test_what_is_no_request_is_refused(
    url: str, target: str, body: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    """Nothing of it reaches an operation, and the answer says what was wrong."""
    told, document = ask(url, target, body, **headers)
    assert (told, document["__type"]) == (status, kind)
