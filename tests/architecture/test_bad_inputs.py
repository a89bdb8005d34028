"""Every line of the list of bad inputs has a test of its number; what is void is named here with its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

import pytest

from tests.architecture.source import ROOT, parsed

LINES = range(1, 140)
"""The lines that are sent to a box; the next one is about the command line."""

OF_THE_COMMAND_LINE = 140
FOLDER = "tests/stack/bad_inputs"

VOID = {
    23: "two addresses under one key: the instance's id is derived from both, so they cannot meet",
    68: "blocklists of weak primes would have to be fetched",
}

SECTIONS = {
    "test_transport": range(1, 29),
    "test_email": range(29, 54),
    "test_ssh_key": range(54, 80),
    "test_wishes": range(80, 93),
    "test_instance": range(93, 116),
    "test_builds": range(116, 128),
    "test_links": range(128, 135),
    "test_operator": range(135, 140),
}
"""Which file holds which lines."""

_NAME = re.compile(r"test_line_([0-9]+)_[a-z]")


def names_in(folder: str, files: str = "test_*.py") -> list[str]:
    """The names of all tests in some files of a folder, in their order."""
    return [
        node.name
        for path in sorted((ROOT / folder).glob(files))
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def numbers(names: Iterable[str]) -> list[int]:
    """The numbers of the lines that tests are named after."""
    return [int(match[1]) for match in map(_NAME.match, names) if match]


def test_the_sections_hold_every_line_once() -> None:
    """The table of files covers the list without a gap."""
    assert sorted(number for lines in SECTIONS.values() for number in lines) == list(LINES)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_line_has_a_test(section: str) -> None:
    """Each line of a section has a test in its file, void ones have none, and the tests are in the list's order."""
    found = numbers(names_in(FOLDER, f"{section}.py"))
    assert sorted(set(found)) == [number for number in SECTIONS[section] if number not in VOID]
    assert found == sorted(found)


def test_every_test_of_the_folder_is_a_line() -> None:
    """No test stands in the folder without the number of its line."""
    assert [name for name in names_in(FOLDER) if not _NAME.match(name)] == []


def test_the_line_of_the_command_line_has_a_test() -> None:
    """What may be wrong with a command is tested where the commands are."""
    assert OF_THE_COMMAND_LINE in numbers(names_in("tests/unit/ccc"))
