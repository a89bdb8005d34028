"""Nothing personal gets out: canaries go in at the signup and are looked for wherever somebody else could read.

A whole life goes through the routes, with ticks, builds and mails: first a wish that is forgotten, then a machine.
"""

from __future__ import annotations

import email.policy
import io
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import log
from chalicelib.adapters.log_alarms import LogAlarms
from chalicelib.domain.errors import AddressRefused, MailRefused, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.ports import ServerOrder
from chalicelib.storage.rows import TOMBSTONE_KEPT
from chalicelib.web.letters import TemplateLetters
from tests.unit.api.world import Api, api_over, public_key
from tests.unit.operations.world import World

SOURCE = "2001:db8:ca9a:7::5"
WHERE_ROWS_ARE = "instance#"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The stream of the log, every level of it; afterwards the log is as it was."""
    ours = logging.getLogger("ccc")
    before = (ours.handlers, ours.level, ours.propagate)
    stream = io.StringIO()
    log.configure(stream)
    ours.setLevel(logging.DEBUG)
    yield stream
    ours.handlers, ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """What a guest gives away, each a word that stands nowhere else."""

    address: str
    blob: str
    comment: str
    key: str

    def all(self) -> tuple[str, ...]:
        """Every form in which somebody could be found out."""
        local = self.address.partition("@")[0]
        return (local, self.address, self.blob, self.comment, self.key, SOURCE, "2001:db8:ca9a")

    def found_in(self, text: str) -> list[str]:
        """Those that are in a text, in whatever case."""
        return [word for word in self.all() if word.lower() in text.lower()]


def canaries() -> Canaries:
    """Words made for this test."""
    return Canaries(
        address=f"canary-{secrets.token_hex(6)}@example.org",
        blob=public_key().split()[1],
        comment=f"comment-{secrets.token_hex(6)}",
        key=f"key-{secrets.token_hex(6)}",
    )


class Life:
    """A service with its real letters, its real log, and one guest."""

    def __init__(self) -> None:
        self.world = World()
        self.words = canaries()
        letters = TemplateLetters(
            find_url=self.world.services.find_url, ssh_port=22, sender="Cloud <cloud@example.net>"
        )
        self.world.services = replace(self.world.services, letters=letters, alarms=LogAlarms())
        self.api: Api = api_over(self.world.services, self.world.table, self.world.clock)

    def sign_up(self, **fields: Any) -> str:
        """Sign up with the canaries; the id."""
        key = f"ssh-ed25519 {self.words.blob} {self.words.comment}"
        body = {"email": self.words.address, "ssh_public_key": key, "hours": 1, **fields}
        headers = {"Idempotency-Key": self.words.key}
        answer = self.api.call("POST", "/instances", body, token=None, headers=headers, source=SOURCE)
        self.world.follow_nudges()
        return str(answer.json.get("id", ""))

    def confirm(self, given: str) -> None:
        """Press the button of the confirmation."""
        token = secrets_of.token(self.world.services, self.world.row(given), Purpose.CONFIRM)
        answer = self.api.call("POST", f"/instances/{given}/confirm", token=token, source=SOURCE)
        assert answer.status == 200
        self.world.follow_nudges()

    def whole(self) -> str:
        """A signup, its repeat, a wrong one, the yes, the machine, a longer life, and the end."""
        given = self.sign_up()
        self.sign_up()
        self.sign_up(hours=2)
        self.sign_up(email="no address")
        self.confirm(given)
        self.world.build(given)
        self.world.follow_nudges()
        row = self.world.row(given)
        assert row.status is Status.RUNNING
        token = self.api.manage_token(row)
        self.api.call("GET", f"/instances/{given}", token=token, source=SOURCE)
        self.api.call("POST", f"/instances/{given}/extend", {"hours": 2}, token=token, headers={"Idempotency-Key": "k"})
        self.world.settle(given, Status.DELETED, within=timedelta(hours=5))
        self.world.wait(timedelta(minutes=5))
        return given


def test_i26_no_line_of_the_log_names_a_guest(lines: io.StringIO) -> None:
    """Through a whole life no line holds address, key, comment, idempotency key or source (invariant 26)."""
    life = Life()
    given = life.whole()
    text = lines.getvalue()
    assert "http.answered" in text
    assert f'"instance.running","logger":"ccc.instances","instance_id":"{given}"' in text
    assert life.words.found_in(text) == []


def test_i26_no_line_about_a_failure_names_a_guest(lines: io.StringIO) -> None:
    """Mailers, tables and renderers that quote what they were given do not bring it into the log."""
    life = Life()
    for error in (MailRefused(life.words.address), AddressRefused(f"<{life.words.address}>: {life.words.blob}")):
        life.world.mailer.fail_next(error)
    given = life.sign_up()
    life.world.wait(timedelta(minutes=5))
    life.world.table.fail_next(StoreUnavailable(life.words.address))
    life.sign_up()
    life.world.keyring.fail_next(ValueError(f"{life.words.address} {life.words.key} {life.words.blob}"))
    life.sign_up()
    text = lines.getvalue()
    assert "http.failed" in text
    assert "mail.undeliverable" in text
    assert given in text
    assert life.words.found_in(text) == []


def test_i26_the_provider_is_told_nothing_of_a_guest() -> None:
    """Name, labels and user_data of every order hold neither address nor the guest's key (invariant 26)."""
    life = Life()
    life.whole()
    orders = [about for method, about in life.world.servers.calls if method == "create"]
    assert len(orders) == 1
    assert all(isinstance(order, ServerOrder) for order in orders)
    assert life.words.found_in(str(life.world.servers.calls)) == []
    assert orders[0].user_data


def test_i26_the_table_names_a_guest_in_the_guests_own_row_alone() -> None:
    """At every step of a life counters, builds, runs and the catalogue hold nothing of it (invariant 26)."""
    life = Life()
    given = life.whole()
    contents = life.world.table.contents()
    assert {key.partition("#")[0] for key in contents} >= {"instance", "build", "rate", "quota", "spend", "catalogue"}
    naming = {key: found for key, text in contents.items() if (found := life.words.found_in(key + text))}
    assert set(naming) == {f"{WHERE_ROWS_ARE}{given}"}
    assert set(naming[f"{WHERE_ROWS_ARE}{given}"]) == {
        life.words.address,
        life.words.address.partition("@")[0],
        life.words.blob,
    }


def test_i26_a_wish_is_nowhere_but_in_its_row() -> None:
    """Before it is confirmed the same holds; comment, idempotency key and source are kept nowhere at all."""
    life = Life()
    given = life.sign_up()
    contents = life.world.table.contents()
    naming = {key for key, text in contents.items() if life.words.found_in(key + text)}
    assert naming == {f"{WHERE_ROWS_ARE}{given}"}
    for word in (life.words.comment, life.words.key, SOURCE):
        assert word not in str(contents)


def test_i29_a_wish_that_is_forgotten_names_nobody() -> None:
    """A day later nothing of it is left but a tombstone without a name (invariant 29)."""
    life = Life()
    given = life.sign_up()
    life.world.wait(timedelta(hours=24))
    assert life.world.row(given).status is Status.DELETED
    assert life.words.found_in(str(life.world.table.contents())) == []


def test_i29_after_the_purge_nothing_of_a_guest_is_left() -> None:
    """When the tombstone's time is over, no item names the guest or the owner; counters follow (invariant 29)."""
    life = Life()
    given = life.whole()
    row = life.world.row(given)
    assert row.ended_at is not None
    life.world.table.purge(int((row.ended_at + TOMBSTONE_KEPT).timestamp()))
    assert life.words.found_in(str(life.world.table.contents())) == []
    longest = timedelta(hours=life.world.services.limits.max_life_hours)
    life.world.table.purge(int((row.ended_at + TOMBSTONE_KEPT + longest).timestamp()))
    assert row.owner not in str(life.world.table.contents())


def test_i26_mails_go_to_the_guest_alone() -> None:
    """Every letter of a life has the one receiver, and no letter holds the guest's key or their idempotency key."""
    life = Life()
    life.whole()
    sent = life.world.mailer.sent
    assert len(sent) >= 5
    assert {letter.to for letter in sent} == {life.words.address}
    for letter in sent:
        text = _read(letter.message)
        assert "Claude Code Cloud" in text or life.world.services.public_url in text
        unsaid = (life.words.key, life.words.comment, life.words.blob, SOURCE)
        assert not [word for word in unsaid if word in text]


def _read(message: bytes) -> str:
    """All that a reader of a letter sees: its headers and its parts, decoded."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    parts = [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
    return str(parsed.items()) + "".join(part.decode() for part in parts if isinstance(part, bytes))
