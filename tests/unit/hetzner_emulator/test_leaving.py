"""A machine that leaves for another system, on a host that is too busy to notice the moment."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hetzner_emulator.installing import Box
from tests.unit.hetzner_emulator.running import Emulator

_STORE = 'mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"'
_KEXEC = 'bash "$HOME/kexec/nixos-anywhere-kexec.sh"'
_STANDS_STILL = 0.5
"""Seconds: more than a machine of this pace takes to leave."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of the test's own, which it may stop."""
    running = Emulator(tmp_path / "own", "--latency", "0.005")
    yield running
    running.end()


def test_who_ordered_a_kexec_hears_how_it_went(own: Emulator, tmp_path: Path) -> None:
    """The command ends with 0 although the emulator stood still from before the machine's leaving until after it."""
    box = Box(own.project(), tmp_path / "box", "busy")
    box.wait()
    assert box.root(_STORE, given="x").returncode == 0
    words = ["ssh", "-F", "none", *box.ssh_words("root", box.install_key), _KEXEC]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"Downloading")
        own.process.send_signal(signal.SIGSTOP)
        time.sleep(_STANDS_STILL)
        own.process.send_signal(signal.SIGCONT)
        assert running.wait(60) == 0
    box.wait_for("installer")
