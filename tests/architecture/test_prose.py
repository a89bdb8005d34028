"""Every module and every test says what it is for, in words that fit the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.source import PROSE, ROOT, files, parsed, python_files

BANNED = {
    # the patterns are put together from parts, so that this file does not contain what it looks for
    "a path of one developer's machine": r"(?<![\w.}>])/(?:wo" r"rk|Us" r"ers)/\w",
    "a home of one developer": r"/ho" r"me/(?!claude\b|box\b|user\b|guest\b)\w+/",
    "the host of a package registry": r"py" r"pi\.org|python" r"hosted\.org|registry\.npm" r"js\.org",
    "work left for later": r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b",
}

NO_ROOM_FOR = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc"})
"""Names that say nothing about what is inside."""

PLACES = [path.relative_to(ROOT) for path in python_files()]
TESTS = [place for place in PLACES if place.parts[0] == "tests" and place.name.startswith("test_")]


def facts_in(place: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions and methods of a file."""
    return [
        node
        for node in ast.walk(parsed(ROOT / place))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def test_every_module_has_a_docstring() -> None:
    """A reader learns from the first line what a file decides."""
    assert [str(place) for place in PLACES if not ast.get_docstring(parsed(ROOT / place))] == []


def test_every_test_states_its_fact() -> None:
    """Each test has a docstring of full sentences: what is true when it passes."""
    silent = []
    for place in TESTS:
        for test in facts_in(place):
            fact = (ast.get_docstring(test) or "").strip()
            if not fact.endswith(".") or " " not in fact:
                silent.append(f"{place}::{test.name}")
    assert silent == []


def test_every_test_file_has_a_test() -> None:
    """A file that pytest collects holds at least one test."""
    assert [str(place) for place in TESTS if not facts_in(place)] == []


@pytest.mark.parametrize("what", sorted(BANNED))
def test_no_file_names_what_is_not_the_projects(what: str) -> None:
    """The repository speaks of itself alone."""
    pattern = re.compile(BANNED[what])
    found = []
    for path in files():
        if path.suffix not in PROSE or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    """Every module is named by a noun of the domain or a verb of the product."""
    assert [str(place) for place in PLACES if {*place.parts[:-1], place.stem} & NO_ROOM_FOR] == []


def test_tests_use_fakes_and_not_mocks() -> None:
    """Nothing is patched: whatever is replaced is a port."""
    mock = "mock"
    guilty = [str(place) for place in PLACES if f"unittest.{mock}" in (ROOT / place).read_text(encoding="utf-8")]
    assert guilty == []
