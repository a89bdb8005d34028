"""The letters: what they say, that their links stand alone, and that one notice is one Message-ID."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.instance import EndReason, Failure, Instance, Status
from chalicelib.domain.notice import Kind, Notice
from chalicelib.domain.ssh_access import known_hosts_line, ssh_command
from chalicelib.web.letters import PlainLetters
from chalicelib.web.ssh_access import ssh_access
from tests.fakes.clock import START
from tests.fakes.services import fake_services
from tests.unit.api.world import ID, running

URL = "https://ccc.example.org/api"
TOKEN = "ccc_manage_" + "t" * 43
END = START + timedelta(minutes=115)
LINK = f"{URL}/i/{ID}#{TOKEN}"


def letters(port: int = 22) -> PlainLetters:
    """The renderer."""
    return PlainLetters(public_url=URL, ssh_port=port, domain="ccc.example.org")


@pytest.fixture
def machine() -> Instance:
    """A running machine."""
    return running(fake_services())


def notice(kind: Kind, *, before: timedelta = timedelta(0)) -> Notice:
    """A notice that is due so long before the end."""
    return Notice(kind=kind, key=f"{kind}-1", due_at=END - before, about=END)


def test_ready_begins_with_the_command(machine: Instance) -> None:
    """The first line of `ready` is what the guest came for; fingerprint, key line and end follow."""
    letter = letters().render(machine, notice(Kind.READY), TOKEN)
    lines = letter.text.splitlines()
    way = ssh_access(machine, 22)
    assert way is not None
    assert lines[0] == "ssh claude@192.0.2.10"
    assert way.fingerprint in letter.text
    assert f"192.0.2.10 {machine.host_key}" in lines
    assert "Host cc-0123456789ab" in lines
    assert "Monday, 23 November 2026, 11:55 UTC" in letter.text
    assert "2026-11-23T11:55:00Z" in letter.text
    assert "1 hour and 51 minutes" in letter.text


def test_another_port_is_in_every_line(machine: Instance) -> None:
    """Where machines answer on another port, command, key line and configuration name it."""
    lines = letters(2222).render(machine, notice(Kind.READY), TOKEN).text.splitlines()
    assert lines[0] == "ssh -p 2222 claude@192.0.2.10"
    assert f"[192.0.2.10]:2222 {machine.host_key}" in lines
    assert "    Port 2222" in lines


@pytest.mark.parametrize("kind", [Kind.READY, Kind.ENDING, Kind.EXTENDED, Kind.FAILED])
def test_the_manage_link_stands_alone(machine: Instance, kind: Kind) -> None:
    """Letters that act carry the link on a line of its own, with the commands that do the same."""
    lines = letters().render(_fit(machine, kind), notice(kind), TOKEN).text.splitlines()
    assert LINK in lines
    assert f"    ccc status {ID}" in lines
    assert f"    curl -H 'Authorization: Bearer {TOKEN}' {URL}/instances/{ID}" in lines


def test_the_farewell_carries_no_token(machine: Instance) -> None:
    """When the machine is gone its token opens nothing, so it is not sent again."""
    letter = letters().render(_fit(machine, Kind.ENDED), notice(Kind.ENDED), TOKEN)
    assert TOKEN not in letter.text
    assert "Its time was over." in letter.text


def test_a_warning_says_how_long(machine: Instance) -> None:
    """The warnings name the time that is left, in the subject too."""
    hour = letters().render(machine, notice(Kind.ENDING, before=timedelta(minutes=60)), TOKEN)
    minutes = letters().render(machine, notice(Kind.ENDING, before=timedelta(minutes=10)), TOKEN)
    assert hour.subject == "Your machine cc-0123456789ab ends in 1 hour"
    assert minutes.subject == "Your machine cc-0123456789ab ends in 10 minutes"


def test_a_failure_is_explained(machine: Instance) -> None:
    """The letter about a failure has the cause and what to do next."""
    text = letters().render(_fit(machine, Kind.FAILED), notice(Kind.FAILED), TOKEN).text
    assert "Nothing is in stock." in text
    assert "Try another type." in text


@pytest.mark.parametrize("kind", [Kind.READY, Kind.ENDING, Kind.EXTENDED, Kind.ENDED, Kind.FAILED])
def test_a_letter_can_be_sent_as_it_is(machine: Instance, kind: Kind) -> None:
    """Address, one-line subject, stable Message-ID, ASCII text without leftovers of a template or trailing blanks."""
    machine = _fit(machine, kind)
    letter, again = (letters().render(machine, notice(kind), TOKEN) for _ in range(2))
    assert letter == again
    assert letter.to == "guest@example.com"
    assert letter.message_id == f"<{ID}.{kind}-1@ccc.example.org>"
    assert letter.subject.isprintable()
    assert letter.text.isascii()
    assert not [mark for mark in ("{{", "{%", "None", " \n", "\n\n\n") if mark in letter.text]
    assert letter.text.endswith("\n")


def test_a_failed_instance_needs_no_machine(machine: Instance) -> None:
    """An instance that never had a machine can be told about."""
    bare = replace(_fit(machine, Kind.FAILED), machine=None, host_key=None, running_at=None, expires_at=None)
    letter = letters().render(bare, replace(notice(Kind.FAILED), about=None), TOKEN)
    assert "could not be made" in letter.text


def test_nothing_a_guest_typed_is_in_a_letter(machine: Instance) -> None:
    """Neither the guest's key nor the address is repeated in the text."""
    text = letters().render(machine, notice(Kind.READY), TOKEN).text
    assert machine.ssh_public_key not in text
    assert machine.email not in text


@pytest.mark.parametrize("port", [22, 2222])
def test_letters_and_api_tell_the_same(machine: Instance, port: int) -> None:
    """The lines of a letter are those of the instance object, byte for byte."""
    way = ssh_access(machine, port)
    assert machine.machine is not None
    assert machine.host_key is not None
    assert way is not None
    assert way.command == ssh_command(machine.machine.ip, port)
    assert way.known_hosts == known_hosts_line(machine.machine.ip, port, machine.host_key)


def _fit(machine: Instance, kind: Kind) -> Instance:
    """The machine in the status in which such a letter is owed."""
    match kind:
        case Kind.ENDED:
            return replace(machine, status=Status.DELETED, end_reason=EndReason.EXPIRED, ended_at=END)
        case Kind.FAILED:
            failure = Failure(code="stock", message="Nothing is in stock.", hint="Try another type.")
            return replace(machine, status=Status.FAILED, end_reason=EndReason.FAILED, failure=failure)
        case _:
            return machine
