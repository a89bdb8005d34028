"""What a guest typed stays in their own row and their own mails, and leaves them a month after the end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest, until
from tests.stack.rows import let_ttl_pass, of_guests, rows, whole_file
from tests.stack.visitor import Visitor


def _canary(what: str) -> str:
    """A word that stands nowhere else."""
    return f"canary{what}{os.urandom(6).hex()}"


def test_canaries_are_heard_nowhere_else(box: Box, guest_key: GuestKey) -> None:
    """Local part, key comment, user agent and idempotency key are in no log, at no provider, in no foreign row."""
    birds = {what: _canary(what) for what in ("local", "comment", "agent", "key")}
    algorithm, blob = guest_key.public.split()[:2]
    guests = [
        Guest(
            box=box,
            address=f"{birds['local']}{number}@example.com",
            public_key=f"{algorithm} {blob} {birds['comment']}",
            visitor=Visitor(box=box),
            idempotency_key=f"{birds['key']}{number}",
        )
        for number in range(2)
    ]
    for guest in guests:
        assert guest.sign_up(User_Agent=birds["agent"]).status == 202
    instance_id, token = guests[0].follow()
    box.until(instance_id, "running")
    assert box.call("GET", f"/instances/{instance_id}")[1]["email"] == guests[0].address
    guests[1].letter("confirm")
    _silent_while_it_lives(box, birds, instance_id)
    guests[0].end(instance_id, token)
    guests[0].letter("ended")
    box.advance_clock("25h")
    box.advance_clock("31d")
    let_ttl_pass(box)
    until(lambda: not [key for key in of_guests(box) if key.startswith("instance#")], "the tombstones are purged")
    assert box.stop() == 0
    table = whole_file(box)
    assert "catalogue" in table
    _silent(birds.values(), "the table", table)
    _silent(birds.values(), "the logs", _logs(box))
    for place, text in _kept(box):
        _silent(birds.values(), place, text)


def _silent_while_it_lives(box: Box, birds: dict[str, str], instance_id: str) -> None:
    heard = birds.values()
    assert birds["local"] in str(rows(box))
    _silent(heard, "the logs", _logs(box))
    _silent(heard, "the provider's list", str(box.provider("GET", "/servers")))
    _silent(heard, "the provider's keys", str(box.provider("GET", "/ssh_keys")))
    _silent([birds["comment"], birds["agent"], birds["key"]], "all rows", str(rows(box)))
    mine = {key: row for key, row in rows(box).items() if birds["local"] not in str(row)}
    _silent(heard, "foreign rows", str(mine))
    owned = [key for key in rows(box) if key.startswith("instance#")]
    assert f"instance#{instance_id}" in owned
    assert len(owned) == 2


def _logs(box: Box) -> str:
    """What the box printed and kept as logs."""
    return "\n".join([*box.lines, *(file.read_text("utf-8", "replace") for file in _files(box.home / "log"))])


def _kept(box: Box) -> Iterator[tuple[str, str]]:
    """Everything else in the folder of the box but its mails, which stand for the guest's own mailbox."""
    for file in _files(box.home):
        place = file.relative_to(box.home)
        if place.parts[0] not in {"mail", "emulator"} and file.suffix not in {".db", ".db-wal", ".db-shm"}:
            yield str(place), file.read_bytes().decode("latin-1")


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _silent(birds: Iterable[str], place: str, text: str) -> None:
    """None of them is heard there."""
    assert [bird for bird in birds if bird in text] == [], place
