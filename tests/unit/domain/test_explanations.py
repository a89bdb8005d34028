"""The words for every cause: complete, whole sentences, and the operator's table says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.domain.build import BUILDERS_CAUSES, Cause
from chalicelib.domain.explanations import EXPLANATIONS, explanation
from tests.architecture.source import ROOT

PAGE = ROOT / "docs/builds.md"
ROW = re.compile(
    r"^\| `(?P<cause>[a-z_]+)` \| (?P<who>[^|]+) \| (?P<message>[^|]+) \| (?P<look>[^|]+) \|$", re.MULTILINE
)
WHO = {"builder", "service"}


def rows() -> dict[str, dict[str, str]]:
    """The rows of the page's table of causes, by their cause."""
    found = [match.groupdict() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    return {row["cause"]: {name: text.strip() for name, text in row.items()} for row in found}


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_sentence_a_hint_and_a_place_to_look(cause: Cause) -> None:
    """A guest is told in full sentences what happened and what to do next, an operator where to look."""
    words = EXPLANATIONS[cause]
    for text in (words.message, words.hint, words.operator_hint):
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert "  " not in text


@pytest.mark.parametrize("cause", list(Cause))
def test_no_sentence_for_a_guest_speaks_of_the_service_inside(cause: Cause) -> None:
    """Settings, alarms, commands and files are the operator's words alone."""
    words = EXPLANATIONS[cause]
    assert not re.search(r"CCC_|`|alarm|\.nix", words.message + words.hint)


@pytest.mark.parametrize("cause", list(Cause))
def test_no_sentence_counts_what_it_cannot_know(cause: Cause) -> None:
    """A cause may be told after one attempt or after three, so no sentence tells how many there were."""
    assert not re.search(r"\b(once|twice|three|times|every builder|busy)\b", EXPLANATIONS[cause].message)


def test_an_unknown_code_has_no_explanation() -> None:
    """A row of another release may carry a cause that this one does not know."""
    assert explanation("disk") is EXPLANATIONS[Cause.DISK]
    assert explanation("moon") is None


def test_the_operators_page_has_every_cause_and_no_other() -> None:
    """The table is the vocabulary, in its order."""
    assert list(rows()) == [cause.value for cause in Cause]


@pytest.mark.parametrize("cause", list(Cause))
def test_the_operators_page_says_what_the_service_says(cause: Cause) -> None:
    """Who says it, the guest's sentence and the operator's hint are those of the code, word for word."""
    row = rows()[cause]
    assert row["who"] in WHO | {"builder, service"}
    assert ("builder" in row["who"]) is (cause in BUILDERS_CAUSES)
    assert (row["message"], row["look"]) == (EXPLANATIONS[cause].message, EXPLANATIONS[cause].operator_hint)


@pytest.mark.parametrize("cause", sorted(set(Cause)))
def test_every_cause_is_said_somewhere(cause: Cause) -> None:
    """A word that nobody ever says is no part of a vocabulary: each is named where a build is made or given up."""
    who = rows()[cause]["who"]
    for place in ("builder", "service"):
        folder = ROOT / ("builder" if place == "builder" else "chalicelib/operations")
        said = [path for path in folder.rglob("*.py") if f"Cause.{cause.name}" in _code(path)]
        assert bool(said) is (place in who), place


def _code(path: Path) -> str:
    return path.read_text(encoding="utf-8")
