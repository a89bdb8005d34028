"""What goes wrong with a machine while it is built: each death has its cause, its time, and no word of success."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from builder.job import FAILED, READY
from builder.kexec import KexecError, fetch
from builder.pace import Pace
from chalicelib.domain.build import LOG_TAIL_CHARS
from onebox.prerequisites import Missing, check_machine
from onebox.settings import box_settings
from tests.quiet_server import QuietServer
from tests.unit.builder.control_plane import Answer
from tests.unit.builder.world import FAST, World

SHORT = replace(FAST, kexec_within=0.5, install_within=0.5, reboot_within=0.5, ssh_within=0.5)
HANGS = "sleep 30"
SOON = 10
"""Seconds within which a dead machine is noticed here, on a busy machine too; what hangs does so for longer."""


def dies(world: World, phase: str) -> None:
    """Let the machine go when this phase begins, and nixos-anywhere wait for it as it does: for ever."""
    world.control.when[phase] = world.machine.power_off
    said = {
        "kexec": ("kexec", "Switching system into kexec"),
        "disko": ("disko,install", "Formatting hard drive with disko"),
        "copy": ("disko,install", "Uploading the system closure"),
        "install": ("disko,install", "Installing NixOS"),
        "reboot": ("reboot", "Rebooting"),
    }
    if phase in said:
        phases, line = said[phase]
        world.programs.run(phases, f"echo '### {line} ###'; {HANGS if phase != 'reboot' else ':'}")


@pytest.mark.parametrize(
    ("phase", "cause"),
    [
        ("ssh", "ssh_never_up"),
        ("kexec", "kexec_failed"),
        ("disko", "disk"),
        ("copy", "copy_failed"),
        ("install", "install_failed"),
        ("reboot", "never_back"),
        ("verify", "never_back"),
    ],
)
def test_a_machine_that_dies_in_a_phase_is_given_up_in_time(world: World, phase: str, cause: str) -> None:
    """In each of the seven phases a dead machine ends the attempt within that phase's limit, under its own cause."""
    dies(world, phase)
    begun = time.monotonic()
    assert world.build(SHORT) == FAILED
    assert world.control.last["outcome"] == "failed", world.everything_told
    assert world.control.last["cause"] == cause
    assert "ready" not in world.control.heard
    assert time.monotonic() - begun < SOON


def test_b11_finished_paths_are_copied_and_nothing_is_evaluated(world: World) -> None:
    """Two finished store paths come from here: no flake, no cache of our naming, no build on the machine (row B11).

    What the published script lets the target substitute by itself is its own default, which is left as it is.
    """
    assert world.build() == READY
    for call in world.programs.calls:
        line = call["arguments"]
        paths = line[line.index("--store-paths") + 1 :][:2]
        assert all(path.startswith("/nix/store/") for path in paths)
        assert line[line.index("--build-on") + 1] == "local"
        assert not [word for word in line if "://" in word or word in {"--flake", "-f", "--store", "--generate"}]


def test_b11_a_copy_that_stands_still_is_ended(world: World) -> None:
    """A cache that answers with silence costs one stretch's limit, not the guest's patience (row B11)."""
    world.programs.run("disko,install", f"echo '### Uploading the system closure ###'; {HANGS}")
    begun = time.monotonic()
    assert world.build(replace(FAST, install_within=0.3)) == FAILED
    assert world.control.last["cause"] == "copy_failed"
    assert time.monotonic() - begun < SOON


def test_b12_every_run_boots_the_installer_that_was_shipped(world: World) -> None:
    """The machine never fetches an installer: each run names the file that lies here (row B12)."""
    assert world.build() == READY
    shipped = world.environment["CCC_KEXEC"]
    for call in world.programs.calls:
        line = call["arguments"]
        assert line[line.index("--kexec") + 1] == shipped
        assert shipped.startswith("/")


def test_b12_without_a_shipped_installer_no_real_machine_is_bought(world: World) -> None:
    """With a real provider one box does not start before it is told which installer to boot (row B12)."""
    world.programs.write("nix", "#!/bin/sh\n")
    variables = {
        "HCLOUD_TOKEN": "a",
        "PATH": world.programs.path,
        "CCC_HOME": str(world.folder),
        "CCC_STORE_PATHS": "/nix/store/d-disko /nix/store/s-system",
    }
    with pytest.raises(Missing, match="CCC_KEXEC"):
        check_machine(box_settings(variables))
    check_machine(box_settings({**variables, "CCC_KEXEC": "/nix/store/k-kexec.tar.gz"}))


@contextmanager
def served(content: bytes) -> Iterator[str]:
    """The URL of a server that answers everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the standard library's name
            """Say nothing."""

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/installer.tar.gz"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("answered", "taken"), [(b"the installer", True), (b"another one", False), (b"", False)])
def test_b12_an_installer_with_another_hash_is_not_shipped(tmp_path: Path, answered: bytes, taken: bool) -> None:
    """An archive that was altered or cut short on its way leaves no file and an error; the pinned one is kept (B12)."""
    pin, target = tmp_path / "pin.json", tmp_path / "installer.tar.gz"
    with served(answered) as url:
        pin.write_text(json.dumps({"url": url, "sha256": hashlib.sha256(b"the installer").hexdigest()}))
        with nullcontext() if taken else pytest.raises(KexecError):
            fetch(pin, target)
    assert target.exists() is taken


@pytest.mark.parametrize(
    ("step", "words", "cause"),
    [
        ("Formatting hard drive with disko", "mkfs.ext4: No space left on device", "disk"),
        ("Uploading the system closure", "error: writing to file: No space left on device", "copy_failed"),
        ("Installing NixOS", "Killed process 4711 (nix) total-vm:3145728kB", "install_failed"),
    ],
)
def test_b21_a_machine_that_is_too_small_says_so(world: World, step: str, words: str, cause: str) -> None:
    """A full disk and a lack of memory end the step they happen in, and the log says what it was (row B21)."""
    world.programs.run("disko,install", f"echo '### {step} ###'; echo '{words}' >&2; exit 1")
    world.programs.run("install", f"echo '### {step} ###'; echo '{words}' >&2; exit 1")
    assert world.build() == FAILED
    assert world.control.last["cause"] == cause
    assert words in world.control.last["log_tail"]
    assert len(world.control.last["log_tail"]) <= LOG_TAIL_CHARS


def test_c10_a_control_plane_that_was_away_hears_the_outcome_when_it_is_back(world: World) -> None:
    """The one last word is said again and again, each time the same, for as long as the order lasts (row C10)."""
    world.control.script("ready", *[Answer(status=503)] * 20)
    assert world.build() == READY
    words = [told.body for told in world.control.told if told.body.get("outcome") == "ready"]
    assert len(words) == 21
    assert all(word == words[0] for word in words)


def test_c10_the_last_word_is_repeated_calmly() -> None:
    """Half an hour of silence is asked into at least once a minute, and with fewer than 50 requests (row C10)."""
    pace, waited, asked = Pace(), 0.0, 1
    wait = pace.last_first
    while waited < 30 * 60:
        waited, wait, asked = waited + wait, min(2 * wait, pace.last_longest), asked + 1
    assert 30 <= asked < 50
    assert pace.last_longest <= 60
