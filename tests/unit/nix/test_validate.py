"""nix/lib/validate.nix and the service's own parser judge the same cases, and differ only where a reason is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_blob import TYPES
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.nix.nix_programs import NIX, evaluate, needs_nix, refusal

CASES: dict[str, list[dict[str, Any]]] = json.loads((NIX / "lib" / "validate-cases.json").read_text())
KEYS, RECORDS = CASES["keys"], CASES["records"]


def parsed(text: object) -> SshPublicKey | None:
    """The key as the service reads it; None when it is refused."""
    try:
        return SshPublicKey.parse(text)
    except InvalidInput:
        return None


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bool]]:
    """What Nix says to all cases, in their order."""
    answer: dict[str, list[bool]] = evaluate(tmp_path_factory.mktemp("nix"), NIX / "checks" / "verdicts.nix")
    return answer


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case["name"])
def test_service_judges_key(case: dict[str, Any]) -> None:
    """The service's parser gives the verdict that the case says."""
    assert (parsed(case["key"]) is not None) == case["python"]


@needs_nix
def test_nix_judges_every_key(verdicts: dict[str, list[bool]]) -> None:
    """validate.nix gives the verdict that each case says."""
    pairs = zip(KEYS, verdicts["keys"], strict=True)
    assert [case["name"] for case, verdict in pairs if verdict != case["nix"]] == []


@needs_nix
def test_nix_judges_every_record(verdicts: dict[str, list[bool]]) -> None:
    """validate.nix gives the verdict that each record's case says."""
    pairs = zip(RECORDS, verdicts["records"], strict=True)
    assert [case["name"] for case, verdict in pairs if verdict != case["nix"]] == []


def test_verdicts_differ_only_for_a_reason() -> None:
    """A case has a reason exactly when the two verdicts differ."""
    assert [case["name"] for case in KEYS if ("why" in case) != (case["nix"] != case["python"])] == []


def test_cases_have_a_good_key_of_every_type() -> None:
    """Every type the service takes is among the cases that both take."""
    good = {case["key"].split()[0] for case in KEYS if case["nix"] and case["python"]}
    assert good == TYPES


def test_cases_are_told_apart_by_name() -> None:
    """No two cases have one name, so that a failure says which one it is."""
    names = [case["name"] for case in KEYS + RECORDS]
    assert sorted(set(names)) == sorted(names)


@needs_nix
def test_nix_takes_what_the_service_writes(tmp_path: Path) -> None:
    """Whatever the service takes, the line it writes to a machine is good for Nix."""
    keys = [key for case in KEYS if (key := parsed(case["key"])) is not None]
    lines = tmp_path / "lines.json"
    lines.write_text(json.dumps([key.line("cc-0123456789ab") for key in keys]))
    expression = tmp_path / "all.nix"
    expression.write_text(
        f"map (import {NIX}/lib/validate.nix).keyProblem (builtins.fromJSON (builtins.readFile {lines}))\n"
    )
    assert evaluate(tmp_path, expression) == [None] * len(keys)
    assert len(keys) > len(TYPES)


@needs_nix
def test_problems_never_repeat_the_key(tmp_path: Path) -> None:
    """What is wrong with a key is said without the key: somebody may have given their private one."""
    keys = [case["key"] for case in KEYS if isinstance(case["key"], str) and not case["nix"]]
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    expression = tmp_path / "problems.nix"
    expression.write_text(
        f"map (import {NIX}/lib/validate.nix).keyProblem (builtins.fromJSON (builtins.readFile {tmp_path}/keys.json))\n"
    )
    problems = evaluate(tmp_path, expression)
    parts = {part for key in keys for part in key.split() if len(part) > len("sk-ssh-ed25519@openssh.com")}
    assert len(parts) > 20
    assert [problem for problem in problems if problem is None or any(part in problem for part in parts)] == []


@needs_nix
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"hostname": "x"}, "no other fields"),
        ({"instance_id": "x"}, "instance_id: "),
        ({"box_token": "ccc_box_" + "A" * 43}, "box_token: the Nix store is readable by everybody"),
    ],
    ids=["a good one", "an unknown field", "a bad id", "a token"],
)
def test_record_for_a_build_is_read_or_refused(tmp_path: Path, change: dict[str, str], said: str | None) -> None:
    """A build gets the three values of a sound record without a token; every other is refused."""
    good = next(case["record"] for case in RECORDS if case["name"] == "the least")
    (tmp_path / "instance.json").write_text(json.dumps(good | change))
    expression = tmp_path / "read.nix"
    expression.write_text(f"(import {NIX}/lib/validate.nix).readRecord {tmp_path}/instance.json\n")
    if said is None:
        expected = {"instanceId": good["instance_id"], "userSshKey": good["user_ssh_key"], "expiresAt": None}
        assert evaluate(tmp_path, expression) == expected
    else:
        assert said in refusal(tmp_path, expression)


@needs_nix
@pytest.mark.parametrize("field", ["instance_id", "user_ssh_key", "expires_at"])
def test_record_with_a_nul_is_refused(tmp_path: Path, field: str) -> None:
    """A NUL behind a good value is refused before Nix cuts it off, and the value is not repeated."""
    good = next(case["record"] for case in RECORDS if case["name"] == "with an end")
    without_service = {name: good[name] for name in ("instance_id", "user_ssh_key", "expires_at")}
    text = json.dumps(without_service | {field: good[field] + "\0; rm -rf /"})
    (tmp_path / "instance.json").write_text(text)
    expression = tmp_path / "read.nix"
    expression.write_text(f"(import {NIX}/lib/validate.nix).readRecord {tmp_path}/instance.json\n")
    problem = refusal(tmp_path, expression)
    assert "NUL" in problem
    assert good[field] not in problem


def test_service_refuses_a_nul() -> None:
    """The service's parser has refused a NUL anywhere in a key long before a record is written."""
    good = next(case["key"] for case in KEYS if case["name"] == "ed25519 with our comment")
    assert [parsed(text) for text in (good + "\0", "\0" + good, good.replace(" ", "\0 ", 1), good[:30] + "\0")] == [
        None
    ] * 4
