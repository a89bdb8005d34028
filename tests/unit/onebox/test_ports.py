"""Ports that are kept over starts."""

from __future__ import annotations

import socket
from pathlib import Path

from onebox.ports import HOST, kept_free_port


def test_a_port_is_kept_while_it_can_be_had(tmp_path: Path) -> None:
    """The same note gives the same port, until somebody else listens on it."""
    note = tmp_path / "port"
    first = kept_free_port(note)
    assert kept_free_port(note) == first
    with socket.socket() as taken:
        taken.bind((HOST, first))
        taken.listen()
        second = kept_free_port(note)
    assert second != first
    assert kept_free_port(note) == second
