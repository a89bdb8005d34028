"""Which tests hold nothing, told from their text: each way of not failing is one line here."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tests.architecture.held import proves, run_everywhere

PROOF = "assert thing() == 1"


def held(text: str) -> list[str]:
    """The names of the tests in a module's text that hold something."""
    return [test.name for test in run_everywhere(ast.parse(textwrap.dedent(text))) if proves(test)]


def a_test(*lines: str, above: str = "") -> str:
    """A module with one test of these lines, under these decorators."""
    return "\n".join([above, "def test_it():", *(f"    {line}" for line in ('"""A fact."""', *lines))])


@pytest.mark.parametrize(
    "lines",
    [
        (PROOF,),
        ("with pytest.raises(ValueError):", "    thing()"),
        ("for each in things():", f"    {PROOF}"),
        ("if thing():", "    return", PROOF),
        ("try:", f"    {PROOF}", "finally:", "    end()"),
        ("assert all(each for each in things())",),
    ],
)
def test_a_test_that_says_what_must_be_true_holds(lines: tuple[str, ...]) -> None:
    """An assertion or an expected error that the test reaches, however deep."""
    assert held(a_test(*lines)) == ["test_it"]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("pass",),
        ("...",),
        ("thing()",),
        ("assert True",),
        ("assert 1 == 1",),
        ("seen = thing()", "assert seen == seen"),
        ("return", PROOF),
        ('pytest.skip("not now")', PROOF),
        ('pytest.xfail("not yet")', PROOF),
        ("def check():", f"    {PROOF}"),
        ("check = lambda: thing() == 1",),
        ("raises(ValueError)",),
    ],
)
def test_a_test_that_cannot_fail_holds_nothing(lines: tuple[str, ...]) -> None:
    """Empty, a sentence that is always true, proof behind the end or in a function that is only defined."""
    assert held(a_test(*lines)) == []


@pytest.mark.parametrize("mark", ["skip", 'skip(reason="later")', 'skipif(no_nix, reason="no nix")', "xfail"])
def test_a_mark_that_holds_a_test_back(mark: str) -> None:
    """On the test, on its class, in the class's or the module's list of marks: it is not run everywhere."""
    indented = textwrap.indent(a_test(PROOF), "    ")
    assert held(a_test(PROOF, above=f"@pytest.mark.{mark}")) == []
    assert held(f"@pytest.mark.{mark}\nclass TestIt:\n{indented}") == []
    assert held(f"class TestIt:\n    pytestmark = [pytest.mark.{mark}]\n{indented}") == []
    assert held(f"pytestmark = pytest.mark.{mark}\n{a_test(PROOF)}") == []


@pytest.mark.parametrize("mark", ['parametrize("x", [1])', 'usefixtures("place")'])
def test_other_marks_hold_nothing_back(mark: str) -> None:
    """Parameters and fixtures say with what a test runs, not whether."""
    indented = textwrap.indent(a_test(PROOF), "    ")
    assert held(a_test(PROOF, above=f"@pytest.mark.{mark}")) == ["test_it"]
    assert held(f"class TestIt:\n    pytestmark = pytest.mark.{mark}\n{indented}") == ["test_it"]
