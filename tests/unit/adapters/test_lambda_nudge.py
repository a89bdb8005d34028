"""Nudges as Lambda hears them: asynchronous, once, and never anybody's trouble."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator

import pytest

from chalicelib.adapters.lambda_nudge import PATIENCE, LambdaNudge
from chalicelib.aws.client import AwsClient, Patience
from tests.contract.codebuild_answers import LOST, Answer
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.rest_answers import RestAnswers, rest_answering, rest_refusal

ID = "0123456789ab"
TAKEN = Answer(status=202, body=b"")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[RestAnswers, LambdaNudge]]:
    """A server that stands for Lambda, and a nudge that speaks to it."""
    with rest_answering(TAKEN) as (server, url), aws_settings("LAMBDA", url):
        nudge = LambdaNudge("ccc-test-advance", region=REGION)
        nudge._lambda.vendor()
        yield server, nudge


def test_a_nudge_is_an_event_for_the_worker(place: tuple[RestAnswers, LambdaNudge]) -> None:
    """Each kind goes to the function under its own word, and Lambda is told that nobody waits for the outcome."""
    server, nudge = place
    server.prepared, server.asked = [TAKEN], []
    nudge.advance(ID)
    nudge.reap("20261123T100000-0a1b2c3d")
    assert [json.loads(asked.body) for asked in server.asked] == [
        {"advance": ID},
        {"reap": "20261123T100000-0a1b2c3d"},
    ]
    assert {asked.path for asked in server.asked} == {"/2015-03-31/functions/ccc-test-advance/invocations"}
    assert {asked.headers["x-amz-invocation-type"] for asked in server.asked} == {"Event"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (rest_refusal("TooManyRequestsException", "Rate Exceeded.", 429), "TooManyRequestsException"),
        (rest_refusal("ResourceNotFoundException", "Function not found", 404), "ResourceNotFoundException"),
        (rest_refusal("ServiceException", "", 500), "ServiceException"),
        (LOST, "ConnectionClosedError"),
    ],
)
def test_a_nudge_that_is_not_taken_is_a_line_in_the_log(
    place: tuple[RestAnswers, LambdaNudge], answer: Answer, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It raises nothing and is not tried again; the log says which row waits for the tick, and why."""
    server, nudge = place
    server.prepared, server.asked = [answer], []
    with caplog.at_level(logging.WARNING, "ccc.nudge"):
        logging.getLogger("ccc.nudge").addHandler(caplog.handler)
        nudge.advance(ID)
        logging.getLogger("ccc.nudge").removeHandler(caplog.handler)
    assert len(server.asked) == 1
    fields = caplog.records[0].__dict__["fields"]
    assert (caplog.records[0].getMessage(), fields["id"], fields["code"]) == ("nudge.failed", ID, code)


def test_a_silent_lambda_holds_nobody_up() -> None:
    """The limits are a second to connect and three to answer, in one try; here a tenth of it."""
    assert LambdaNudge("f")._lambda._patience == PATIENCE == Patience(connect=1, read=3, tries=1)
    nudge = LambdaNudge("ccc-test-advance", region=REGION)
    nudge._lambda = AwsClient("lambda", Patience(connect=1, read=0.3, tries=1), region=REGION)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with aws_settings("LAMBDA", f"http://127.0.0.1:{deaf.getsockname()[1]}"):
            nudge._lambda.vendor()
        began = time.monotonic()
        nudge.advance(ID)
    assert 0.25 < time.monotonic() - began < 5


def test_without_credentials_or_region_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nudge that cannot even be sent is a lost nudge."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with rest_answering(TAKEN) as (server, url), aws_settings("LAMBDA", url):
        LambdaNudge("f").advance(ID)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        LambdaNudge("f", region=REGION).advance(ID)
    assert server.asked == []
