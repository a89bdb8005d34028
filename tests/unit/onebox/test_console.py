"""What a person sees, and that nobody can make the supervisor wait."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from onebox.console import Console

Pipes = tuple[int, int]


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    """A pipe: the end that is read (without waiting), and the end that is written."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_lines_carry_the_name_of_their_child(pipes: Pipes) -> None:
    """Names stand in a column of their own."""
    reading, writing = pipes
    console = Console(output=writing, errors=writing)
    console.child("emulator", "listening")
    console.child("gateway", "hello")
    console.remark("gateway ended with status 1")
    console.ready("ready http://localhost:1")
    assert os.read(reading, 4096).decode().splitlines() == [
        "emulator | listening",
        "gateway  | hello",
        "onebox   | gateway ended with status 1",
        "ready http://localhost:1",
    ]


def test_lines_nobody_reads_are_dropped_and_counted(pipes: Pipes) -> None:
    """A full pipe stops nothing; the first line after it says how many were lost."""
    reading, writing = pipes
    console = Console(output=writing, errors=writing)
    for _ in range(100):
        console.child("gateway", "x" * 2000)
    read = 0
    while True:
        try:
            read += os.read(reading, 65536).count(b"\n")
        except BlockingIOError:
            break
    console.child("gateway", "after")
    lost, after = os.read(reading, 4096).decode().splitlines()
    assert lost == f"onebox   | {100 - read} lines were not read"
    assert after == "gateway  | after"


def test_a_very_long_line_is_cut(pipes: Pipes) -> None:
    """A line never exceeds what a pipe takes in one piece."""
    reading, writing = pipes
    Console(output=writing, errors=writing).child("gateway", "x" * 10_000)
    assert len(os.read(reading, 65536)) < 4096


def test_a_closed_output_disturbs_nobody() -> None:
    """Once the reader has gone for good, lines are thrown away."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.close(reading)
    console = Console(output=writing, errors=writing)
    console.child("gateway", "into the void")
    os.close(writing)
    console.remark("and with no descriptor at all")
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(writing)
