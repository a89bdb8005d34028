"""Every row of the fault matrix has a test of its number; one test may hold several rows (`test_m02_m03_…`).

A name alone is nothing: a row counts as tested where one of its tests runs everywhere and can fail (`held.py`).
"""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.architecture.held import proves, run_everywhere
from tests.architecture.source import ROOT, files, parsed

ROWS = {"p": 24, "b": 22, "c": 11, "m": 13, "x": 9, "r": 19, "d": 6, "o": 14, "z": 8}
"""How many rows each letter has.

Provisioning, builds, callbacks, mail, extending, reaping, deprovisioning, the orphan sweep and operations, and Z for
what happens to the service as a whole. A test of a *rule* is not named by its number: rules and rows share the R.
"""

_NUMBERS = re.compile(r"test_((?:[a-z][0-9]+_)+)[a-z]")


def rows_of(name: str) -> list[str]:
    """The rows that a test is named after, each without leading zeros: `b1`, `m3`."""
    found = _NUMBERS.match(name)
    return [f"{row[0]}{int(row[1:])}" for row in found[1].rstrip("_").split("_")] if found else []


@cache
def modules_of_tests() -> tuple[ast.Module, ...]:
    """The syntax trees of all test modules."""
    every = files(ROOT / "tests")
    return tuple(parsed(path) for path in every if path.name.startswith("test_") and path.suffix == ".py")


@cache
def rows_held() -> set[str]:
    """The rows with a test that runs on every machine and can fail."""
    every = (test for module in modules_of_tests() for test in run_everywhere(module) if proves(test))
    return {row for test in every for row in rows_of(test.name)}


def named_after_rows() -> list[ast.FunctionDef]:
    """All tests that are named after a row, wherever they run."""
    nodes = (node for module in modules_of_tests() for node in ast.walk(module))
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and rows_of(node.name)]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("test_b1_a_thing", ["b1"]),
        ("test_b01_a_thing", ["b1"]),
        ("test_m02_m03_a_sender_died", ["m2", "m3"]),
        ("test_b22", []),
        ("test_base64_is_read", []),
        ("test_a_thing_b1_", []),
    ],
)
def test_a_name_tells_its_rows(name: str, rows: list[str]) -> None:
    """Numbers stand first in a name, with or without leading zeros, and a word with digits is no row."""
    assert rows_of(name) == rows


@pytest.mark.parametrize("letter", ROWS)
def test_every_row_has_a_test(letter: str) -> None:
    """No number of the letter is without a test that runs everywhere and can fail."""
    wanted = {f"{letter}{number}" for number in range(1, ROWS[letter] + 1)}
    assert sorted(wanted - rows_held()) == []


def test_no_number_is_used_that_the_matrix_does_not_have() -> None:
    """A test of a row that is none would be counted for nothing."""
    known = {f"{letter}{number}" for letter, last in ROWS.items() for number in range(1, last + 1)}
    wrong = {row for test in named_after_rows() for row in rows_of(test.name) if row[0] in ROWS} - known
    assert sorted(wrong) == []


def test_no_test_of_a_row_proves_nothing() -> None:
    """Whatever bears a row's number says what must be true, also where it is skipped on some machines."""
    assert [test.name for test in named_after_rows() if not proves(test)] == []
