"""Names and labels: made for the provider's rules, and known again only when all of them are ours."""

from __future__ import annotations

import re

import pytest

from chalicelib.domain.labels import (
    INSTANCE_ID,
    is_ours,
    marker_labels,
    marker_name,
    selector,
    server_labels,
    server_name,
)
from tests.unit.domain.samples import TEN

STACK = "6f1c8ab0-0000-4000-8000-000000000001"
ID = "0123456789ab"
OURS = server_labels(stack=STACK, instance_id=ID)


def test_every_label_obeys_the_providers_rule() -> None:
    """Every value that is ever written fits Hetzner's pattern for label values."""
    written = server_labels(stack=STACK, instance_id=ID, expires_at=TEN) | marker_labels(stack=STACK, epoch=7)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{0,63}", value) for value in written.values())


def test_the_label_of_the_end_is_seconds() -> None:
    """The advisory end is an epoch number, and absent when no end is known."""
    assert server_labels(stack=STACK, instance_id=ID, expires_at=TEN)["ccc-expires"] == str(int(TEN.timestamp()))
    assert "ccc-expires" not in OURS


def test_ours_is_known_again() -> None:
    """Name and labels as they were made are ours, whatever else was added."""
    assert is_ours({**OURS, "note": "x", "ccc-expires": "1"}, name=server_name(ID), stack=STACK, instance_id=ID)


@pytest.mark.parametrize("key", sorted(OURS))
def test_every_label_counts(key: str) -> None:
    """One label that is missing or different makes it a stranger's."""
    missing = {other: value for other, value in OURS.items() if other != key}
    for shown in (missing, {**OURS, key: "other"}):
        assert not is_ours(shown, name=server_name(ID), stack=STACK, instance_id=ID)


def test_the_name_counts() -> None:
    """All labels under another name are a stranger's."""
    assert not is_ours(OURS, name="cc-ffffffffffff", stack=STACK, instance_id=ID)


def test_the_selector_asks_for_one_stack() -> None:
    """The list of servers is of this stack alone."""
    assert selector(STACK) == f"managed-by=ccc,ccc-stack={STACK}"


def test_the_marker_says_whose_it_is_and_how_far_it_has_counted() -> None:
    """The marker's name carries the uuid, its labels the uuid and the epoch."""
    assert marker_name(STACK) == f"ccc-stack-{STACK}"
    assert marker_labels(stack=STACK, epoch=7) == {"managed-by": "ccc", "ccc-stack": STACK, "ccc-epoch": "7"}


@pytest.mark.parametrize("text", ["", "0123456789a", "0123456789abc", "0123456789AB", "0123456789ag", "0123456789ab\n"])
def test_an_id_is_twelve_lower_case_hex_digits(text: str) -> None:
    """Nothing else reaches the table as an id."""
    assert INSTANCE_ID.fullmatch(ID)
    assert not INSTANCE_ID.fullmatch(text)
