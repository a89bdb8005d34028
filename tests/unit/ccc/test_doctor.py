"""`ccc doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from ccc.checked_programs import flakes, linux, nix, nixos_anywhere, python
from ccc.checked_provider import public_url
from ccc.checked_system import kexec, store_paths
from ccc.commands.doctor import of_machine
from ccc.environment import read_machine_environment
from ccc.finding import Finding, State
from ccc.pins import CHECKOUT, Pins, read_pins
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import Reply, Service, problem

FINE = {"store": "ok", "catalogue": "ok", "builds": "ok", "keyring": "ok"}
NIX = """case $1 in --version) echo "nix (Nix) $VERSION";; eval) echo "$FLAKES";; esac"""
ARCHIVE = b"the installer"
PINS = Pins(version="1.13", source="github:a/b/c", kexec_sha256=hashlib.sha256(ARCHIVE).hexdigest())


def program(folder: Path, name: str, script: str = "") -> Path:
    """Put a program into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def nix_saying(folder: Path, version: str, flakes: str = "true") -> str:
    """Put a nix into a folder, and return the folder as a PATH."""
    program(folder, "nix", f"VERSION={version} FLAKES={flakes}\n{NIX}")
    return str(folder)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The variables of a machine that has everything for real servers; nixos-anywhere is as nix profiles have it."""
    programs = tmp_path / "bin"
    nix_saying(programs, "2.24.1")
    program(programs, "ssh")
    stored = program(tmp_path / f"{'0' * 32}-nixos-anywhere-1.13.0" / "bin", "nixos-anywhere")
    (programs / "nixos-anywhere").symlink_to(stored)
    built(tmp_path / "a store")
    (tmp_path / "kexec.tar.gz").write_bytes(ARCHIVE)
    return {
        "PATH": str(programs),
        "HCLOUD_TOKEN": secrets.token_hex(32),
        "CCC_STORE_PATHS": shlex.join([str(tmp_path / "a store/disko"), str(tmp_path / "a store/toplevel")]),
        "CCC_KEXEC": str(tmp_path / "kexec.tar.gz"),
        "CCC_PUBLIC_URL": "https://cloud.example.org",
    }


def built(folder: Path) -> None:
    """Put what `make machine` builds into a folder."""
    program(folder, "disko")
    (folder / "toplevel").mkdir()
    (folder / "toplevel/nixos-version").write_text("26.05", encoding="utf-8")


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    """The findings by what was looked for."""
    return {finding.name: finding for finding in findings}


def test_with_everything_there_nothing_is_missing(
    ccc: Ccc, service: Service, machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is ready for real servers gets exit code 0, and the token is in no output."""
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    service.reply_next(
        *(Reply(status=200, document={"status": "ok", "checks": FINE}) for _ in range(2)),
    )
    done, document = ccc("doctor"), ccc("doctor", "--output", "json")
    assert (done.code, done.err, document.code) == (0, "", 0)
    told = json.loads(document.out)
    assert (told["ok"], told["provider"]) == (True, "hetzner")
    assert {check["name"] for check in told["checks"] if check["state"] == "ok"} >= {
        *("Linux", "python", "ssh", "nix", "nix-command flakes", "nixos-anywhere", "CCC_STORE_PATHS"),
        *("HCLOUD_TOKEN", "HCLOUD_ENDPOINT", "CCC_PUBLIC_URL", "service", "service: store", "service: builds"),
    }
    assert machine["HCLOUD_TOKEN"] not in done.out + document.out


def test_without_a_token_the_emulator_is_enough(ccc: Ccc, service: Service) -> None:
    """Nothing about nix is asked for, and nothing is missing."""
    service.reply_next(Reply(status=200, document={"status": "ok", "checks": FINE}))
    done = ccc("doctor")
    assert (done.code, done.err) == (0, "")
    assert "the emulator is used, and nothing else is needed" in done.out
    assert "nixos-anywhere" not in done.out


def test_everything_that_is_missing_is_named_with_its_remedy(
    ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bare machine with a token gets exit code 1, one line for each thing and one for its remedy."""
    service.reply_next(Reply(status=200, document={"status": "ok", "checks": FINE}))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HCLOUD_TOKEN", "t")
    monkeypatch.setenv("HCLOUD_ENDPOINT", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("CCC_STORE_PATHS", f"{tmp_path}/a {tmp_path}/b")
    done = ccc("doctor")
    assert done.code == 1
    lines = done.out.splitlines()
    wrong = {" ".join(line.split()[1:3]): after for line, after in pairwise(lines) if "missing" in line}
    assert [name.split()[0] for name in wrong] == [
        *("ssh", "HCLOUD_ENDPOINT", "nix", "nix-command", "nixos-anywhere", "CCC_STORE_PATHS", "CCC_KEXEC")
    ]
    assert all(after.strip().startswith("do: ") for after in wrong.values())
    assert "7 of these are missing" in done.err


def test_what_the_service_says_of_itself_is_shown(ccc: Ccc, service: Service) -> None:
    """A dependency that fails has its sentence, a remedy, and exit code 1."""
    checks = {**FINE, "builds": "builds are held back"}
    service.reply_next(problem(503, "not_ready", "Not ready: builds.", checks=checks))
    done = ccc("doctor", "--output", "json")
    assert done.code == 1
    told = {check["name"]: check for check in json.loads(done.out)["checks"]}
    assert told["service: builds"]["found"] == "builds are held back"
    assert told["service: builds"]["remedy"].startswith("ccc list --all")
    assert told["service: store"]["state"] == "ok"
    assert [(asked.method, asked.path) for asked in service.asked] == [("GET", "/health/ready")]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=200, document={"hello": "there"}), "holds no checks"),
        (Reply(status=503, raw=b"<html>"), "does not say how it is"),
        (problem(404, "not_found", "There is no such thing."), "does not say how it is"),
    ],
)
def test_something_else_at_the_address_is_only_a_note(ccc: Ccc, service: Service, reply: Reply, said: str) -> None:
    """What is not this service stops no start."""
    service.reply_next(*[reply] * 4)
    done = ccc("doctor")
    assert done.code == 0
    assert said in done.out


def test_a_service_that_is_not_there_is_only_a_note(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before `make up` nothing answers, and nothing is known: neither is an error."""
    monkeypatch.setenv("CCC_URL", "http://127.0.0.1:9")
    assert "nothing answers at http://127.0.0.1:9" in ccc("doctor").out
    monkeypatch.delenv("CCC_URL")
    monkeypatch.delenv("CCC_TOKEN")
    done = ccc("doctor")
    assert done.code == 0
    assert "No service is known" in done.out


def test_an_empty_token_is_none() -> None:
    """An empty variable counts as absent, here as in one box."""
    names = [finding.name for finding in of_machine(read_machine_environment({"HCLOUD_TOKEN": ""}), CHECKOUT)]
    assert names == ["Linux", "python", "ssh", "HCLOUD_TOKEN"]


def test_a_ccc_without_a_checkout_says_so(machine: dict[str, str], tmp_path: Path) -> None:
    """Installed alone it knows no pins, and one box cannot be started from it."""
    found = by_name(of_machine(read_machine_environment(machine), tmp_path))
    assert found["checkout"].state is State.MISSING


def test_the_pins_are_the_builders() -> None:
    """Version and source come from the Dockerfile that the cloud's builder is made by."""
    pins = read_pins(CHECKOUT)
    assert pins is not None
    assert pins.version == "1.13"
    assert pins.source.startswith("github:nix-community/nixos-anywhere/")
    assert "?narHash=sha256-" in pins.source
    assert pins.kexec_sha256 == json.loads((CHECKOUT / "builder/kexec.json").read_text())["sha256"]


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (linux("linux"), State.OK),
        (linux("darwin"), State.MISSING),
        (python((3, 10)), State.MISSING),
        (python((3, 11)), State.OK),
        (python((3, 13)), State.OK),
        (python((3, 14)), State.MISSING),
        (public_url(None), State.NOTE),
        (public_url("http://localhost:8000"), State.NOTE),
        (public_url("http://127.0.0.2:8000"), State.NOTE),
        (public_url("https://cloud.example.org/x"), State.OK),
        (public_url("cloud.example.org"), State.MISSING),
        (public_url("http://[::1"), State.MISSING),
    ],
)
def test_what_needs_no_file(finding: Finding, state: State) -> None:
    """System, Python and address are judged by their values alone."""
    assert finding.state is state
    assert (finding.remedy is None) is (state is State.OK)


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("2.8.0", State.MISSING),
        ("2.18.9", State.MISSING),
        ("2.19.0", State.OK),
        ("3.0", State.OK),
        ("x", State.MISSING),
    ],
)
def test_nix_is_new_enough(tmp_path: Path, version: str, state: State) -> None:
    """The flake needs 2.19."""
    assert nix(nix_saying(tmp_path, version)).state is state


@pytest.mark.parametrize(
    ("answer", "state"), [("true", State.OK), ("false", State.MISSING), ("; exit 1", State.MISSING)]
)
def test_nix_takes_flakes(tmp_path: Path, answer: str, state: State) -> None:
    """A nix without flakes knows no getFlake; one without nix-command does not evaluate at all."""
    found = flakes(nix_saying(tmp_path, "2.24.1", answer))
    assert found.state is state
    assert (found.remedy or "nix-command flakes").find("nix-command flakes") >= 0


@pytest.mark.parametrize(
    ("place", "state"),
    [
        (f"{'0' * 32}-nixos-anywhere-1.13.2", State.OK),
        (f"{'0' * 32}-nixos-anywhere-1.12.0", State.MISSING),
        (f"{'0' * 32}-nixos-anywhere-1.130.0", State.MISSING),
        ("somewhere", State.NOTE),
    ],
)
def test_nixos_anywhere_is_the_pinned_one(tmp_path: Path, place: str, state: State) -> None:
    """Its place in the store tells its version; it has no option that does."""
    program(tmp_path / place, "nixos-anywhere")
    found = nixos_anywhere(str(tmp_path / place), PINS)
    assert found.state is state
    assert found.remedy == (None if state is State.OK else "nix profile install 'github:a/b/c#nixos-anywhere'")


def test_the_store_paths_are_those_that_were_built(tmp_path: Path) -> None:
    """Without the variable `out/` counts; dangling links and paths in the wrong order are refused."""
    assert store_paths(None, tmp_path).state is State.MISSING
    built(tmp_path / "out")
    assert store_paths(None, tmp_path).state is State.OK
    paths = [str(tmp_path / "out/disko"), str(tmp_path / "out/toplevel")]
    assert store_paths(shlex.join(paths), tmp_path / "x").state is State.OK
    for wrong in (shlex.join(reversed(paths)), paths[0], "a b", "'", f"{paths[0]} {tmp_path}/gone"):
        assert store_paths(wrong, tmp_path).state is State.MISSING
    (tmp_path / "out/disko").unlink()
    (tmp_path / "out/disko").symlink_to(tmp_path / "gone")
    assert "is no disko script" in store_paths(None, tmp_path).found


def test_the_installer_is_the_pinned_one(tmp_path: Path) -> None:
    """Its hash decides; without a pinned hash that is said."""
    path = tmp_path / "kexec.tar.gz"
    assert kexec(None, PINS).state is State.MISSING
    assert kexec(str(path), PINS).state is State.MISSING
    assert kexec("kexec.tar.gz", PINS).state is State.MISSING
    path.write_bytes(ARCHIVE)
    assert kexec(str(path), PINS).state is State.OK
    unpinned = Pins(version="1.13", source="x", kexec_sha256=None)
    assert kexec(str(path), unpinned).state is State.NOTE
    assert "builder.refresh" in (kexec(None, unpinned).remedy or "")
    path.write_bytes(b"another")
    assert kexec(str(path), PINS).state is State.MISSING
