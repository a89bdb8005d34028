"""SIGKILL around the sending of every mail of a guest's life. One stack walks through it for each place.

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
from tests.stack.life import STILL, deaths
from tests.stack.mail_life import MAILS, UNKNOWN_FOR, come, life, move
from tests.stack.visitor import Visitor

CLAIMED = "Letters.render:{0}>Instances.write:1"
SENT = "Mailer.send:{0}"
RECORDED = "Mailer.send:{0}>Instances.write:1"
COPIES = {CLAIMED: 1, SENT: 2, RECORDED: 1}
"""How many copies of a mail there are in the end: the second attempt follows whenever the outcome is unknown."""

NOT_BY_ITSELF = 3600
"""Seconds: one box's clock is not moved for it. In the cloud it is: who dies there leaves a lease that must end."""


def _failpoints(place: str) -> str:
    """One for each mail; in every life but the first the second attempt of the mail before comes first."""
    later = 1 if place is RECORDED else 2
    return ",".join(place.format(1 if number == 0 else later) for number in range(len(MAILS)))


@pytest.mark.parametrize("place", COPIES, ids=["claimed", "sent", "recorded"])
def test_whoever_sends_is_killed_around_every_mail(tmp_path: Path, guest_key: GuestKey, place: str) -> None:
    """Wherever it dies, every mail of a life comes: once where nothing had left or all was recorded, else twice."""
    with running(tmp_path / "var", ONEBOX_KILL_AFTER=_failpoints(place)) as box:
        guest = _guest(box, guest_key, "killed@example.com")
        for number, act in enumerate(life(guest), start=1):
            act()
            _dies(box, number)
            come(guest, number, COPIES[place], patience=_patience(box) if place is RECORDED else 0)
        assert deaths(box) == len(MAILS)
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
        until(lambda: "mail.unconfirmed" in _logged(box), "no alarm was raised")
        move(box, 3600)
        again = _guest(box, guest_key, "unknown@example.com")
        assert again.sign_up().status == 202
        until(lambda: len(guest.letters("confirm")) == copies + 1, f"{copies} and the new one: {box.mails()}")
        assert deaths(box) == 2


def _patience(box: Box) -> float:
    return STILL if box.stack == "aws" else NOT_BY_ITSELF


def _logged(box: Box) -> str:
    """What the processes of the stack have logged."""
    return "".join(file.read_text() for file in (box.home / "log").iterdir())


def _guest(box: Box, key: GuestKey, address: str) -> Guest:
    return Guest(box=box, address=address, public_key=key.public, visitor=Visitor(box=box))


def _dies(box: Box, times: int) -> None:
    """So many deaths there were, and no more; whoever died is there again for the next request."""
    until(lambda: deaths(box) >= times, f"it did not die {times} times: {box.lines[-20:]}")
    assert deaths(box) == times
