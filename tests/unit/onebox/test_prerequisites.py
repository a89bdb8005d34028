"""A start with a real token: all it needs is looked at first, what can be built is built, and else it refuses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from builder import kexec_pin
from builder.prerequisites.places import Places
from onebox import machine_build
from onebox.machine_build import NotBuilt, fetch_archive
from onebox.prerequisites import Missing, check_machine
from onebox.settings import box_settings
from tests.unit.builder.ready_machine import ReadyMachine
from tests.unit.builder.test_faults import served

BUILDS = [
    f"--extra-experimental-features nix-command flakes build .#{part} --out-link "
    for part in ("toplevel", "disko", "nixos-anywhere")
]


@pytest.fixture
def machine(tmp_path: Path) -> ReadyMachine:
    """A machine with nix that has built nothing yet; its archive is there, and its hash named."""
    return ReadyMachine(tmp_path)


def check(machine: ReadyMachine, **changes: str) -> None:
    """Look at the machine as a start with a real token does."""
    given = {name: value for name, value in machine.variables.items() if name != "CCC_STORE_PATHS"}
    check_machine(box_settings({"HCLOUD_TOKEN": "t", **given, **changes}), machine.out)


def built(machine: ReadyMachine) -> list[str]:
    """The `nix build` calls."""
    return [call for call in machine.nix_calls if " build " in call]


def test_without_nix_one_list_says_what_to_install(tmp_path: Path) -> None:
    """A bare machine with a token is refused with everything that is missing, each with its remedy."""
    settings = box_settings({"HCLOUD_TOKEN": "t", "PATH": str(tmp_path)})
    with pytest.raises(Missing) as told:
        check_machine(settings, tmp_path / "out")
    text = str(told.value)
    lines = text.splitlines()
    names = [line.split("  ")[1] for line in lines[1:-1:2]]
    assert names == ["ssh", "nix", "nixos-anywhere", "CCC_STORE_PATHS", "CCC_KEXEC"]
    assert all(line.strip().startswith("do: ") for line in lines[2:-1:2])
    assert "https://nixos.org/download" in text
    assert "unset HCLOUD_TOKEN" in lines[-1]


def test_the_emulator_needs_none_of_it(tmp_path: Path) -> None:
    """Without a token nothing of nix is looked for."""
    check_machine(box_settings({"PATH": str(tmp_path)}), tmp_path / "out")


def test_the_first_start_builds_what_is_not_there(machine: ReadyMachine) -> None:
    """System, disko script and nixos-anywhere are built out of the flake, once: the next start finds them."""
    check(machine)
    assert [call.removesuffix(str(machine.out / call.split("/")[-1])) for call in built(machine)] == BUILDS
    here = Places(variables={"PATH": machine.path}, out=machine.out)
    assert [path.resolve() for path in here.store_paths] == [machine.installed.disko, machine.installed.system]
    assert here.path.startswith(str(machine.out / "nixos-anywhere" / "bin"))
    check(machine)
    assert len(built(machine)) == len(BUILDS)


def test_only_what_is_missing_is_built(machine: ReadyMachine) -> None:
    """With the system named by its variable nixos-anywhere alone is built."""
    check(machine, CCC_STORE_PATHS=machine.variables["CCC_STORE_PATHS"])
    assert [call.split()[4] for call in built(machine)] == [".#nixos-anywhere"]


def test_nothing_is_built_for_a_start_that_is_refused_anyway(machine: ReadyMachine) -> None:
    """Where something is missing that no build mends, everything is told at once and half an hour is saved."""
    (machine.programs / "ssh-copy-id").unlink()
    with pytest.raises(Missing, match=r"(?s)ssh-copy-id is not on PATH.*nixos-anywhere.*CCC_STORE_PATHS"):
        check(machine)
    assert built(machine) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"CCC_STORE_PATHS": "/nowhere/disko /nowhere/system"},
        {"CCC_KEXEC": "/nowhere/kexec.tar.gz"},
        {"CCC_KEXEC_SHA256": "0" * 64},
    ],
)
def test_what_a_person_named_is_not_replaced_by_a_build(machine: ReadyMachine, changes: dict[str, str]) -> None:
    """A variable that leads nowhere, or to another archive, is told and not built around."""
    with pytest.raises(Missing, match="nowhere" if "0" * 64 not in changes.values() else "has the hash"):
        check(machine, **changes)
    assert built(machine) == []


def test_an_older_nixos_anywhere_is_replaced(machine: ReadyMachine) -> None:
    """One on PATH in another version is not used: the flake's is built and comes before it."""
    machine.program(machine.programs / f"{'0' * 32}-nixos-anywhere-1.12.0" / "nixos-anywhere")
    older = machine.programs / f"{'0' * 32}-nixos-anywhere-1.12.0"
    check(machine, PATH=f"{older}:{machine.path}")
    assert ".#nixos-anywhere" in built(machine)[-1]


def test_a_build_that_fails_is_told(machine: ReadyMachine) -> None:
    """What nix could not build is named, and nothing is started."""
    machine.break_builds()
    with pytest.raises(Missing, match="nix could not build toplevel"):
        check(machine)


def test_a_build_that_makes_something_else_is_seen(machine: ReadyMachine) -> None:
    """After a build everything is looked at again."""
    machine.named({"disko": "s-system"})
    with pytest.raises(Missing, match="is no disko script"):
        check(machine)


def test_b12_the_archive_is_fetched_by_its_pin(tmp_path: Path) -> None:
    """It is fetched once, and again when the one that is there is another; without a pin it is not fetched (B12)."""
    out, pin = tmp_path / "out", tmp_path / "pin.json"
    with served(b"the installer") as url:
        pin.write_text(json.dumps({"url": url, "sha256": hashlib.sha256(b"the installer").hexdigest()}))
        fetch_archive(out, pin)
        (out / "kexec.tar.gz").write_bytes(b"altered")
        fetch_archive(out, pin)
        assert (out / "kexec.tar.gz").read_bytes() == b"the installer"
    fetch_archive(out, pin)  # nobody is asked for what is there
    pin.write_text(json.dumps({"url": "http://127.0.0.1:9/", "sha256": None}))
    with pytest.raises(NotBuilt, match=r"builder\.refresh kexec"):
        fetch_archive(out, pin)


def test_the_flake_is_built_where_it_lies(machine: ReadyMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder `make up` was typed in, nix is asked for the checkout's outputs."""
    machine.program(machine.programs / "nix.build", "#!/bin/sh\ncat flake.nix >/dev/null || exit 1\n")
    monkeypatch.chdir(machine.programs)
    machine_build.build(["toplevel"], machine.variables, machine.out)
    assert len(built(machine)) == 1


def test_the_pin_of_the_checkout_decides_whether_an_archive_can_be_had(machine: ReadyMachine) -> None:
    """Without an archive in `out/` a start asks for the pin first, or fetches by it."""
    if kexec_pin.expected(None) is not None:
        pytest.skip("the archive is pinned: this start would fetch it")
    given = {name: value for name, value in machine.variables.items() if not name.startswith("CCC_KEXEC")}
    with pytest.raises(Missing, match=r"(?s)CCC_KEXEC.*builder\.refresh kexec && .*builder\.kexec out/kexec"):
        check_machine(box_settings({"HCLOUD_TOKEN": "t", **given}), machine.out)
    assert built(machine) == []
