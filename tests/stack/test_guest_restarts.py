"""SIGKILL of everything between two steps of a guest's life: the next start sends what is owed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest
from tests.stack.mail_life import MAILS, come, life
from tests.stack.visitor import Visitor


def test_everything_is_killed_between_the_steps(tmp_path: Path, guest_key: GuestKey) -> None:
    """After SIGKILL of the whole stack right behind each step of a life the next start sends what is owed."""
    box = Box(tmp_path / "var")
    box.start()
    try:
        guest = Guest(box=box, address="restarted@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
        for number, act in enumerate(life(guest), start=1):
            act()
            box.kill()
            box.start()
            come(guest, number, 1, patience=8 if MAILS[number - 1] == "ready" else 1.5)
        copies = Counter(letter.headers["message-id"] for letter in guest.letters())
        assert set(copies.values()) <= {1, 2}
        assert box.servers() == []
    finally:
        if box.running:
            box.stop()
