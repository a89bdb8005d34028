"""Two runs at once: an answer that was overtaken by a newer one does not replace it, and nothing waits for ever."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.box.machine import Machine, Run
from tests.unit.box.service import NOON, Answer, Service, written

HOUR = timedelta(hours=1)


def answer(service: Service, left: timedelta | None) -> Answer:
    """An honest answer with an end that is so far away."""
    return service.honest(None if left is None else written(NOON + left))


def overtaken(machine: Machine, service: Service, slow: list[str], quick: list[str], *lefts: timedelta | None) -> Run:
    """Run `slow` with the first end as its answer, which comes after `quick` was run with the second as its answer."""
    inner: list[Run] = []
    first, second = (answer(service, left) for left in lefts)
    first.meanwhile = lambda: inner.append(machine.run(*quick))
    service.says(first, second)
    done = machine.run(*slow)
    assert [run.code for run in inner] == [0]
    return done


@pytest.mark.parametrize("before", [None, HOUR], ids=["at first", "later"])
@pytest.mark.parametrize("passed", [0, 1, 8])
def test_a_slow_old_answer_does_not_take_an_extension_back(
    machine: Machine, service: Service, before: timedelta | None, passed: int
) -> None:
    """A refresh that began before an extension was granted keeps the extension's end, in memory and on the disk."""
    service.tells(before)
    machine.run("refresh")
    machine.uptime += passed
    done = overtaken(machine, service, ["refresh"], ["extend", "4"], HOUR, 5 * HOUR)
    assert (done.code, done.err) == (0, "")
    assert machine.expires_at() == written(NOON + 5 * HOUR)
    assert machine.learnt_end.read_text() == written(NOON + 5 * HOUR) + "\n"


def test_a_slow_old_answer_neither_warns_nor_switches_off(machine: Machine, service: Service) -> None:
    """What was overtaken is not acted upon either."""
    service.tells(-HOUR)
    machine.run("refresh")
    overtaken(machine, service, ["refresh"], ["extend", "4"], -2 * HOUR, 3 * HOUR)
    overtaken(machine, service, ["refresh"], ["extend", "4"], timedelta(minutes=1), 5 * HOUR)
    assert (machine.done("systemctl"), machine.done("wall")) == ([], [])


def test_a_slow_answer_without_an_end_forgets_nothing(machine: Machine, service: Service) -> None:
    """That no end was known is overtaken like any other answer."""
    machine.state.mkdir()
    overtaken(machine, service, ["refresh"], ["refresh"], None, HOUR)
    assert machine.expires_at() == written(NOON + HOUR)


def test_a_granted_extension_replaces_what_a_refresh_learnt_meanwhile(machine: Machine, service: Service) -> None:
    """The refresh may have been answered before the extension was granted."""
    machine.state.mkdir()
    done = overtaken(machine, service, ["extend", "4"], ["refresh"], 5 * HOUR, HOUR)
    assert done.out.startswith("This machine now ends in 5 hours 0 minutes")
    assert machine.expires_at() == written(NOON + 5 * HOUR)


def test_of_two_extensions_the_later_end_stays(machine: Machine, service: Service) -> None:
    """Whichever answer comes last, and both are told it."""
    machine.state.mkdir()
    done = overtaken(machine, service, ["extend", "1"], ["extend", "1"], 2 * HOUR, 3 * HOUR)
    assert done.out.startswith("This machine now ends in 3 hours 0 minutes")
    assert machine.expires_at() == written(NOON + 3 * HOUR)


def test_the_next_answer_counts_again(machine: Machine, service: Service) -> None:
    """Only a request that began before is overtaken: a minute later an earlier end is believed."""
    machine.state.mkdir()
    overtaken(machine, service, ["refresh"], ["extend", "4"], HOUR, 5 * HOUR)
    end = service.tells(2 * HOUR)
    assert machine.run("refresh").code == 0
    assert machine.expires_at() == end


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the state as another run would."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def test_a_state_that_is_held_for_ever_stops_nothing(machine: Machine, service: Service) -> None:
    """Anybody can lock what they can read: the wait is short, what was told counts, and nothing is written."""
    kept = service.tells(-5 * HOUR)
    machine.state.mkdir()
    (machine.state / "expires_at").write_text(f"{kept}\n")
    machine.program("flock", '#!/bin/sh\n[ "$1" = --wait ] && [ "$2" -le 10 ] && exec /usr/bin/flock -n "$3"\n')
    with held(machine.state):
        done = machine.run("refresh")
    assert done.err.startswith("ccc-box: another program holds the state: nothing is kept this time.\n")
    assert machine.done("systemctl") == ["systemctl poweroff"]
    assert not machine.learnt_end.exists()
