"""Cursors come back as they went out, and nothing else does."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInput
from chalicelib.storage.cursor import from_cursor, to_cursor

ROWS = "instance#"
KEYS = st.from_regex(r"instance#[a-z0-9]{1,26}", fullmatch=True)


@given(st.integers(0, 2**39), KEYS)
def test_a_cursor_comes_back_as_the_place_it_was_made_of(at: int, key: str) -> None:
    """And it goes into a URL as it is."""
    cursor = to_cursor((at, key))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert from_cursor(cursor, ROWS) == (at, key)


def test_no_cursor_is_the_beginning() -> None:
    """None means the first page."""
    assert from_cursor(None, ROWS) is None


@given(st.text(max_size=600))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    """No text makes another error than InvalidInput."""
    with suppress(InvalidInput):
        assert from_cursor(text, ROWS) is not None


@pytest.mark.parametrize(
    "place",
    [
        [1],
        [1, 2],
        [True, "instance#a"],
        [-1, "instance#a"],
        [2**63, "instance#a"],
        [1.5, "instance#a"],
        ["1", "instance#a"],
        [1, "run#a"],
        [1, "instance#"],
        [1, "instance#a\n"],
        [1, "instance#a", 2],
        {"at": 1},
        None,
        int("9" * 300),
    ],
    ids=lambda place: str(place)[:30],
)
def test_a_place_that_is_none_is_refused(place: object) -> None:
    """A well-formed word with another content is no cursor."""
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    with pytest.raises(InvalidInput):
        from_cursor(cursor, ROWS)


def test_deep_nesting_is_refused() -> None:
    """Brackets upon brackets are no place either."""
    with pytest.raises(InvalidInput):
        from_cursor(base64.urlsafe_b64encode(b"[" * 370).decode(), ROWS)


def test_a_cursor_of_another_list_is_refused() -> None:
    """What leads on in one list leads nowhere in another."""
    cursor = to_cursor((1, "run#20261123T100000-00000001"))
    assert from_cursor(cursor, "run#") == (1, "run#20261123T100000-00000001")
    with pytest.raises(InvalidInput):
        from_cursor(cursor, ROWS)
