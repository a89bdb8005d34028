"""Off a terminal: no verb asks, whatever it does."""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import pytest

from ccc.cli import VERBS
from tests.unit.ccc.command_line import fresh_public_key
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import SIGNED_UP, GuestService
from tests.unit.ccc.service import FAILED, RUNNING, instance

ID, BROKEN = "0123456789ab", "ffffffffffff"

# A line for every verb that does its work to the end.
TYPED = {
    "provision": ["guest@example.org", "KEY", "--no-wait"],
    "confirm": [SIGNED_UP, "PROOF"],
    "status": [ID],
    "list": [],
    "open": [ID, "--token", "MANAGE"],
    "extend": [ID, "1"],
    "deprovision": [ID, "--no-wait"],
    "types": [],
    "ssh": [ID, "--output", "json"],
    "ssh-config": [ID],
    "wait": [ID],
    "logs": [ID],
    "retry": [BROKEN, "--no-wait"],
    "rotate-token": [ID],
    "reap": ["--confirm", "3"],
    "state": [],
    "audit": [ID],
    "why": [ID],
    "pause": [],
    "resume": [],
    "admit": ["guest@example.org"],
    "accept-restore": ["--plant-marker"],
    "doctor": [],
    "context": ["list"],
    "completion": ["bash"],
}


class Unread(io.StringIO):
    """A stdin that is no terminal and must not be read."""

    def read(self, size: int | None = -1, /) -> NoReturn:
        """Fail the test."""
        raise AssertionError(f"{size} characters of stdin were asked for")

    def readline(self, size: int = -1, /) -> NoReturn:  # type: ignore[override]  # it never returns
        """Fail the test."""
        self.read(size)


@pytest.mark.parametrize("verb", VERBS)
def test_line_140_no_terminal_no_prompt(
    ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Without a terminal each verb comes to its end and never looks at stdin, also where something is destroyed."""
    proof = service.signed_up()
    manage = service.add_owned(instance(ID, **RUNNING))
    service.add(instance(BROKEN, **FAILED))
    service.runs["run-1"] = {"id": "run-1", "state": "done"}
    monkeypatch.setattr(sys, "stdin", Unread())
    said = {"KEY": fresh_public_key(), "PROOF": proof, "MANAGE": manage}
    done = ccc(verb, *[said.get(word, word) for word in TYPED[verb]])
    assert done.code == 0
    assert done.out
    assert "[y/N]" not in done.out + done.err
