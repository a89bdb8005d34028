"""The published nixos-anywhere in place of our stand-in: same box, same builder, same emulated machine.

It runs where the script is: `NIXOS_ANYWHERE=/path/to/nixos-anywhere.sh` (with `get-facts.sh` beside it), or its package
on PATH. Nix alone is a stub, since the target is emulated and has no store.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from builder.job import READY
from builder.phases import step_of
from chalicelib.domain.build import Cause, Phase
from tests.stack import after_death
from tests.stack.box import Box, running
from tests.stack.conftest import GuestKey
from tests.stack.deaths import Death, Deathbed
from tests.unit.builder.machine import Seen
from tests.unit.builder.world import FAST, World, fresh_key

STUB_NIX = Path(__file__).parent / "stub_nix" / "nix"
LATENCY = "0.1"
"""The script looks once a second, with an ssh each time, whether the machine has left for the installer: it must still
be away when a busy computer comes to look."""

TELL_NOTHING = {
    "Uploading install SSH keys",
    "Gathering machine facts",
    "Waiting for the machine to become unreachable due to reboot",
    "Done!",
}
"""Titles that begin no phase of a build: the one before them goes on."""

_TITLE = re.compile(r"^### (.+) ###$", re.MULTILINE)


def published() -> Path | None:
    """The script; None where it is not on this machine. FileNotFoundError when the variable leads to something else."""
    given = os.environ.get("NIXOS_ANYWHERE")  # noqa: TID251 -- says where the thing to be tested lies
    program = given or shutil.which("nixos-anywhere")
    if program is None:
        return None
    called = Path(program).resolve(strict=True)
    # The package's program puts its own nix before ours; the script it calls does not.
    packaged = called.parents[1] / "libexec" / "nixos-anywhere" / "nixos-anywhere.sh"
    script = packaged if packaged.is_file() else called
    if script.with_name("get-facts.sh").is_file():
        return script
    if given:
        raise FileNotFoundError(f"NIXOS_ANYWHERE: there is no get-facts.sh beside {script}")
    return None


SCRIPT = published()
pytestmark = pytest.mark.skipif(
    SCRIPT is None, reason="NIXOS_ANYWHERE does not say where the published nixos-anywhere.sh is"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A folder with the published program and the stub, and what it installs: three paths that exist."""

    programs: Path
    store_paths: tuple[Path, Path]
    kexec: Path

    @property
    def variables(self) -> dict[str, str]:
        """What tells a builder of the store paths and the archive."""
        found = hashlib.sha256(self.kexec.read_bytes()).hexdigest()
        paths = shlex.join(map(str, self.store_paths))
        return {"CCC_STORE_PATHS": paths, "CCC_KEXEC": str(self.kexec), "CCC_KEXEC_SHA256": found}

    @contextmanager
    def cache_down(self) -> Iterator[None]:
        """Let every copy fail that lets the machine fetch by itself."""
        note = self.programs / "cache-is-down"
        note.touch()
        yield
        note.unlink()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The program as a package would put it on PATH: a call of the script, where its facts script lies beside it."""
    folder = tmp_path_factory.mktemp("published")
    programs, closures = folder / "bin", [folder / name for name in ("disko", "nixos-system", "kexec.tar.gz")]
    programs.mkdir()
    called = programs / "nixos-anywhere"
    called.write_text(f'#!/bin/sh\nexec bash {shlex.quote(str(SCRIPT))} "$@"\n')
    called.chmod(0o755)
    (programs / "nix").symlink_to(STUB_NIX)
    for path in closures:
        path.write_text("what stands for this is on the emulated machine\n")
    return Published(programs=programs, store_paths=(closures[0], closures[1]), kexec=closures[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A machine after its build: the instance as the API shows it, and all the builder printed."""

    box: Box
    instance: dict[str, Any]
    log: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, program: Published, guest_key: GuestKey) -> Iterator[Built]:
    """One machine, built once for all tests of this module."""
    settings = {"ONEBOX_INSTALLER": str(program.programs), "CCC_EMULATOR_LATENCY": LATENCY, **program.variables}
    # nix takes ssh's options apart at blanks, and ssh expands percent signs: a box's folder may have both all the same
    with running(tmp_path_factory.mktemp("real") / "100% my var", **settings) as box:
        yield build_one(box, guest_key, email="test@example.com")


def build_one(box: Box, guest_key: GuestKey, email: str) -> Built:
    """Order a machine and wait for it."""
    instance_id = box.provision(guest_key.public, email=email)
    instance = box.until(instance_id, "running", "failed", seconds=150)
    (build,) = [one for one in box.call("GET", "/onebox/state")[1]["builds"] if instance_id in one["build"]]
    return Built(box=box, instance=instance, log=Path(build["log"]).read_text())


def test_the_published_script_makes_a_machine_its_guest_can_enter(built: Built, guest_key: GuestKey) -> None:
    """Through shim and three calls the instance runs at its first attempt, and the guest's key and system are on it."""
    assert built.instance["status"] == "running", built.log
    assert built.log.count("### Done! ###") == 3
    command = "claude --version; whoami; hostname; command -v ccc-box"
    login = built.box.ccc("ssh", "-i", str(guest_key.path), built.instance["id"], "--", command)
    assert login.returncode == 0, login.stderr
    version, user, hostname, helper = login.stdout.splitlines()
    assert "Claude Code" in version
    assert (user, hostname) == ("claude", f"cc-{built.instance['id']}")
    assert helper.endswith("/opt/system/bin/ccc-box")


def test_nix_is_called_for_the_two_copies_alone(built: Built, program: Published) -> None:
    """The disko script goes into the installer's memory, the system onto its disk, and nothing is built."""
    disko, system = program.store_paths
    assert [line for line in built.log.splitlines() if line.startswith("stub nix:")] == [
        f"stub nix: copied {disko} into memory",
        f"stub nix: copied {system} into local?root=/mnt",
    ]


def test_every_title_the_script_prints_is_known(built: Built) -> None:
    """Each begins the phase that the builder thinks, or is one of those that begin none; and no phase is missed."""
    titles = list(dict.fromkeys(_TITLE.findall(built.log)))
    steps = [step for title in titles if (step := step_of(f"### {title} ###")) is not None]
    assert {title for title in titles if step_of(f"### {title} ###") is None} == TELL_NOTHING
    assert [(step.title, step.phase) for step in steps] == [
        ("Switching system into kexec", Phase.KEXEC),
        ("Formatting hard drive with disko", Phase.DISKO),
        ("Uploading the system closure", Phase.COPY),
        ("Copying extra files", Phase.COPY),
        ("Installing NixOS", Phase.INSTALL),
        ("Rebooting", Phase.REBOOT),
    ]


def test_every_phase_is_told_with_its_beginning(built: Built) -> None:
    """The API shows the phases of the published program in their order, as it does with the stand-in."""
    names = [stage["name"] for stage in built.instance["stages"]]
    wanted = [str(phase) for phase in Phase]
    assert [name for name in names if name in wanted] == wanted


def test_b11_a_machine_is_made_without_the_cache(built: Built, program: Published, guest_key: GuestKey) -> None:
    """While the cache is down each copy that asks it fails, and is made again from here, in the same attempt (B11)."""
    with program.cache_down():
        made = build_one(built.box, guest_key, email="second@example.com")
    assert made.instance["status"] == "running", made.log
    disko, system = program.store_paths
    assert [line for line in made.log.splitlines() if line.startswith("stub nix:")] == [
        "stub nix: the cache is down",
        f"stub nix: copied {disko} into memory",
        f"stub nix: copied {system} into local?root=/mnt",
    ]


DEATHS = (
    Death(at="look", deaths=1, stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED, waits=True),
    Death(at="kexec", deaths=1, stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED, waits=True),
    Death(at="kexec", how="refuses", deaths=1, stage=Phase.KEXEC, cause=Cause.KEY_REJECTED),
    Death(at="disko", deaths=1, stage=Phase.DISKO, cause=Cause.DISK),
)


@pytest.fixture(scope="module")
def bed(built: Built, guest_key: GuestKey) -> Deathbed:
    """Machines that die once each: before their kexec, in it, after it for our key, and in disko."""
    made = Deathbed(built.box, guest_key, DEATHS)
    made.pass_away(seconds=400)
    return made


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_a_target_that_dies_under_the_published_script_is_made_at_the_second_attempt(
    bed: Deathbed, death: Death, guest_key: GuestKey
) -> None:
    """What it tries again for ever is ended in time, for its cause, and the rebuilt machine is installed."""
    after_death.made_at_the_next_attempt(bed, death, guest_key)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Published) -> Iterator[World]:
    """A builder that finds the published program and the real ssh, and a machine that counts who comes."""
    made = World(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(made.temporary))
    (made.programs.folder / "ssh").unlink()
    shutil.copy(program.programs / "nixos-anywhere", made.programs.folder / "nixos-anywhere")
    (made.programs.folder / "nix").symlink_to(STUB_NIX)
    yield made
    made.close()


def test_the_published_script_gives_nothing_to_a_machine_with_another_host_key(
    world: World, program: Published, tmp_path: Path
) -> None:
    """Somebody who steps in after the builder's own look sees a connection, and neither a user's name nor a command."""

    def step_in() -> None:
        world.machine.boot_stock(fresh_key(), world.order.install_key)
        world.machine.seen = Seen()

    world.control.when["kexec"] = step_in
    pace = replace(FAST, kexec_within=15)
    variables = {**program.variables, "HOME": str(tmp_path / "home")}
    assert world.build(pace, **variables) != READY
    assert world.control.last["cause"] == Cause.WRONG_HOST_KEY, world.everything_told
    assert world.machine.seen.connections > 0
    assert (world.machine.seen.users, world.machine.seen.commands) == ([], [])
