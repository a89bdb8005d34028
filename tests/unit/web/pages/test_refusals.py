"""Which words stand beside an error."""

from __future__ import annotations

import pytest

from chalicelib.web.pages.refusals import LATER, OWN_LIMIT, REFUSALS, WRONG, Refusal, refusal


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("not_found", 404, REFUSALS["not_found"]),
        ("limit", 503, REFUSALS["limit"]),
        ("limit", 409, OWN_LIMIT),
        ("store_unavailable", 503, LATER),
        ("malformed", 400, WRONG),
    ],
)
def test_every_error_has_a_heading_and_a_way_on(code: str, status: int, words: Refusal) -> None:
    """A code with words of its own has them; another has those of its kind of status."""
    assert refusal(code, status) is words


def test_trouble_of_the_service_promises_nothing() -> None:
    """A store that did not answer may have written: only a refusal that is known to be one says nothing was bought."""
    assert "Nothing was bought" not in LATER.advice + REFUSALS["internal"].advice
    assert LATER.again
