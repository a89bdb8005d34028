"""The supervisor's main loop: what is called, when, and what is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from onebox.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop that gives up after a few seconds."""
    made = Loop()
    made.later(8.0, made.stop)
    yield made
    made.close()


def test_moments_come_in_their_order(loop: Loop) -> None:
    """What is due first is called first, whatever was asked for first."""
    called: list[str] = []
    loop.later(0.02, lambda: called.append("second"))
    loop.later(0.01, lambda: called.append("first"))
    loop.later(0.03, loop.stop)
    loop.run()
    assert called == ["first", "second"]


def test_a_descriptor_that_was_unwatched_is_not_read(loop: Loop) -> None:
    """When two can be read at once and the first's callback takes the second away, the second is not called."""
    ends = [os.pipe(), os.pipe()]
    called: list[int] = []

    def read(reading: int) -> None:
        called.append(reading)
        for other, _ in ends:
            loop.unwatch(other)
        loop.stop()

    for reading, writing in ends:
        os.write(writing, b"x")
        loop.watch(reading, lambda reading=reading: read(reading))  # type: ignore[misc]  # the default binds it early
    loop.run()
    for end in (end for pair in ends for end in pair):
        os.close(end)
    assert len(called) == 1


def test_a_signal_is_answered_out_of_the_loop(loop: Loop) -> None:
    """The callback runs in the loop's turn, not in the middle of something else."""
    came: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)

    def answer() -> None:
        came.append("signal")
        loop.stop()

    loop.on_signal(signal.SIGUSR1, answer)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert came == []
    loop.run()
    signal.signal(signal.SIGUSR1, before)
    assert came == ["signal"]
