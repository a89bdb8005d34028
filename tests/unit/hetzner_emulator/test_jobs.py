"""What an install brings besides keys: programs, a profile for logins, and jobs that run each minute."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hetzner_emulator.guest.sandbox import Sandbox
from tests.unit.hetzner_emulator.installing import Box
from tests.unit.hetzner_emulator.running import Emulator
from tests.unit.hetzner_emulator.without_bubblewrap import clear_shelter, path_without_bubblewrap
from tests.unit.onebox.until import until

GREETING = "#!/bin/sh\necho hello from $1\n"
PROFILE = 'if [ -t 1 ]; then greet "the profile"; fi\n'
LOOK = """#!/bin/sh
record=$EMULATED_ROOT/var/lib/cloud-instance/instance.json
echo "$(cat "$record")" >>"$EMULATED_ROOT/run/looks"
"""


@pytest.fixture(scope="module", params=["as it can", "plain"])
def emulator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that makes the sandboxes this machine can, and one that finds no bubblewrap."""
    folder = tmp_path_factory.mktemp("jobs")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setenv("PATH", path_without_bubblewrap(folder / "bin"))
        running = Emulator(folder / "own", "--latency", "0.005")
    yield running
    running.end()
    clear_shelter(folder / "own" / "state")


@pytest.fixture
def installed(emulator: Emulator, tmp_path: Path) -> Iterator[Callable[..., Box]]:
    """Makes installed servers whose install brought something, named for the test."""
    made: list[Box] = []

    def install(**jobs: str) -> Box:
        box = Box(emulator.project(), tmp_path / "box", tmp_path.name.replace("_", "-").strip("-"))
        box.brought = {"opt/system/bin/greet": GREETING, "etc/profile": PROFILE}
        box.brought |= {f"etc/cron.minutely/{name}": text for name, text in jobs.items()}
        (box.extra_files() / "var/lib/cloud-instance/instance.json").chmod(0o600)
        box.install()
        made.append(box)
        return box

    yield install
    for box in made:
        # one that powers itself off is locked for a moment
        assert until(lambda box=box: box.api.call("DELETE", f"/servers/{box.id}").status // 100 == 2)
        box.wait(listening=False)  # the next server may get its address


def is_plain(box: Box) -> bool:
    """Whether guests of this machine have no sandbox."""
    return box.guest('echo "$EMULATED_ROOT"').stdout != "\n"


def test_without_bubblewrap_there_is_no_sandbox(
    installed: Callable[..., Box], emulator: Emulator, tmp_path: Path
) -> None:
    """The plain way is what is tested here as such; elsewhere it is what a probe says."""
    named_plain = (emulator.folder.parent / "bin").exists()
    assert is_plain(installed()) is (named_plain or Sandbox(tmp_path).kind == "plain")


@contextmanager
def terminal(box: Box) -> Iterator[Callable[[str], str]]:
    """A guest's login shell on a terminal; the function waits until something has been shown, and gives all of it."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    words = ["ssh", "-F", "none", "-tt", *box.ssh_words("claude", box.guest_key)]
    seen = ""

    def until(text: str) -> str:
        nonlocal seen
        end = time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < end, seen
            try:
                seen += os.read(master, 65536).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)
        return seen

    with subprocess.Popen(words, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL) as shell:
        os.close(slave)
        try:
            yield until
        finally:
            shell.kill()
    os.close(master)


def test_programs_and_the_profile_are_there(installed: Callable[..., Box]) -> None:
    """A command finds the programs; a login shell reads the profile, and keeps the machine's PATH."""
    box = installed()
    done = box.guest("greet a command; claude --version")
    assert done.stdout.splitlines()[0] == "hello from a"
    assert "(Claude Code)" in done.stdout
    with terminal(box) as until:
        until("hello from the profile")


def test_jobs_run_before_a_login_and_once_a_minute(installed: Callable[..., Box], emulator: Emulator) -> None:
    """A login finds the job done, with what the record holds; the next one is a minute of the shifted clock later."""
    emulator.begin_era()
    box = installed(look=LOOK)
    looks = 'cat "$EMULATED_ROOT/run/looks"'
    assert box.guest(looks).stdout.splitlines() == ['{"instance_id": "0123456789ab"}']
    assert len(box.guest(looks).stdout.splitlines()) == 1
    emulator.advance(61)
    assert len(box.guest(looks).stdout.splitlines()) == 2


def test_only_jobs_write_to_run(installed: Callable[..., Box]) -> None:
    """What jobs leave for all to read, a guest in a sandbox cannot change, nor ask the machine what only root may."""
    box = installed(look=LOOK)
    if is_plain(box):
        pytest.skip("without a sandbox a guest is the user who runs the jobs")
    for command in ("echo x >>/run/looks", "poweroff", "systemctl poweroff", "echo x | wall", "rm /etc/profile"):
        assert box.guest(command).returncode != 0, command
    assert box.guest("true").returncode == 0


def test_nobody_asks_the_host(installed: Callable[..., Box]) -> None:
    """Neither sudo nor systemctl of the host is what a guest finds first."""
    box = installed()
    for command in ("sudo -n true", "systemctl reboot"):
        done = box.guest(command)
        assert (done.returncode, done.stdout) == (1, "")
        assert "emulated machine" in done.stderr


def test_a_job_may_tell_everybody(installed: Callable[..., Box], emulator: Emulator) -> None:
    """What a job gives to `wall` is shown on a guest's terminal, without what a terminal would act upon."""
    emulator.begin_era()
    box = installed(warn='#!/bin/sh\nprintf "the end\\033[2J is near\\n" | wall\n')
    with terminal(box) as until:
        until("hello from the profile")
        emulator.advance(61)
        seen = until("is near")
        assert "Broadcast message from root@cc-0123456789ab" in seen
        assert "the end[2J is near\r\n" in seen


def test_a_job_may_power_off(installed: Callable[..., Box]) -> None:
    """The machine is off after it, and answers nobody until it is switched on."""
    box = installed(off="#!/bin/sh\nsystemctl poweroff\n")
    box.guest("true")
    box.wait(listening=False)
    assert box.api.ok("GET", f"/servers/{box.id}")["server"]["status"] in {"stopping", "off"}


def test_a_job_that_fails_keeps_nobody_out(installed: Callable[..., Box]) -> None:
    """Neither a failure nor a file that is no program stands in a login's way."""
    box = installed(fails="#!/bin/sh\nexit 3\n", strange="\x00\x01", missing="#!/no/such/program\n")
    assert box.guest("echo here").stdout == "here\n"


def test_run_is_empty_after_a_boot(installed: Callable[..., Box]) -> None:
    """What jobs wrote is gone when the machine comes back, and they run anew."""
    box = installed(look=LOOK)
    box.guest("true")
    box.api.ok("POST", f"/servers/{box.id}/actions/reset")
    box.wait(listening=False)
    box.wait()
    assert len(box.guest('cat "$EMULATED_ROOT/run/looks"').stdout.splitlines()) == 1
