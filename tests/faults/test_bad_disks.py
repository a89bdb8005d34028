"""Row Z6 of the fault matrix: a disk that forgets, tears or is full, under a table, a mailbox and a builder."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.workplace import Workplace
from chalicelib.adapters.maildir_mailer import MaildirMailer
from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain.errors import MailRefused, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.reasons import Reason
from chalicelib.operations.accept_restore import accept_restore
from chalicelib.operations.advance import advance
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.marker import doubt
from chalicelib.operations.ports import Letter
from tests.faults.full_disk import full_disk
from tests.simulation.deployed import deployed, with_an_operator
from tests.simulation.emulated import EmulatedWorld, Provider
from tests.unit.api.world import OPERATOR, public_key
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting

WISH = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 1}


def test_z06_a_box_that_lost_its_last_writes_leaks_nothing(tmp_path: Path, provider: Provider) -> None:
    """Power fails, and the file is as it was before the create was recorded: the server is found by its name (Z6)."""
    stack, path = _on_file(provider, tmp_path)
    row = stack.with_builder()
    saved = tmp_path / "saved"

    def save() -> None:
        _copied(path, saved)

    servers: Any = Between(stack.services.servers, "create", save)
    with meeting(stack, servers=servers):
        advance(stack.services, row.id)
    assert stack.row(row.id).status is Status.INSTALLING
    _close(stack)
    _copied(saved / path.name, path.parent)
    _open(stack, path)
    assert stack.row(row.id).machine is None
    stack.clock.advance(3 * MINUTE)
    stack.settle(row.id, Status.INSTALLING, within=10 * MINUTE)
    assert [server.name for server in stack.mine()] == [row.name]
    _close(stack)


def test_z06_a_torn_write_ahead_log_is_an_earlier_truth_and_heals(tmp_path: Path, provider: Provider) -> None:
    """Killed with half a page in the log: the file opens, and every machine is built or ended as its row says (Z6)."""
    for part in (0.2, 0.5, 0.8, 0.99):
        folder = tmp_path / str(part)
        stack, path = _on_file(provider, folder, name=str(part))
        row = stack.order().instance
        saved = folder / "saved"
        stack.follow_nudges()
        _copied(path, saved)
        log = saved / f"{path.name}-wal"
        log.write_bytes(log.read_bytes()[: int(log.stat().st_size * part)])
        _close(stack)
        shutil.rmtree(path.parent)
        _copied(saved / path.name, path.parent)
        _open(stack, path)
        stack.nudge.take()
        known = stack.services.stack.get()
        if known is None:
            # so early that not even the stack is remembered: whoever has no marker touches nothing
            stack.wait_quietly(MINUTE)
            _close(stack)
            continue
        if stack.stack.frozen is not None or _looks_restored(stack):
            # the log's loss took the epoch with it: nothing moves before somebody has looked and said so
            assert "DELETE" not in {sent.method for sent in provider.sent}
            accept_restore(stack.services, plant_marker=False)
        for _ in range(80):
            stack.wait_quietly(MINUTE)
        left = stack.services.instances.get(row.id)
        servers = [server for server in stack.mine() if server.name == row.name]
        assert len(servers) <= int(left is not None and not left.terminal)
        _close(stack)


def test_z06_a_full_disk_buys_nothing_and_loses_nothing(tmp_path: Path, provider: Provider) -> None:
    """No file can grow: writes are answered 503, a tick asks for nothing, and with room again all goes on (row Z6)."""
    stack, _ = _on_file(provider, tmp_path)
    with_an_operator(stack)
    stack.services = replace(stack.services, mailer=MaildirMailer(tmp_path / "mail"))
    living, ending = stack.running(24), stack.running(1)
    stack.clock.advance(3 * HOUR)
    rows, letters = stack.services.instances.page(ended=True, limit=99, cursor=None), _letters(tmp_path / "mail")
    with deployed(stack, tmp_path) as app:
        provider.sent.clear()
        with full_disk():
            answers = [
                app.call("POST", "/instances", WISH, token=OPERATOR),
                app.call("POST", "/instances", WISH),
                app.call("POST", f"/instances/{living.id}/extend", {"hours": 1}, token=OPERATOR),
                app.call("DELETE", f"/instances/{living.id}", token=OPERATOR),
                app.call("POST", "/reap", {}, token=OPERATOR),
                # SQLite needs room for its index of the log even to read
                app.call("GET", f"/instances/{living.id}", token=OPERATOR),
            ]
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    app.tick()
            stack.nudge.take()
        told = {(answer.status, answer.json["code"]) for answer in answers[:2] + answers[3:]}
        assert told == {(503, "store_unavailable")}
        assert all(len(answer.json["detail"]) > 20 for answer in answers)
        assert {sent.method for sent in provider.sent} <= {"GET"}
        assert stack.services.instances.page(ended=True, limit=99, cursor=None) == rows
        assert _letters(tmp_path / "mail") == letters
        # there is room again, and nobody did anything about it
        made = app.call("POST", "/instances", WISH, token=OPERATOR)
        assert made.status == 202
        for _ in range(3):
            stack.clock.advance(MINUTE)
            app.tick()
            app.follow_nudges()
    assert stack.row(ending.id).status is Status.DELETED
    assert stack.row(living.id).status is Status.RUNNING
    assert {server.name for server in stack.mine()} == {living.name, made.json["name"]}
    assert len(_letters(tmp_path / "mail")) == len(letters) + 1
    _close(stack)


def test_z06_a_mailbox_without_room_takes_no_half_of_a_letter(tmp_path: Path) -> None:
    """The letter is refused, which counts as no attempt, and nothing of it lies there; with room it arrives (Z6)."""
    mailer = MaildirMailer(tmp_path / "mail")
    letter = Letter(
        sender="box@example.org",
        to="guest@example.com",
        message_id="<a.ready@example.org>",
        message=b"Subject: ready\n\nIt runs.\n",
    )
    mailer.send(letter)
    with full_disk(), pytest.raises(MailRefused):
        mailer.send(letter)
    assert len(_letters(tmp_path / "mail")) == 1
    mailer.send(letter)
    assert [path.read_bytes() for path in _letters(tmp_path / "mail")] == [letter.message] * 2


def test_z06_a_builders_workplace_without_room_leaves_nothing_of_its_secrets(
    tmp_path: Path, stack: EmulatedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder cannot be filled: the build ends there, and no key stays behind (row Z6)."""
    order = stack.claim(stack.installing().id)
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    with full_disk(), pytest.raises(OSError, match="large"):
        Workplace.make(order)
    assert list(room.iterdir()) == []


def _looks_restored(stack: EmulatedWorld) -> bool:
    """Whether the next look at the marker freezes the stack."""
    stack.clock.advance(2 * MINUTE)
    return doubt(stack.services, stack.clock.now()) == Reason.RESTORED


def _on_file(provider: Provider, folder: Path, *, name: str = "ids") -> tuple[EmulatedWorld, Path]:
    """A stack whose table is a file."""
    stack = EmulatedWorld(provider, name=name)
    path = folder / "data" / "table.db"
    path.parent.mkdir(parents=True)
    _open(stack, path)
    found_stack(stack.services)
    stack.tick()
    return stack, path


def _open(stack: EmulatedWorld, path: Path) -> None:
    stack.table = SqliteTable(path, clock=stack.clock)  # type: ignore[assignment]  # a table like any other
    servers: Any = stack.services.servers
    services = replace(stack._services(), identities=stack.identities)
    stack.services = replace(services, servers=stack.hetzner(services.instances))
    assert servers is not None


def _letters(folder: Path) -> list[Path]:
    """Every file in a maildir, also what was only begun."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _close(stack: EmulatedWorld) -> None:
    table: Any = stack.table
    table.close()


def _copied(database: Path, folder: Path) -> None:
    """The files of a database as they are on the disk in this moment."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in database.parent.glob(f"{database.name}*"):
        shutil.copy(path, folder / path.name)
