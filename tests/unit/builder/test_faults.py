"""What goes wrong with a machine while it is built: each death has its cause, its time, and no word of success."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

from builder.errors import NotNow
from builder.failpoint import Failpoint
from builder.job import FAILED, READY
from builder.kexec import KexecError, fetch
from builder.log_tail import LogTail
from builder.pace import Pace
from builder.report import Reporter
from chalicelib.domain.build import LOG_TAIL_CHARS, BuildReport, Outcome
from tests.quiet_server import QuietServer
from tests.unit.builder.control_plane import Answer
from tests.unit.builder.world import FAST, SOON, World

HANGS = "sleep 90"
"""Longer than any limit here."""


def dies(world: World, phase: str) -> None:
    """Let the machine go when this phase begins, and nixos-anywhere wait for it as it does: for ever."""
    if phase == "verify":
        world.machine.dies_at_login_of = "claude"
        return
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
    ("phase", "limit", "cause"),
    [
        ("ssh", "ssh_within", "ssh_never_up"),
        ("kexec", "kexec_within", "kexec_failed"),
        ("disko", "install_within", "disk"),
        ("copy", "install_within", "copy_failed"),
        ("install", "install_within", "install_failed"),
        ("reboot", "reboot_within", "never_back"),
        ("verify", "reboot_within", "never_back"),
    ],
)
def test_a_machine_that_dies_in_a_phase_is_given_up_in_time(world: World, phase: str, limit: str, cause: str) -> None:
    """In each of the seven phases a dead machine ends the attempt within that phase's limit, under its own cause."""
    dies(world, phase)
    begun = time.monotonic()
    assert world.build(replace(FAST, **{limit: 1.5})) == FAILED
    assert world.control.last["outcome"] == "failed", world.everything_told
    assert world.control.last["cause"] == cause
    assert "ready" not in world.control.heard
    assert time.monotonic() - begun < SOON


COPYING = "echo '### Uploading the system closure ###'"
NO_CACHE = "--no-substitute-on-destination"


def test_b11_finished_paths_are_copied_and_nothing_is_evaluated(world: World) -> None:
    """Two finished store paths come from here: no flake, no cache of our naming, no build on the machine (row B11).

    The machine may fetch by itself what a public cache has: that is the program's default, and what is fastest.
    """
    assert world.build() == READY
    for call in world.programs.calls:
        line = call["arguments"]
        paths = line[line.index("--store-paths") + 1 :][:2]
        assert paths == [str(world.installed.disko), str(world.installed.system)]
        assert line[line.index("--build-on") + 1] == "local"
        assert not [word for word in line if "://" in word or word in {"--flake", "-f", "--store", "--generate"}]
        assert NO_CACHE not in line


@pytest.mark.parametrize(
    ("said", "again"),
    [("", "disko,install"), (COPYING, "install"), ("echo '### Copying extra files ###'", "install")],
    ids=["the disko script", "the system", "the extra files"],
)
def test_b11_a_cache_that_is_down_is_done_without(world: World, said: str, again: str) -> None:
    """A copy that fails is taken up again from here alone, within the attempt; the disk is made once (row B11)."""
    world.programs.run(
        "disko,install", f"{said}\necho 'error: unable to download: HTTP error 503' >&2; exit 1", once=True
    )
    assert world.build() == READY
    assert world.programs.phases == ["kexec", "disko,install", again, "reboot"]
    assert [NO_CACHE in call["arguments"] for call in world.programs.calls] == [False, False, True, False]


def test_b11_a_cache_that_is_silent_is_done_without(world: World) -> None:
    """A copy that says nothing for long enough is ended and taken up from here alone; lines keep it alive (row B11)."""
    talks = "for each in 1 2 3 4 5 6; do sleep 0.2; echo copying; done"
    world.programs.run("disko,install", f"{COPYING}; {talks}; {HANGS}", once=True)
    begun = time.monotonic()
    assert world.build(replace(FAST, silence_within=1)) == READY
    assert 1.2 + 1 <= time.monotonic() - begun < SOON
    assert world.log.getvalue().splitlines().count("copying") == 6
    assert [NO_CACHE in call["arguments"] for call in world.programs.calls] == [False, False, True, False]


def test_b11_without_the_cache_too_a_copy_is_given_up(world: World) -> None:
    """A second failure is the attempt's: there is no third copy (row B11)."""
    for phases in ("disko,install", "install"):
        world.programs.run(phases, f"{COPYING}; exit 1")
    assert world.build() == FAILED
    assert world.control.last["cause"] == "copy_failed"
    assert world.programs.phases == ["kexec", "disko,install", "install"]


def test_b11_a_copy_that_stands_still_is_ended(world: World) -> None:
    """Silence with and without the cache costs two silences, and not the whole stretch's limit (row B11)."""
    for phases in ("disko,install", "install"):
        world.programs.run(phases, f"{COPYING}; {HANGS}")
    begun = time.monotonic()
    assert world.build(replace(FAST, silence_within=0.6)) == FAILED
    assert 2 * 0.6 <= time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "copy_failed"
    assert "stood still" in world.control.last["detail"]
    assert world.programs.phases == ["kexec", "disko,install", "install"]


def test_b11_a_copy_that_is_never_silent_ends_with_its_stretch(world: World) -> None:
    """A cache that trickles costs one stretch's limit, not the guest's patience (row B11)."""
    world.programs.run("disko,install", f"{COPYING}; while :; do echo copying; sleep 0.05; done")
    begun = time.monotonic()
    assert world.build(replace(FAST, silence_within=1, install_within=1.5)) == FAILED
    assert 1.5 <= time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "copy_failed"
    assert "did not end in time" in world.control.last["detail"]


def test_b12_every_run_boots_the_installer_that_was_shipped(world: World) -> None:
    """The machine never fetches an installer: each run names the file that lies here (row B12)."""
    assert world.build() == READY
    shipped = world.environment["CCC_KEXEC"]
    for call in world.programs.calls:
        line = call["arguments"]
        assert line[line.index("--kexec") + 1] == shipped
        assert shipped.startswith("/")


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

    with QuietServer(Handler) as server:
        yield f"{server.root}/installer.tar.gz"


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


FASTER = 10_000
"""By how much the half hour below is shortened: it is counted in the waits that are asked for, not by a clock."""


class Silence:
    """A control plane that never answers, and a deadline that comes nearer by what is waited between the requests."""

    def __init__(self, seconds: float) -> None:
        self.waits: list[float] = []
        self.asked = 0
        self._seconds = seconds

    def post(self, *_: object) -> tuple[int, bytes]:
        """No answer."""
        self.asked += 1
        raise NotNow("nobody there")

    def left(self) -> float:
        """Seconds of the order's time."""
        return self._seconds - sum(self.waits)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note every wait that the builder's retries ask for within this."""
        before = get_on_retry_hooks()
        set_on_retry_hooks([lambda details: self.waits.append(round(details.wait_for * FASTER, 3))])
        try:
            yield
        finally:
            set_on_retry_hooks(before)


def test_c10_the_last_word_is_repeated_calmly() -> None:
    """Half an hour of silence is asked into at least once a minute, and with fewer than 50 requests (row C10)."""
    silence: Any = Silence(30 * 60)
    real = Pace()
    pace = replace(real, last_first=real.last_first / FASTER, last_longest=real.last_longest / FASTER)
    reporter = Reporter(silence, "", LogTail(str, io.StringIO()), silence, pace, Failpoint())
    with silence.listening(), pytest.raises(NotNow):
        reporter.end(BuildReport(outcome=Outcome.READY))
    assert 30 <= silence.asked < 50
    assert min(silence.waits) >= 1
    assert max(silence.waits) <= 60
    assert silence.left() <= 0
