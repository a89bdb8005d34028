"""Telling in passing: in order, bounded, and never in anybody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from builder.errors import NotNow, NotWanted
from builder.messenger import MOST, Message, Messenger
from chalicelib.domain.build import BuildReport, Phase
from tests.unit.builder.world import FAST, LIMIT, SOON


def message(step: str, *, begins: bool = False) -> Message:
    """A message that is known by its step."""
    return Message(report=BuildReport(phase=Phase.COPY, step=step, log_tail=step), begins=begins)


class Line:
    """The way to a control plane that answers once it is `open`, or breaks."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.trouble: list[Exception] = []
        self.taken: list[BuildReport] = []
        self.busy = threading.Event()

    def send(self, message: Message) -> None:
        """Take a message, late or not at all."""
        self.busy.set()
        self.open.wait(LIMIT)
        if self.trouble:
            raise self.trouble.pop(0)
        self.taken.append(message.report)

    @property
    def steps(self) -> list[str]:
        """What was taken."""
        return [report.step for report in self.taken]


@pytest.fixture
def line() -> Line:
    """A line that does not answer yet."""
    return Line()


@contextmanager
def messenger(line: Line) -> Iterator[Messenger]:
    """A messenger over the line, closed at the end."""
    made = Messenger(line.send, FAST)
    try:
        yield made
    finally:
        line.open.set()
        made.close()


def test_messages_arrive_in_their_order_and_nobody_waits(line: Line) -> None:
    """Putting returns while nothing is answered; what was put arrives once somebody answers."""
    with messenger(line) as talks:
        for each in "abc":
            talks.put(message(each))
        assert line.steps == []
        line.open.set()
        talks.drain(SOON)
        assert line.steps == ["a", "b", "c"]


def test_a_message_that_met_trouble_is_sent_again_in_its_place(line: Line) -> None:
    """What follows does not overtake it."""
    line.trouble = [NotNow("away"), NotNow("away")]
    line.open.set()
    with messenger(line) as talks:
        talks.put(message("a"))
        talks.put(message("b"))
        talks.drain(SOON)
        assert line.steps == ["a", "b"]


def test_what_waits_is_bounded_and_begins_of_phases_stay(line: Line) -> None:
    """Of too many the oldest go that begin nothing."""
    with messenger(line) as talks:
        talks.put(message("on its way"))
        assert line.busy.wait(SOON)
        talks.put(message("begins", begins=True))
        for each in range(2 * MOST):
            talks.put(message(str(each)))
        line.open.set()
        talks.drain(SOON)
        newest = [str(each) for each in range(2 * MOST)][-(MOST - 1) :]
        assert line.steps == ["on its way", "begins", *newest]


def test_a_newer_end_of_the_log_goes_with_what_waits(line: Line) -> None:
    """It makes no message of its own while another waits, and the newest is what arrives."""
    with messenger(line) as talks:
        talks.put(message("on its way"))
        assert line.busy.wait(SOON)
        talks.put(message("waits"))
        for tail in ("older", "newest"):
            talks.refresh(BuildReport(phase=Phase.COPY, step="waits", log_tail=tail))
        line.open.set()
        talks.drain(SOON)
        assert [(report.step, report.log_tail) for report in line.taken][1:] == [("waits", "newest")]
        talks.refresh(BuildReport(phase=Phase.COPY, step="alone", log_tail="alone"))
        talks.drain(SOON)
        assert line.steps[-1] == "alone"


def test_draining_ends_when_nobody_answers(line: Line) -> None:
    """What could not be sent in time is given up, also when its answer comes later."""
    with messenger(line) as talks:
        for each in "ab":
            talks.put(message(each))
        begun = time.monotonic()
        talks.drain(0.2)
        assert 0.2 <= time.monotonic() - begun < SOON
        line.trouble = [NotNow("too late")]
        line.open.set()
        talks.put(message("c"))
        talks.drain(SOON)
        assert line.steps == ["c"]


def test_what_ends_the_sending_is_raised_where_somebody_looks(line: Line) -> None:
    """A refusal is not lost in the thread, and nothing is sent after it."""
    line.trouble = [NotWanted("over")]
    line.open.set()
    with messenger(line) as talks:
        talks.put(message("a"))
        talks.put(message("b"))
        talks.drain(SOON)
        with pytest.raises(NotWanted):
            talks.look()
        assert line.steps == []


def test_a_closed_messenger_leaves_no_thread(line: Line) -> None:
    """Its thread ends with it."""
    line.open.set()
    with messenger(line) as talks:
        talks.put(message("a"))
        talks.drain(SOON)
    assert "messenger" not in [thread.name for thread in threading.enumerate()]
