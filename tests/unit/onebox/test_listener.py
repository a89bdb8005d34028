"""Who listens at a port: the process itself, and nobody who merely answers there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from onebox.listener import listens


def test_only_the_process_that_listens_is_found() -> None:
    """This process listens at its socket's port and at no other, a child of it does not, and nobody does afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listening, subprocess.Popen(["sleep", "30"]) as child:
        port = listening.getsockname()[1]
        assert listens(os.getpid(), port)
        assert not listens(child.pid, port)
        child.kill()
    assert not listens(os.getpid(), port)


def test_every_address_counts() -> None:
    """A server on all addresses is found, as DynamoDB Local is one."""
    with socket.create_server(("", 0)) as listening:
        assert listens(os.getpid(), listening.getsockname()[1])


def test_who_is_connected_does_not_listen() -> None:
    """The client's end of a connection is no listener."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as end:
        assert not listens(os.getpid(), end.getsockname()[1])


def test_a_process_that_is_gone_listens_nowhere() -> None:
    """An id that nobody has any more is no error."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert not listens(gone.pid, 1)
