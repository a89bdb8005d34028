"""A guest's life as the mails it brings about, one after another, on a box that may die in any of its steps."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException

from tests.stack.box import Box
from tests.stack.guest import Guest, notice_of

MAILS = ("confirm", "ready", "extended", "ending", "ending", "ended")
"""The warnings are those of an hour and of ten minutes before the end."""

UNKNOWN_FOR = 301
"""Seconds after which a mail whose outcome nobody knows is sent once more."""


def life(guest: Guest) -> tuple[Callable[[], None], ...]:
    """What brings each of the mails about; whoever asks may get no answer."""
    box, key = guest.box, os.urandom(8).hex()
    ids: list[str] = []

    def sign_up() -> None:
        assert guest.sign_up().status == 202

    def follow() -> None:
        ids.append(guest.follow()[0])

    def extend() -> None:
        path = f"/instances/{ids[0]}/extend"
        assert box.patient(lambda: box.call("POST", path, {"hours": 1}, Idempotency_Key=key))[0] == 200

    def pass_to(seconds_before: int) -> Callable[[], None]:
        def pass_on() -> None:
            move(box, int(box.show(ids[0])["seconds_left"]) - seconds_before + 2)

        return pass_on

    return sign_up, follow, extend, pass_to(3600), pass_to(600), pass_to(0)


def move(box: Box, seconds: int) -> None:
    """Move the clock; what becomes due by it may cost the gateway's life before it answers, but then it has moved."""
    try:
        status, answer = box.call("POST", "/onebox/clock", {"advance": f"{seconds}s"})
    except (OSError, HTTPException):
        return
    assert status == 200, answer


def come(guest: Guest, number: int, copies: int, *, patience: float) -> None:
    """There are so many copies of each of the first `number` mails; what is unknown is tried again after five minutes.

    Time passes when nothing has come for `patience` seconds.
    """
    moved = time.monotonic() + patience
    end = time.monotonic() + 240
    while not _told(guest, number, copies):
        assert time.monotonic() < end, (guest.box.lines[-20:], [letter.subject for letter in guest.letters()])
        if time.monotonic() > moved:
            moved = end
            move(guest.box, UNKNOWN_FOR)
        time.sleep(0.05)


def _told(guest: Guest, number: int, copies: int) -> bool:
    told = Counter(notice_of(letter) for letter in guest.letters())
    kinds = Counter(key.partition("-")[0] for key in told)
    return kinds == Counter(MAILS[:number]) and all(have >= copies for have in told.values())
