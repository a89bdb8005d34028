"""The supervisor's socket: one line in, one line out, whatever the caller does."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onebox.gateway.supervisor_line import SupervisorLine
from onebox.loop import Loop
from onebox.switchboard import MAX_REQUEST_BYTES, Switchboard


def _handle(request: dict[str, Any]) -> dict[str, Any]:
    return {"heard": request}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Path]:
    """A switchboard that is served by a thread, behind a name too long for a unix socket."""
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    path = folder / "supervisor.sock"
    path.write_text("left by an earlier life")
    loop = Loop()
    board = Switchboard(path, _handle, loop)
    stopping, stop = socket.socketpair()
    loop.watch(stopping, loop.stop)
    thread = threading.Thread(target=loop.run)
    thread.start()
    yield path
    stop.send(b"x")
    thread.join()
    board.close()
    loop.close()
    stopping.close()
    stop.close()


def _say(path: Path, *pieces: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        link = path.parent.parent / "s"
        if not link.is_symlink():
            link.symlink_to(path)
        caller.connect(str(link))
        for piece in pieces:
            caller.sendall(piece)
        answer = b""
        while data := caller.recv(65536):
            answer += data
    return answer


def test_a_request_is_answered_in_one_line(address: Path) -> None:
    """The gateway's line and the switchboard understand each other."""
    assert SupervisorLine(path=address).ask("status") == {"heard": {"op": "status"}}


def test_a_request_may_come_in_pieces(address: Path) -> None:
    """Only the end of the line ends a request."""
    assert json.loads(_say(address, b'{"op": ', b'"state"}', b"\n")) == {"heard": {"op": "state"}}


@pytest.mark.parametrize("line", [b"no json\n", b"[1]\n", b"\xff\n", b"\n", b"[" * 50_000 + b"\n"])
def test_nonsense_is_answered_with_an_error(line: bytes, address: Path) -> None:
    """A caller learns that it was not understood."""
    assert "error" in json.loads(_say(address, line))


def test_an_endless_request_is_hung_up_on(address: Path) -> None:
    """Nobody can fill the supervisor's memory, and others are served afterwards."""
    try:
        assert _say(address, b"x" * (MAX_REQUEST_BYTES + 70_000)) == b""
    except (BrokenPipeError, ConnectionResetError):
        assert address.is_socket()
    assert SupervisorLine(path=address).ask("status") == {"heard": {"op": "status"}}


def test_a_silent_caller_holds_nobody_up(address: Path) -> None:
    """While one says nothing, another is answered."""
    with socket.socket(socket.AF_UNIX) as silent:
        link = address.parent.parent / "silent"
        link.symlink_to(address)
        silent.connect(str(link))
        assert SupervisorLine(path=address).ask("status") == {"heard": {"op": "status"}}


def test_the_socket_is_private(address: Path) -> None:
    """Whoever may start builders runs programs: only the owner may."""
    assert address.stat().st_mode & 0o777 == 0o600
