"""How values become documents and come back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import UnknownSchema
from chalicelib.storage.codec import from_document, to_document


class Colour(StrEnum):
    """An enum."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A nested value."""

    size: Decimal
    colour: Colour | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A value with a field of every kind."""

    name: str
    count: int
    made: bool
    at: datetime
    price: Decimal
    colour: Colour
    part: Part
    spare: Part | None = None
    parts: tuple[Part, ...] = ()
    colours: frozenset[Colour] = frozenset()
    until: datetime | None = None
    words: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """A value with a field for which there is no way."""

    what: object


MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PART = Part(size=Decimal("1.50"), colour=None)
THING = Thing(
    name="é", count=-1, made=True, at=MOMENT, price=Decimal("0.10"), colour=Colour.RED, part=PART, parts=(PART,)
)

decimals = st.decimals(allow_nan=False, allow_infinity=False)
parts = st.builds(Part, size=decimals, colour=st.none() | st.sampled_from(Colour))
moments = st.datetimes(timezones=st.just(UTC))
things = st.builds(
    Thing,
    name=st.text(),
    count=st.integers(),
    made=st.booleans(),
    at=moments,
    price=decimals,
    colour=st.sampled_from(Colour),
    part=parts,
    spare=st.none() | parts,
    parts=st.lists(parts, max_size=3).map(tuple),
    colours=st.frozensets(st.sampled_from(Colour)),
    until=st.none() | moments,
    words=st.lists(st.text(), max_size=3).map(tuple),
)


@given(things)
def test_every_value_survives_its_document(thing: Thing) -> None:
    """A value is the same after its way through JSON text."""
    assert from_document(Thing, json.loads(json.dumps(to_document(thing)))) == thing


def test_a_document_is_readable() -> None:
    """Times are RFC 3339 in UTC, money is text with its zeros, enums are their values, sets are sorted."""
    there = MOMENT.astimezone(timezone(timedelta(hours=2)))
    document = to_document(Thing(**{**_fields(THING), "at": there, "colours": frozenset(Colour)}))
    assert document == {
        "name": "é",
        "count": -1,
        "made": True,
        "at": "2026-11-23T10:00:00Z",
        "price": "0.10",
        "colour": "red",
        "part": {"size": "1.50", "colour": None},
        "spare": None,
        "parts": [{"size": "1.50", "colour": None}],
        "colours": ["blue", "red"],
        "until": None,
        "words": [],
    }


def test_fields_that_are_kept_elsewhere_are_left_out_and_given_back() -> None:
    """Named fields are not in the document, and come from the caller when it is read."""
    document = to_document(THING, without={"count"})
    assert "count" not in document
    assert from_document(Thing, document, count=5).count == 5
    assert from_document(Thing, {**document, "count": "odd"}, count=5).count == 5


def test_missing_fields_take_their_default_and_unknown_ones_are_passed_over() -> None:
    """So neighbouring releases can read each other's documents."""
    document = {**to_document(THING), "later": [1]}
    del document["parts"], document["spare"]
    assert from_document(Thing, document) == Thing(**{**_fields(THING), "parts": ()})


@pytest.mark.parametrize(
    "change",
    [
        {"name": 1},
        {"count": "1"},
        {"count": True},
        {"count": 1.0},
        {"made": 1},
        {"at": "2026-11-23"},
        {"at": "2026-11-23T10:00:00"},
        {"at": 5},
        {"price": 1},
        {"price": "Infinity"},
        {"price": "much"},
        {"colour": "green"},
        {"colour": None},
        {"part": None},
        {"part": []},
        {"part": {"size": "1"}},
        {"spare": "x"},
        {"parts": "xy"},
        {"parts": {}},
        {"colours": ["green"]},
        {"words": [None]},
    ],
    ids=str,
)
def test_what_does_not_fit_is_of_an_unknown_schema(change: dict[str, Any]) -> None:
    """A misfit in any field is UnknownSchema and no other error."""
    with pytest.raises(UnknownSchema):
        from_document(Thing, {**to_document(THING), **change})


@pytest.mark.parametrize("missing", ["name", "at", "part"])
def test_a_required_field_that_is_missing_is_an_unknown_schema(missing: str) -> None:
    """There is no default to fall back on."""
    document = to_document(THING)
    del document[missing]
    with pytest.raises(UnknownSchema):
        from_document(Thing, document)


def test_what_has_no_form_is_a_mistake_in_the_program() -> None:
    """A field of another type, and a time without a zone, are refused when written."""
    with pytest.raises(TypeError):
        to_document(Strange(what=1.5))
    with pytest.raises(TypeError):
        to_document(Thing(**{**_fields(THING), "at": MOMENT.replace(tzinfo=None)}))


def _fields(thing: Thing) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in Thing.__slots__}
