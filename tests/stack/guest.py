"""A guest of a box who has no browser: signs up, reads their mail, follows what stands in it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.letters import ReadLetter
from tests.stack.box import Box
from tests.stack.visitor import Answer, Visitor

_LINK = re.compile(r"https?://[^\s<>\"']+")
_KEY = re.compile(r"<([0-9a-f]{12})\.([^@]+)@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """`address` is what was typed, `public_key` the line; requests come from the visitor's address."""

    box: Box
    address: str
    public_key: str
    visitor: Visitor
    idempotency_key: str = field(default_factory=lambda: os.urandom(8).hex())

    def sign_up(self, *, hours: int = 1, **headers: str) -> Answer:
        """Ask for a machine, again under the same key while nobody answers."""
        document = {"email": self.address, "ssh_public_key": self.public_key, "hours": hours}
        named = {"Idempotency-Key": self.idempotency_key, **{name.replace("_", "-"): headers[name] for name in headers}}
        return self.visitor.insist("POST", "/instances", document, named)

    def letters(self, kind: str = "") -> list[ReadLetter]:
        """The mails to this address, oldest first: all, or those of one kind."""
        mine = [letter for letter in self.box.letters() if letter.headers["to"].lower() == self.address.lower()]
        return [letter for letter in mine if kind in {"", kind_of(letter)}]

    def letter(self, kind: str) -> ReadLetter:
        """The newest mail of a kind, waited for."""
        until(lambda: self.letters(kind), f"no {kind} for {self.address}: {self.box.mails()}")
        return self.letters(kind)[-1]

    def follow(self) -> tuple[str, str]:
        """Confirm with the link of the mail, as its curl line does; id and manage token."""
        instance_id, token = confirm_link(self.letter("confirm"))
        answer = self.visitor.insist(
            "POST", f"/instances/{instance_id}/confirm", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status in {200, 202}, answer.body
        return instance_id, str(answer.json.get("manage_token", ""))

    def run(self) -> tuple[str, str]:
        """Sign up, confirm, wait until the machine runs; id and manage token."""
        signed = self.sign_up()
        assert signed.status == 202, signed.body
        made = self.follow()
        self.box.until(made[0], "running")
        return made

    def end(self, instance_id: str, token: str) -> None:
        """End the machine, as its owner."""
        headers = {"Authorization": f"Bearer {token}"}
        assert self.visitor.insist("DELETE", f"/instances/{instance_id}", headers=headers).status in {200, 202}
        self.box.until(instance_id, "deleted", "failed")


def until(happened: Callable[[], object], why: str, seconds: float = 150) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, why
        time.sleep(0.05)


def notice_of(letter: ReadLetter) -> str:
    """The key of the notice that a letter tells: `confirm`, `ending-60-1795418100`."""
    found = _KEY.match(letter.headers["message-id"])
    assert found is not None, letter.headers
    return found[2]


def kind_of(letter: ReadLetter) -> str:
    """The kind of a letter: `confirm`, `ready`, `ending`."""
    return notice_of(letter).partition("-")[0]


def links(letter: ReadLetter) -> list[str]:
    """Every address that a letter names, in its plain text and in its HTML form, once each."""
    return list(
        dict.fromkeys(_LINK.findall(letter.text) + [one.replace("&amp;", "&") for one in _LINK.findall(letter.html)])
    )


def bare_link(letter: ReadLetter, path: str) -> str:
    """The one link whose path begins so (below the service's own) and that stands alone on its line."""
    lines = [line for line in letter.text.splitlines() if _LINK.fullmatch(line) and path in urlsplit(line).path]
    assert len(lines) == 1, letter.text
    return lines[0]


def confirm_link(letter: ReadLetter) -> tuple[str, str]:
    """Id and confirm token of the link in a letter."""
    instance_id, token = urlsplit(bare_link(letter, "/confirm/")).path.split("/")[-2:]
    return instance_id, token
