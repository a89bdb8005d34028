"""The tree of errors: the drawing at the top of the package is the tree that is there."""

from __future__ import annotations

import re
from collections import Counter

from chalicelib.domain import errors
from chalicelib.domain.errors import CccError, InvalidInput

SHARED_CODES = {"conflict": {"EndMoved", "WriteConflict"}}
"""Codes that mean the same to a program although a person is told other sentences."""


def drawn() -> dict[str, str]:
    """Each class of the drawing with its parent, by the depth of its indent."""
    above: list[str] = []
    parents: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^ {4}((?:[│ ] {3})*)(?:[├└]── )?([A-Z]\w+)", line)
        if found is None:
            continue
        depth = len(found[1]) // 4 + (1 if "── " in line else 0)
        above = [*above[:depth], found[2]]
        if depth:
            parents[found[2]] = above[depth - 1]
    return parents


def tree(root: type[CccError] = CccError) -> list[type[CccError]]:
    """All subclasses that the package defines."""
    below = [each for each in root.__subclasses__() if each.__module__.startswith(f"{errors.__name__}.")]
    return [each for child in below for each in (child, *tree(child))]


def test_the_drawing_is_the_tree() -> None:
    """Every class is drawn below its parent, and nothing is drawn that is not there."""
    assert drawn() == {kind.__name__: kind.__mro__[1].__name__ for kind in tree()}


def test_codes_tell_errors_apart() -> None:
    """Every class has a code of its own but for the pairs that are named here."""
    codes = Counter(kind.__dict__["code"] for kind in tree())
    shared = {
        code: {kind.__name__ for kind in tree() if kind.code == code} for code, count in codes.items() if count > 1
    }
    assert shared == SHARED_CODES
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_an_error_is_its_sentence_and_its_data() -> None:
    """The sentence is what a person reads, the data is what explains it."""
    error = CccError("This went wrong.", left=3)
    assert (str(error), error.message, error.data) == ("This went wrong.", "This went wrong.", {"left": 3})


def test_invalid_input_names_its_fields() -> None:
    """The fields are data, and part of the sentence."""
    error = InvalidInput({"hours": "Give whole hours.", "email": "Give an address."})
    assert str(error) == "hours: Give whole hours.; email: Give an address."
    assert error.data == {"fields": error.fields}
