"""What every `Nudge` promises: it neither raises nor waits; and how threads carry nudges out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from chalicelib.adapters.lambda_nudge import LambdaNudge
from chalicelib.adapters.thread_nudge import ThreadNudge
from chalicelib.operations.ports import Nudge
from tests.contract.codebuild_answers import Answer
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.rest_answers import rest_answering, rest_refusal
from tests.fakes.nudge import FakeNudge

PATIENCE = 30.0


class _Worker:
    """Counts what it is called with, and holds the call until it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.calls: list[str] = []
        self.began = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.idle = threading.Semaphore(0)
        self._held = held

    def __call__(self, name: str) -> None:
        self.calls.append(name)
        self.began.release()
        if self._held:
            assert self.go.acquire(timeout=PATIENCE)
        self.idle.release()


@pytest.fixture(params=["fake", "thread", "lambda", "lambda-refused", "lambda-gone"])
def nudge(request: pytest.FixtureRequest) -> Iterator[Nudge]:
    """One kind after the other; Lambda also refuses, and is not there at all."""
    if request.param == "fake":
        yield FakeNudge()
    elif request.param == "thread":
        yield ThreadNudge()
    elif request.param == "lambda-gone":
        with aws_settings("LAMBDA", "http://127.0.0.1:1"):
            yield LambdaNudge("ccc-test-advance", region=REGION)
    else:
        answer = (
            Answer(status=202, body=b"") if request.param == "lambda" else rest_refusal("ServiceException", "", 500)
        )
        with rest_answering(answer) as (_, url), aws_settings("LAMBDA", url):
            yield LambdaNudge("ccc-test-advance", region=REGION)


def test_a_nudge_neither_raises_nor_waits(nudge: Nudge) -> None:
    """Nudging is possible at any time, even before anybody listens; it says nothing and is back at once."""
    began = time.monotonic()
    nudge.advance("0123456789ab")
    nudge.reap("run-1")
    assert time.monotonic() - began < PATIENCE


def test_fake_keeps_wishes_until_they_are_taken() -> None:
    """The same wish waits once; a deaf nudge loses all."""
    nudge = FakeNudge()
    nudge.advance("a")
    nudge.advance("a")
    nudge.reap("r")
    assert nudge.take() == [("advance", "a"), ("reap", "r")]
    nudge.deaf = True
    nudge.advance("a")
    assert nudge.take() == []


def test_threads_call_what_was_attached() -> None:
    """Each kind of nudge reaches its own function, with its id, also when it came before the function."""
    nudge, advance, reap = ThreadNudge(workers=2), _Worker(), _Worker()
    nudge.advance("early")
    nudge.attach(advance=advance, reap=reap)
    nudge.reap("run-1")
    assert advance.idle.acquire(timeout=PATIENCE)
    assert reap.idle.acquire(timeout=PATIENCE)
    assert (advance.calls, reap.calls) == (["early"], ["run-1"])


def test_nudging_does_not_wait_for_the_work() -> None:
    """A nudge returns while the work it asked for is still held."""
    nudge, worker = ThreadNudge(workers=1), _Worker(held=True)
    nudge.attach(advance=worker, reap=worker)
    nudge.advance("a")
    assert worker.began.acquire(timeout=PATIENCE)
    nudge.advance("b")
    assert worker.calls == ["a"]
    worker.go.release(2)
    assert worker.idle.acquire(timeout=PATIENCE)
    assert worker.idle.acquire(timeout=PATIENCE)


def test_nudges_for_one_row_become_one() -> None:
    """While a row is worked on, any number of nudges for it lead to exactly one more call, and never to two at once."""
    nudge, worker = ThreadNudge(workers=4), _Worker(held=True)
    nudge.attach(advance=worker, reap=worker)
    nudge.advance("a")
    assert worker.began.acquire(timeout=PATIENCE)
    for _ in range(10):
        nudge.advance("a")
    assert not worker.began.acquire(timeout=0.05)
    worker.go.release(2)
    assert worker.began.acquire(timeout=PATIENCE)
    assert worker.idle.acquire(timeout=PATIENCE)
    assert worker.idle.acquire(timeout=PATIENCE)
    nudge.advance("b")
    worker.go.release()
    assert worker.began.acquire(timeout=PATIENCE)
    assert worker.calls == ["a", "a", "b"]


def test_work_that_raises_is_logged_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    """A failure ends neither the thread nor the one who nudged."""
    nudge, worker = ThreadNudge(workers=1), _Worker()

    def broken(name: str) -> None:
        raise RuntimeError(name)

    logger = logging.getLogger("ccc.nudge")
    logger.addHandler(caplog.handler)
    try:
        nudge.attach(advance=broken, reap=worker)
        nudge.advance("a")
        nudge.reap("after")
        assert worker.idle.acquire(timeout=PATIENCE)
    finally:
        logger.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"nudge.failed"}
