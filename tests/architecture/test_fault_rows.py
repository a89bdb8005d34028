"""Every row of the fault matrix has a test of its number; one test may hold several rows (`test_m02_m03_…`)."""

from __future__ import annotations

import ast
import re

import pytest

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


def rows_with_tests() -> set[str]:
    """All rows that any test of the repository is named after."""
    return {
        row
        for path in files(ROOT / "tests")
        if path.name.startswith("test_") and path.suffix == ".py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef)
        for row in rows_of(node.name)
    }


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
    """No number of the letter is missing, and none is used that the matrix does not have."""
    wanted = {f"{letter}{number}" for number in range(1, ROWS[letter] + 1)}
    found = {row for row in rows_with_tests() if row[0] == letter}
    assert sorted(wanted - found) == []
    assert sorted(found - wanted) == []
