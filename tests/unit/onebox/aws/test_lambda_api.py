"""Lambda's Invoke, asked by botocore: answers, errors, the background with its retries, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from onebox.aws.lambda_api import MOST_BYTES_IN_BACKGROUND, LambdaApi
from tests.unit.onebox.aws.clients import served
from tests.unit.onebox.aws.house import function, hosted, invoker
from tests.unit.onebox.until import until

NAME = "ccc-dev-work"
CODE = """
from pathlib import Path
def work(event, context):
    note = Path(event["note"])
    note.write_text(note.read_text() + "x" if note.exists() else "x")
    if len(note.read_text()) <= event.get("fails", 0):
        raise ValueError("not yet")
    return {"said": event.get("say"), "big": "b" * event.get("big", 0)}
"""


@contextmanager
def _api(folder: Path, retries: int = 2) -> Iterator[Any]:
    api = LambdaApi({"Work": function(retries=retries)}, invoker(folder), retry_after=(0.05, 0.05))
    with served("lambda", api) as client:
        yield client
    api.close()


def test_an_invocation_brings_the_result(tmp_path: Path) -> None:
    """By name or by ARN the payload goes in and comes out, with the version that ran."""
    with hosted(tmp_path, CODE), _api(tmp_path) as client:
        for name in (NAME, function().arn, f"{NAME}:$LATEST"):
            payload = json.dumps({"note": str(tmp_path / "n"), "say": "hi"})
            answer = client.invoke(FunctionName=name, Payload=payload)
            assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
            assert json.loads(answer["Payload"].read())["said"] == "hi"
            assert "FunctionError" not in answer


def test_a_failure_is_told_by_the_header(tmp_path: Path) -> None:
    """A function that raises is a 200 with X-Amz-Function-Error and the exception in the payload."""
    with hosted(tmp_path, CODE), _api(tmp_path) as client:
        answer = client.invoke(FunctionName=NAME, Payload=json.dumps({"note": str(tmp_path / "n"), "fails": 9}))
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert json.loads(answer["Payload"].read())["errorType"] == "ValueError"


@pytest.mark.parametrize(("fails", "retries", "tries"), [(0, 2, 1), (1, 2, 2), (9, 2, 3), (9, 0, 1)])
def test_in_the_background_a_failure_is_tried_again(tmp_path: Path, fails: int, retries: int, tries: int) -> None:
    """An event is answered with 202 at once, and carried out until it succeeds or its retries are used up."""
    note = tmp_path / "n"
    with hosted(tmp_path, CODE), _api(tmp_path, retries) as client:
        payload = json.dumps({"note": str(note), "fails": fails})
        answer = client.invoke(FunctionName=NAME, InvocationType="Event", Payload=payload)
        assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
        assert until(lambda: note.exists() and len(note.read_text()) == tries)
        assert not until(lambda: len(note.read_text()) > tries, 0.3)


def test_a_result_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    """Six megabytes are the most that Lambda gives back."""
    with hosted(tmp_path, CODE), _api(tmp_path) as client:
        payload = json.dumps({"note": str(tmp_path / "n"), "big": 6 * 1024 * 1024})
        answer = client.invoke(FunctionName=NAME, Payload=payload)
        assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"FunctionName": "ccc-dev-other"}, "ResourceNotFoundException"),
        ({"FunctionName": NAME, "Payload": b"{"}, "InvalidRequestContentException"),
        (
            {"FunctionName": NAME, "InvocationType": "Event", "Payload": b" " * MOST_BYTES_IN_BACKGROUND + b"{}"},
            "RequestTooLargeException",
        ),
        ({"FunctionName": NAME}, "ServiceException"),
    ],
    ids=["no function", "no JSON", "too large", "no host"],
)
def test_what_lambda_does_not_take(tmp_path: Path, given: dict[str, Any], code: str) -> None:
    """An unknown function, a payload that is no JSON or too large, and a function that nobody serves are refused."""
    with _api(tmp_path) as client, pytest.raises(ClientError) as refused:
        client.invoke(**given)
    assert refused.value.response["Error"]["Code"] == code
