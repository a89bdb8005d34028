"""Somebody who has a machine signs up once more under another spelling: nobody learns it, and nothing is bought."""

from __future__ import annotations

import pytest

from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest, kind_of, until
from tests.stack.rows import counters, of_guests
from tests.stack.visitor import Answer, Visitor

DIFFERENT = frozenset({"date", "x-request-id", "location", "etag"})
"""Headers that name one answer or one instance."""

SPELLINGS = (
    ("given.name@gmail.com", "given.name+second@gmail.com", "gi.ven.na.me@gmail.com"),
    ("someone@example.org", "someone+work@example.org", "Someone+Play@Example.org"),
)


def _guest(box: Box, address: str, key: GuestKey) -> Guest:
    return Guest(box=box, address=address, public_key=key.public, visitor=Visitor(box=box))


def _shape(answer: Answer) -> tuple[object, ...]:
    """All that tells two answers apart but for ids and the moment."""
    headers = {name: value for name, value in answer.headers.items() if name not in DIFFERENT | {"content-length"}}
    names = {name: type(value) for name, value in answer.json.items()}
    told = {name: answer.json[name] for name in ("status", "stage", "stages", "ip", "extension", "failure")}
    return answer.status, headers, frozenset(answer.headers), names, told


@pytest.mark.parametrize("spellings", SPELLINGS, ids=["dots", "tags"])
def test_another_spelling_of_an_owner(box: Box, guest_key: GuestKey, spellings: tuple[str, str, str]) -> None:
    """The caller is answered like anybody; the owner gets one mail a day that says so; nothing is bought."""
    first, second, third = (_guest(box, address, guest_key) for address in spellings)
    unknown = _guest(box, f"unknown-{spellings[0]}", guest_key)
    assert first.sign_up().status == 202
    made = first.follow()
    box.until(made[0], "installing", "running")
    usual = _shape(unknown.sign_up())
    assert _shape(second.sign_up()) == usual
    assert "as many machines as one address may have" in second.letter("exists").text
    assert _shape(third.sign_up()) == usual
    unknown.letter("confirm")
    _is_settled(box)
    assert [kind_of(letter) for letter in (*second.letters(), *third.letters())] == ["exists"]
    assert [server["name"] for server in box.servers()] == [f"cc-{made[0]}"]
    assert counters(box)["live"] == 1
    first.end(*made)


def _is_settled(box: Box) -> None:
    """Nothing is owed at this moment: every wish waits for its owner alone."""
    until(lambda: all('"state": "owed"' not in str(row[-1]) for row in _wishes(box)), "mails are still owed")


def _wishes(box: Box) -> list[tuple[object, ...]]:
    return [row for row in of_guests(box).values() if row[5] == "unconfirmed"]
