"""Machines that die at a named point of their install: each death as it was ordered, and as often."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hetzner_emulator import doom
from tests.unit.hetzner_emulator.installing import Box
from tests.unit.hetzner_emulator.running import ROOT, Api, Emulator

Going = Callable[[Box], None]

BROKEN_OFF = 255
"""What ssh says when the connection went."""

TITLES = {
    "disko": "Formatting hard drive with disko",
    "copy": "Uploading the system closure",
    "files": "Copying extra files",
    "install": "Installing NixOS",
}


@pytest.fixture
def api(machines: Emulator) -> Api:
    """A client of a project of its own, on the emulator whose servers answer SSH."""
    return machines.project()


def doomed(api: Api, folder: Path, **death: Any) -> Box:
    """A server that will die as ordered."""
    api.fault(do="dies", method="POST", path="^/servers$", **death)
    return Box(api, folder, "doomed")


def died(box: Box) -> int:
    """How often it has died so far."""
    machines = box.api.call("GET", "/_emulator").body["servers"]
    return int(next(machine["died"] for machine in machines if machine["id"] == box.id))


def first_word(box: Box, seconds: float = 0.5) -> bytes | None:
    """What the machine says to somebody who connects: its version, nothing for so long, or None: refused."""
    try:
        with socket.create_connection((box.ip, box.port), timeout=seconds) as plug:
            with contextlib.suppress(TimeoutError):
                return plug.recv(4)
            return b""
    except ConnectionError:
        return None


def stays_away(box: Box) -> bool:
    """Whether it answers nobody, now and later, though the provider says that it runs."""
    box.wait(listening=False)
    time.sleep(0.4)
    server = box.api.ok("GET", f"/servers/{box.id}")["server"]
    return not box.listens() and server["status"] == "running"


@pytest.mark.parametrize("point", list(TITLES))
def test_a_machine_that_dies_in_the_install_ends_it_there(api: Api, tmp_path: Path, point: str) -> None:
    """The command breaks off, the installer ends in that step, and the machine stays away."""
    box = doomed(api, tmp_path, at=point)
    box.wait()
    done = box.installer("kexec,disko,install")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == f"### {TITLES[point]} ###"
    assert stays_away(box)
    assert died(box) == 1


def test_a_machine_that_dies_before_it_boots_is_never_there(api: Api, tmp_path: Path) -> None:
    """Nothing answers at its address, though the provider says that it runs."""
    box = doomed(api, tmp_path, at="boot")
    assert stays_away(box)


def test_a_machine_that_dies_after_a_look_lets_one_in_and_nobody_else(api: Api, tmp_path: Path) -> None:
    """The first login works to its end, and there is no second one."""
    box = doomed(api, tmp_path, at="look")
    box.wait()
    assert box.root("hostname").returncode == 0
    assert stays_away(box)


def test_a_machine_that_dies_when_it_is_asked_what_it_is(api: Api, tmp_path: Path) -> None:
    """It breaks off in the facts, before its kexec."""
    box = doomed(api, tmp_path, at="facts")
    box.wait()
    done = box.installer("kexec")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "### Gathering machine facts ###")
    assert stays_away(box)


def test_a_machine_that_dies_after_its_install_has_been_installed(api: Api, tmp_path: Path) -> None:
    """The install ends well, and then nobody is there."""
    box = doomed(api, tmp_path, at="installed")
    box.wait()
    assert box.installer("kexec,disko,install").returncode == 0
    assert stays_away(box)


def jump(box: Box) -> None:
    """Tell the stock system to become the installer."""
    box.wait()
    assert box.root('mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"', given="x").returncode == 0
    assert box.root('bash "$HOME/kexec/nixos-anywhere-kexec.sh"').returncode == 0


def install_and_reboot(box: Box) -> None:
    """Install everything, and tell the installer to restart."""
    box.wait()
    assert box.installer("kexec,disko,install").returncode == 0
    assert box.root("reboot").returncode == 0


POINT_OF: dict[Going, str] = {Box.wait: "boot", jump: "kexec", install_and_reboot: "reboot"}
COMES_UP_AS: dict[Going, str] = {Box.wait: "stock", jump: "installer", install_and_reboot: "guest"}
"""What leads to each point where a machine goes from one system to another, and what is there afterwards."""


@pytest.mark.parametrize("go", [jump, install_and_reboot])
def test_a_machine_that_dies_on_its_way_does_not_come_back(api: Api, tmp_path: Path, go: Going) -> None:
    """It leaves as it was told, and is not seen again."""
    box = doomed(api, tmp_path, at=POINT_OF[go])
    go(box)
    assert stays_away(box)


@pytest.mark.parametrize("go", [Box.wait, jump, install_and_reboot])
def test_a_machine_that_comes_up_hanging(api: Api, tmp_path: Path, go: Going) -> None:
    """It is there to the network and greets nobody."""
    box = doomed(api, tmp_path, at=POINT_OF[go], how="hangs")
    go(box)
    box.wait_for("hung")
    assert first_word(box) == b""


def test_a_machine_that_hangs_at_work_keeps_who_is_there_waiting(api: Api, tmp_path: Path) -> None:
    """What ran when it hung is never answered, who comes later is not greeted, and a rebuild makes it well."""
    box = doomed(api, tmp_path, at="disko", how="hangs")
    jump(box)
    box.wait_for("installer")
    assert first_word(box, seconds=60) == b"SSH-"
    words = ["ssh", "-F", "none", *box.ssh_words("root", box.install_key), "/nix/store/aaa-disko"]
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=1, check=False)
    assert first_word(box) == b""
    box.api.ok("POST", f"/servers/{box.id}/actions/rebuild", {"image": "ubuntu-24.04"})
    box.wait_for("stock")
    assert box.root("hostname").returncode == 0


def test_a_machine_that_refuses_the_key_from_the_first_byte(api: Api, tmp_path: Path) -> None:
    """The provider has not put our key in: the host key is the planted one, and nobody gets in."""
    box = doomed(api, tmp_path, at="boot", how="refuses")
    box.wait()
    refused = box.root("hostname")
    assert (refused.returncode, "Permission denied (publickey)" in refused.stderr) == (BROKEN_OFF, True)


@pytest.mark.parametrize(("point", "system"), [("look", "stock"), ("kexec", "installer"), ("installed", "installer")])
def test_a_machine_that_refuses_the_key_later(api: Api, tmp_path: Path, point: str, system: str) -> None:
    """The key opened it, and from that point on it does not, while its host key stays."""
    box = doomed(api, tmp_path, at=point, how="refuses")
    box.wait()
    if point == "look":
        assert box.root("hostname").returncode == 0
    elif point == "kexec":
        jump(box)
    else:
        assert box.installer("kexec,disko,install").returncode == 0
    box.wait_for(system)
    assert "Permission denied (publickey)" in box.root("hostname").stderr


def test_a_machine_that_refuses_the_key_at_work_breaks_that_work_off(api: Api, tmp_path: Path) -> None:
    """The copy does not end, and nobody gets in any more, though SSH is there."""
    box = doomed(api, tmp_path, at="copy", how="refuses")
    box.wait()
    assert box.installer("kexec,disko,install").returncode == 1
    assert "Permission denied (publickey)" in box.root("hostname").stderr


def test_a_kexec_that_is_lost_each_time(api: Api, tmp_path: Path) -> None:
    """Whatever is tried, the old system is back."""
    box = doomed(api, tmp_path, at="kexec", how="old_system", deaths=0)
    box.wait()
    for deaths in (1, 2):
        assert "Failed to kexec into NixOS installer" in box.installer("kexec").stderr
        assert (box.system(), died(box)) == ("stock", deaths)


def test_a_kexec_that_is_lost_once(api: Api, tmp_path: Path) -> None:
    """The next try leads into the installer."""
    box = doomed(api, tmp_path, at="kexec", how="old_system")
    box.wait()
    assert box.installer("kexec").returncode == 1
    assert box.installer("kexec").returncode == 0
    assert box.system() == "installer"


def test_a_reboot_into_the_old_system(api: Api, tmp_path: Path) -> None:
    """The installed disk is not what boots: the old host key answers, and the old key opens root."""
    box = doomed(api, tmp_path, at="reboot", how="old_system")
    install_and_reboot(box)
    box.wait_for("stock")
    assert box.root("uptime").stdout.startswith("up, Ubuntu")


@pytest.mark.parametrize("go", [Box.wait, jump, install_and_reboot])
def test_a_machine_that_comes_up_with_another_host_key(api: Api, tmp_path: Path, go: Going) -> None:
    """Neither the planted key nor the one that the install brought is what answers then."""
    box = doomed(api, tmp_path, at=POINT_OF[go], how="other_key")
    go(box)
    box.wait_for(COMES_UP_AS[go])
    for expected in (box.k1, box.k2):
        box.trust(expected)
        assert "Host key verification failed" in box.root("hostname").stderr


def test_a_machine_dies_as_often_as_was_ordered(api: Api, tmp_path: Path) -> None:
    """Rebuilt after its only death it lives; where there are two to die, it dies again."""
    box = doomed(api, tmp_path, at="look", deaths=2)
    for deaths in (1, 2):
        box.wait()
        assert box.root("hostname").returncode == 0
        box.wait(listening=False)
        assert died(box) == deaths
        box.api.ok("POST", f"/servers/{box.id}/actions/rebuild", {"image": "ubuntu-24.04"})
        box.wait_for("stock")
    assert box.root("hostname").returncode == 0
    assert box.root("hostname").returncode == 0
    assert died(box) == 2


def test_a_death_outlives_the_emulator(tmp_path: Path) -> None:
    """After a SIGKILL and a restart those that lived answer again, and the dead does not."""
    emulator = Emulator(tmp_path / "emulator", "--latency", "0.005")
    try:
        api = emulator.project()
        dead = doomed(api, tmp_path / "dead", at="look")
        living = Box(api, tmp_path / "living", "living")
        for box in (dead, living):
            box.wait()
            assert box.root("hostname").returncode == 0
        dead.wait(listening=False)
        emulator.kill_and_restart()
        living.wait()
        assert living.root("hostname").returncode == 0
        assert not dead.listens()
    finally:
        emulator.end()


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ({}, "'at' of a death is one of: boot, look"),
        ({"at": "lunch"}, "'at' of a death is one of: boot, look"),
        ({"at": "disko", "how": "other_key"}, "'how' of a death at disko is one of: gone, hangs, refuses"),
        (
            {"at": "reboot", "how": "refuses"},
            "'how' of a death at reboot is one of: gone, hangs, old_system, other_key",
        ),
        ({"at": "disko", "deaths": -1}, "'deaths' is a number, 0 for each time"),
        ({"at": "disko", "deaths": "two"}, "'deaths' is a number, 0 for each time"),
    ],
)
def test_an_order_of_a_death_that_cannot_be_is_refused(api: Api, death: dict[str, Any], words: str) -> None:
    """The answer is 422 and says what there is."""
    refused = api.call("POST", "/_emulator/faults", {"do": "dies", **death})
    assert refused.status == 422
    assert words in refused.body["error"]


def test_every_death_is_told_in_the_readme() -> None:
    """Each point and each way to die stands there, as it is ordered."""
    text = (ROOT / "hetzner_emulator" / "README.md").read_text()
    assert [word for word in (*doom.POINTS, *doom.HOWS) if f"| `{word}` |" not in text] == []
