"""Faults of the machines themselves, and the stand-in installer when things are not as they should be."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.hetzner_emulator.installing import Box
from tests.unit.hetzner_emulator.running import ROOT, Api, Emulator


@pytest.fixture
def api(machines: Emulator) -> Api:
    """A client of a project of its own, on the emulator whose servers answer SSH."""
    return machines.project()


def test_a_machine_that_never_answers(api: Api, tmp_path: Path) -> None:
    """The server runs, says the API, and its SSH port is closed."""
    api.fault(do="ssh_never", method="POST", path="^/servers$")
    box = Box(api, tmp_path, "silent")
    time.sleep(0.4)
    assert api.ok("GET", f"/servers/{box.id}")["server"]["status"] == "running"
    assert not box.listens()


def test_a_machine_that_answers_late(api: Api, tmp_path: Path) -> None:
    """SSH comes up later than usual by as much as was ordered."""
    api.fault(do="ssh_slow", method="POST", path="^/servers$", seconds=0.6)
    begun = time.monotonic()
    box = Box(api, tmp_path, "late")
    box.wait()
    assert time.monotonic() - begun >= 0.6


def test_a_wrong_host_key_stops_the_install(api: Api, tmp_path: Path) -> None:
    """With the host key pinned, nothing reaches a machine that has another one."""
    api.fault(do="wrong_host_key", method="POST", path="^/servers$")
    box = Box(api, tmp_path, "impostor")
    box.wait()
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(box.installer_words("kexec"), env=box.shimmed(), capture_output=True, timeout=0.8, check=False)
    assert box.system() == "stock"


def test_a_kexec_that_comes_back_as_before(api: Api, tmp_path: Path) -> None:
    """The installer sees that the old system is back and fails; the next try succeeds."""
    api.fault(do="kexec_lost", method="POST", path="^/servers$")
    box = Box(api, tmp_path, "lost")
    box.wait()
    first = box.installer("kexec")
    assert first.returncode == 1
    assert "Failed to kexec into NixOS installer" in first.stderr
    assert box.installer("kexec").returncode == 0
    assert box.system() == "installer"


def test_phases_out_of_order_fail(api: Api, tmp_path: Path) -> None:
    """Disko on the stock system and an install without disko are refused by the machine."""
    box = Box(api, tmp_path, "order")
    box.wait()
    assert "needs the installer" in box.root("/nix/store/aaa-disko").stderr
    assert box.installer("kexec").returncode == 0
    assert "not mounted" in box.root("sh", given='nixos-install --system "/nix/store/bbb"\n').stderr


def test_a_formatted_disk_boots_nothing(api: Api, tmp_path: Path) -> None:
    """A reboot between disko and install leaves a machine that never answers again."""
    box = Box(api, tmp_path, "bare")
    box.wait()
    assert box.installer("kexec").returncode == 0
    assert box.root("/nix/store/aaa-disko").returncode == 0
    assert box.root("reboot").returncode == 0
    time.sleep(0.4)
    assert not box.listens()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nonsense", "root@127.0.0.1"], "Usage: nixos-anywhere"),
        (["one", "two"], "Usage: nixos-anywhere"),
        ([], "ssh-host must be set"),
        (["root@127.0.0.1"], "--flake or --store-paths must be set"),
        (["--phases", "kexec,dance"], "Unknown phase: dance"),
        (["--store-paths", "one"], "Missing arguments"),
    ],
)
def test_the_stand_in_refuses_what_it_does_not_know(words: list[str], text: str) -> None:
    """Unknown or missing arguments end it at once with status 1."""
    done = subprocess.run(
        [str(ROOT / "onebox/bin/nixos-anywhere"), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert text in done.stderr


def test_the_stand_in_waits_for_ever_and_ends_at_once(api: Api, tmp_path: Path) -> None:
    """A refused connection is tried again until the caller ends it; no copy of the key is left behind."""
    api.fault(do="ssh_never", method="POST", path="^/servers$")
    box = Box(api, tmp_path, "nobody")
    environment = box.shimmed() | {"TMPDIR": str(tmp_path / "bin")}
    with subprocess.Popen(
        box.installer_words("kexec"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == b"### Uploading install SSH keys ###\n"
            time.sleep(0.4)
            assert running.poll() is None
            running.terminate()
            assert running.wait(60) == 143
        finally:
            running.kill()
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["ssh"]
