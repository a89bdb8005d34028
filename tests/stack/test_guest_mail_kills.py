"""SIGKILL around the sending of every mail of a guest's life. One box walks through it for each place.

Three places for each mail: its attempt is claimed and nothing has left; it has left and nobody knows; that it left is
recorded. No notice is lost, and none comes more than twice (rule R19).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.stack.box import Box, running
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest, until
from tests.stack.life import starts
from tests.stack.mail_life import MAILS, UNKNOWN_FOR, come, life, move
from tests.stack.visitor import Visitor

CLAIMED = "Letters.render:{0}>Instances.write:1"
SENT = "Mailer.send:{0}"
RECORDED = "Mailer.send:{0}>Instances.write:1"
COPIES = {CLAIMED: 1, SENT: 2, RECORDED: 1}
"""How many copies of a mail there are in the end: the second attempt follows whenever the outcome is unknown."""

NOT_BY_ITSELF = 3600
"""Seconds: the clock is not moved for it."""


def _failpoints(place: str) -> str:
    """One for each mail; in every life but the first the second attempt of the mail before comes first."""
    later = 1 if place is RECORDED else 2
    return ",".join(place.format(1 if number == 0 else later) for number in range(len(MAILS)))


@pytest.mark.parametrize("place", COPIES, ids=["claimed", "sent", "recorded"])
def test_the_gateway_is_killed_around_every_mail(tmp_path: Path, guest_key: GuestKey, place: str) -> None:
    """Wherever it dies, every mail of a life comes: once where nothing had left or all was recorded, else twice."""
    with running(tmp_path / "var", ONEBOX_KILL_AFTER=_failpoints(place)) as box:
        guest = _guest(box, guest_key, "killed@example.com")
        for number, act in enumerate(life(guest), start=1):
            act()
            _dies(box, number)
            come(guest, number, COPIES[place], patience=NOT_BY_ITSELF if place is RECORDED else 0)
        assert starts(box, "gateway") == len(MAILS) + 1
        copies = Counter(letter.headers["message-id"] for letter in guest.letters())
        assert list(copies.values()) == [COPIES[place]] * len(MAILS)
        assert box.servers() == []


@pytest.mark.parametrize(("place", "copies"), [(CLAIMED, 0), (SENT, 2)], ids=["claimed", "sent"])
def test_both_attempts_are_killed(tmp_path: Path, guest_key: GuestKey, place: str, copies: int) -> None:
    """When nobody knows of either attempt there is no third: an alarm is raised, and another signup is served."""
    with running(tmp_path / "var", ONEBOX_KILL_AFTER=",".join([place.format(1)] * 2)) as box:
        guest = _guest(box, guest_key, "unknown@example.com")
        assert guest.sign_up().status == 202
        _dies(box, 1)
        move(box, UNKNOWN_FOR)
        _dies(box, 2)
        move(box, UNKNOWN_FOR)
        until(lambda: "mail.unconfirmed" in (box.home / "log" / "gateway.log").read_text(), "no alarm was raised")
        move(box, 3600)
        again = _guest(box, guest_key, "unknown@example.com")
        assert again.sign_up().status == 202
        until(lambda: len(guest.letters("confirm")) == copies + 1, f"{copies} and the new one: {box.mails()}")
        assert starts(box, "gateway") == 3


def _guest(box: Box, key: GuestKey, address: str) -> Guest:
    return Guest(box=box, address=address, public_key=key.public, visitor=Visitor(box=box))


def _dies(box: Box, times: int) -> None:
    """The gateway has died so often, and answers again."""
    killed = "gateway was ended by SIGKILL"
    until(
        lambda: len([line for line in box.lines if killed in line]) >= times,
        f"it did not die {times} times: {box.lines[-20:]}",
    )
    assert starts(box, "gateway") == times + 1
