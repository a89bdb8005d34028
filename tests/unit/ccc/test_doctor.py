"""`ccc doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import json
import secrets
from itertools import pairwise
from pathlib import Path

import pytest

from builder.prerequisites.look import look
from builder.prerequisites.places import Places
from ccc.checked_programs import linux, python
from ccc.checked_provider import public_url
from ccc.commands.doctor import of_machine
from ccc.environment import read_machine_environment
from ccc.finding import Finding, State
from tests.unit.builder.ready_machine import ReadyMachine
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import Reply, Service, problem

FINE = {"store": "ok", "catalogue": "ok", "builds": "ok", "keyring": "ok"}
CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The variables of a machine that has everything for real servers; nixos-anywhere is as nix profiles have it."""
    ready = ReadyMachine(tmp_path / "a machine")
    ready.put_anywhere_on_path()
    return {
        **ready.variables,
        "HCLOUD_TOKEN": secrets.token_hex(32),
        "CCC_PUBLIC_URL": "https://cloud.example.org",
    }


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
        *("Linux", "python", "ssh", "nix", "nix-command flakes", "nix store", "nixos-anywhere", "CCC_STORE_PATHS"),
        "CCC_KEXEC",
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
        *("HCLOUD_ENDPOINT", "ssh", "nix", "nixos-anywhere", "CCC_STORE_PATHS", "CCC_KEXEC")
    ]
    assert all(after.strip().startswith("do: ") for after in wrong.values())
    assert "6 of these are missing" in done.err


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


def test_the_look_is_the_one_of_make_up(machine: dict[str, str]) -> None:
    """What a start would refuse for is what doctor finds, word by word; the token is given to nobody."""
    machine["CCC_KEXEC_SHA256"] = "0" * 64
    environment = read_machine_environment(machine)
    assert machine["HCLOUD_TOKEN"] not in environment.variables.values()
    found = by_name(of_machine(environment, CHECKOUT))
    told = {one.name: one for one in look(Places(variables=machine, out=CHECKOUT / "out"))}
    assert {name: (found[name].found, found[name].remedy) for name in told} == {
        name: (one.found, one.remedy) for name, one in told.items()
    }
    assert found["CCC_KEXEC"].state is State.MISSING


def test_a_ccc_without_a_checkout_says_so(machine: dict[str, str], tmp_path: Path) -> None:
    """Installed alone it cannot look, and one box cannot be started from it."""
    found = by_name(of_machine(read_machine_environment(machine), tmp_path))
    assert found["checkout"].state is State.MISSING


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
