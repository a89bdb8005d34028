"""Failpoints of packaged functions: one list for all environments, each struck once, by whoever made the last call."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onebox.aws.host.failpoints import FILE, order, struck
from tests.unit.onebox.aws.house import hosted, invoker

DIED = "Runtime.ExitError"
CODE = """
import os
from chalicelib import wiring
PORT = wiring.services().mailer
def work(event, context):
    PORT.send("a letter")
    return os.getpid()
"""
SERVICES = """
from dataclasses import dataclass
from typing import Any
@dataclass(frozen=True, slots=True)
class Services:
    mailer: Any
"""
WIRING = """
from chalicelib.operations.services import Services
class Mailer:
    def send(self, letter): return None
def services():
    return Services(mailer=Mailer())
"""


def ended(folder: Path, times: int, *specs: str) -> list[Any]:
    """For each of so many invocations the process that answered, or the kind of its end, with these failpoints."""
    with dying(folder, *specs):
        outcomes = [invoker(folder).invoke("work", {}) for _ in range(times)]
    return [each.result if each.error is None else each.error["errorType"] for each in outcomes]


@contextmanager
def dying(folder: Path, *specs: str) -> Iterator[None]:
    """A function that sends a letter at each invocation, with these failpoints."""
    rooms = folder / "code" / "chalicelib" / "operations"
    rooms.mkdir(parents=True)
    (rooms / "services.py").write_text(SERVICES)
    (rooms.parent / "wiring.py").write_text(WIRING)
    order(folder / "failpoints.json", list(specs))
    with hosted(folder, CODE, at_once=1, variables={FILE: str(folder / "failpoints.json")}):
        yield


def test_each_failpoint_strikes_once_and_the_next_is_ahead(tmp_path: Path) -> None:
    """The second send kills, then the first one behind it, and then nobody dies any more."""
    first, *died, later, last = ended(tmp_path, 5, "Mailer.send:2", "Mailer.send:1")
    assert (died, struck(tmp_path / "failpoints.json")) == ([DIED, DIED], 2)
    assert later == last != first


def test_a_chain_dies_behind_its_last_place_alone(tmp_path: Path) -> None:
    """`Mailer.send:1>Mailer.send:2` lets two calls return, and the third is the last."""
    assert [each == DIED for each in ended(tmp_path, 3, "Mailer.send:1>Mailer.send:2")] == [False, False, True]


def test_who_looks_meanwhile_never_sees_half_a_count(tmp_path: Path) -> None:
    """While functions count, everybody can read how many have died."""
    seen = set()
    with dying(tmp_path, "Mailer.send:1000"), ThreadPoolExecutor(1) as other:
        counting = other.submit(lambda: [invoker(tmp_path).invoke("work", {}) for _ in range(30)])
        while not counting.done():
            seen.add(struck(tmp_path / "failpoints.json"))
        assert [outcome.error for outcome in counting.result()] == [None] * 30
    assert seen == {0}
