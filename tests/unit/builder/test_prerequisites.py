"""What installing real servers needs of a machine: each lack is named, with the command that mends it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from builder.kexec_pin import PIN
from builder.prerequisites import programs, system
from builder.prerequisites.finding import Finding
from builder.prerequisites.look import look
from builder.prerequisites.places import Places
from tests.unit.builder.ready_machine import ReadyMachine
from tests.unit.builder.world import CHECKOUT


@pytest.fixture
def machine(tmp_path: Path) -> ReadyMachine:
    """A machine that has everything."""
    ready = ReadyMachine(tmp_path / "a machine")
    ready.put_anywhere_on_path()
    return ready


def places(machine: ReadyMachine, **changes: str | None) -> Places:
    """Where things are, by the machine's variables with changes; None takes one away."""
    changed = {**machine.variables, **changes}
    return Places(variables={name: value for name, value in changed.items() if value is not None}, out=machine.out)


def wrong(findings: list[Finding]) -> list[str]:
    """The names of what is not good."""
    return [finding.name for finding in findings if not finding.good]


def test_with_everything_there_nothing_is_wrong(machine: ReadyMachine) -> None:
    """Seven things are looked at, and each says what it found."""
    findings = look(places(machine))
    assert wrong(findings) == []
    assert [finding.name for finding in findings] == [
        *("ssh", "nix", "nix-command flakes", "nix store", "nixos-anywhere", "CCC_STORE_PATHS", "CCC_KEXEC")
    ]
    assert all(finding.found for finding in findings)


def test_on_a_bare_machine_everything_is_named_at_once(tmp_path: Path) -> None:
    """One list with a remedy for each, of which the first is to install what all others need."""
    findings = look(Places(variables={"PATH": str(tmp_path)}, out=tmp_path / "out"))
    assert wrong(findings) == ["ssh", "nix", "nixos-anywhere", "CCC_STORE_PATHS", "CCC_KEXEC"]
    assert len(findings) == 5
    remedies = {finding.name: finding.remedy or "" for finding in findings}
    assert "openssh-client" in remedies["ssh"]
    assert "nixos.org/download" in remedies["nix"]
    assert remedies["nixos-anywhere"] == remedies["CCC_STORE_PATHS"] == "make machine"
    assert "builder.kexec out/kexec.tar.gz" in remedies["CCC_KEXEC"]


@pytest.mark.parametrize(
    ("version", "good"), [("2.8.0", False), ("2.18.9", False), ("2.19.0", True), ("3.0", True), ("x", False)]
)
def test_nix_is_new_enough(machine: ReadyMachine, version: str, good: bool) -> None:
    """The flake needs 2.19, and a nix that does not tell its version is none; an older one is asked nothing more."""
    machine.nix_says(version=version)
    assert programs.nix(machine.path).good is good
    assert wrong(look(places(machine))) == ([] if good else ["nix"])


@pytest.mark.parametrize(("answer", "good"), [("true", True), ("false", False), ("", False)])
def test_nix_takes_flakes(machine: ReadyMachine, answer: str, good: bool) -> None:
    """A nix without flakes knows no getFlake; one without nix-command does not evaluate at all."""
    machine.nix_says(flakes=answer)
    found = programs.flakes(machine.path)
    assert found.good is good
    assert good or "nix-command flakes" in (found.remedy or "")


def test_nix_reaches_its_store(machine: ReadyMachine) -> None:
    """A nix whose daemon does not answer builds nothing and copies nothing."""
    assert programs.store(machine.path).good
    machine.nix_says(store="1")
    assert "nix-daemon" in (programs.store(machine.path).remedy or "")


@pytest.mark.parametrize(
    ("place", "good"),
    [
        (f"{'0' * 32}-nixos-anywhere-1.13.2", True),
        (f"{'0' * 32}-nixos-anywhere-1.12.0", False),
        (f"{'0' * 32}-nixos-anywhere-1.130.0", False),
        ("somewhere", False),
    ],
)
def test_nixos_anywhere_is_the_one_that_the_builder_knows(tmp_path: Path, place: str, good: bool) -> None:
    """Its place in the store tells its version; it has no option that does, and without that place it is not used."""
    ReadyMachine.program(tmp_path / place / "nixos-anywhere")
    found = programs.nixos_anywhere(str(tmp_path / place))
    assert found.good is good
    assert found.remedy == (None if good else "make machine")


def test_a_nixos_anywhere_that_was_built_here_comes_first(machine: ReadyMachine) -> None:
    """What `make machine` left is looked at, and used, whatever else is on PATH."""
    assert places(machine).path == machine.path
    ReadyMachine.program(machine.out / "nixos-anywhere" / "bin" / "nixos-anywhere")
    assert places(machine).path.startswith(f"{machine.out}/nixos-anywhere/bin:")
    assert wrong(look(places(machine))) == ["nixos-anywhere"]


def test_the_store_paths_are_those_that_were_built(machine: ReadyMachine) -> None:
    """Without the variable `out/` counts; dangling links, paths in the wrong order and of other numbers are refused."""
    assert "nothing is in" in system.store_paths(places(machine, CCC_STORE_PATHS=None)).found
    machine.out.mkdir()
    (machine.out / "toplevel").symlink_to(machine.installed.system)
    (machine.out / "disko").symlink_to(machine.installed.disko)
    assert system.store_paths(places(machine, CCC_STORE_PATHS=None)).good
    paths = [str(machine.installed.disko), str(machine.installed.system)]
    for said in (shlex.join(reversed(paths)), shlex.join(paths[:1]), "a b", "'", shlex.join([paths[0], "/gone"])):
        found = system.store_paths(places(machine, CCC_STORE_PATHS=said))
        assert found.remedy == "unset CCC_STORE_PATHS; make machine", said
    (machine.out / "disko").unlink()
    (machine.out / "disko").symlink_to(machine.out / "gone")
    assert "is no disko script" in system.store_paths(places(machine, CCC_STORE_PATHS=None)).found


def test_b12_the_archive_is_the_one_whose_hash_was_pinned(machine: ReadyMachine, tmp_path: Path) -> None:
    """A path that is none, no file, another file and a file nobody pinned are refused, each in its own words (B12)."""
    here, archive, pin = places(machine), machine.installed.kexec, tmp_path / "pin.json"
    pin.write_text(json.dumps({"url": "https://example.org/k.tar.gz", "sha256": machine.installed.sha256}))
    assert system.kexec(here).good
    unsaid = places(machine, CCC_KEXEC_SHA256=None)
    assert system.kexec(unsaid, pin).good
    pin.write_text(json.dumps({"url": "https://example.org/k.tar.gz", "sha256": None}))
    unpinned = system.kexec(unsaid, pin)
    assert "nothing says which hash" in unpinned.found
    assert (unpinned.remedy or "").startswith(".venv/bin/python -m builder.refresh kexec && ")
    assert "absolute" in system.kexec(places(machine, CCC_KEXEC="kexec.tar.gz")).found
    assert "ends in .tar.gz" in system.kexec(places(machine, CCC_KEXEC=str(machine.installed.disko))).found
    assert "there is no" in system.kexec(places(machine, CCC_KEXEC=None)).found
    archive.write_bytes(b"another")
    assert "has the hash" in system.kexec(here).found
    archive.unlink()
    assert "cannot be read" in system.kexec(here).found


def test_the_archive_in_out_needs_no_variable(machine: ReadyMachine) -> None:
    """`python -m builder.kexec out/kexec.tar.gz` is all that a person does."""
    machine.out.mkdir()
    (machine.out / "kexec.tar.gz").write_bytes(machine.installed.kexec.read_bytes())
    here = places(machine, CCC_KEXEC=None)
    assert here.kexec == machine.out / "kexec.tar.gz"
    assert system.kexec(here).good


def test_the_look_is_a_program_too(machine: ReadyMachine) -> None:
    """`python -m builder.prerequisites OUT` writes what was found as JSON, by its own environment."""
    done = subprocess.run(
        [sys.executable, "-m", "builder.prerequisites", str(machine.out)],
        cwd=CHECKOUT,
        env={**machine.variables, "CCC_KEXEC": "/nowhere/k.tar.gz"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert [each["name"] for each in told if each["remedy"]] == ["CCC_KEXEC"]
    assert told == [finding.document() for finding in look(places(machine, CCC_KEXEC="/nowhere/k.tar.gz"))]


def test_the_pin_that_is_looked_at_is_the_builders() -> None:
    """The hash that a person's archive is compared with is the one that the image is made by."""
    assert CHECKOUT / "builder" / "kexec.json" == PIN
