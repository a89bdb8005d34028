"""The module itself refuses every bad value with what to do about it, in one sentence and without the value.

`mkCloudInstance` checks values too; these tests go past it, as a host does that imports the module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.nix.machine_facts import VALUES, arguments
from tests.unit.nix.nix_programs import CHECKOUT, MODULE_TREE, NIX, evaluate, needs_nix, refusal, tree_at

pytestmark = needs_nix

CASES: dict[str, Any] = json.loads((NIX / "lib" / "validate-cases.json").read_text())
FIELDS = {"instance_id": "instanceId", "user_ssh_key": "userSshKey", "expires_at": "expiresAt"}
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n"
ADVICE = "an ed25519 key (ssh-keygen -t ed25519), private, public, for example 2030-01-31T18:55:00Z"
A_SENTENCE = 6
"""Spaces in a message that says what to do."""
LONG = 6
"""Shorter words of a value (`10`, `key`) can be words of a sentence too."""

Said = list[dict[str, Any]]


def bad_values() -> list[tuple[str, Any]]:
    """An option and a value that it must not take, from every bad key and every record with one bad field."""
    found = [("userSshKey", case["key"]) for case in CASES["keys"] if not case["nix"] and case["key"] is not None]
    good = next(case["record"] for case in CASES["records"] if case["name"] == CASES["planted"]["case"])
    for case in CASES["records"]:
        record = case["record"] if isinstance(case["record"], dict) and not case["nix"] else {}
        changed = [name for name in FIELDS if record.get(name) is not None and record[name] != good[name]]
        found += [(FIELDS[name], record[name]) for name in changed]
    return [*found, ("instanceId", "BAD ID"), ("instanceId", PRIVATE), ("userSshKey", PRIVATE), ("expiresAt", PRIVATE)]


def parts(value: object) -> set[str]:
    """The words of a value that a message about it must not have."""
    text = value if isinstance(value, str) else json.dumps(value).strip('[]{}"')
    return {word for word in text.split() if len(word) >= LONG and word not in ADVICE}


@pytest.fixture
def said(tmp_path: Path) -> Any:
    """What the module says to each of a list of values: `said(cases)`."""
    tree = tree_at("NIXPKGS_PATH", holding="nixos/lib/eval-config.nix")

    def ask(cases: list[dict[str, Any]]) -> Said:
        file = tmp_path / "cases.json"
        file.write_text(json.dumps(cases))
        given = {"checkout": str(CHECKOUT), "tree": str(tree), "cases": f"builtins.fromJSON (builtins.readFile {file})"}
        words = [word for name, value in given.items() for word in ("--arg", name, value)]
        answer: Said = evaluate(tmp_path, MODULE_TREE / "assertions.nix", *words)
        return answer

    return ask


def test_every_bad_value_is_refused_with_advice(said: Any) -> None:
    """Each bad key, id and end fails exactly its own option's assertion, which says what is wanted instead."""
    bad = bad_values()
    assert {option for option, _ in bad} == set(FIELDS.values())
    answers = said([VALUES | {option: value} for option, value in bad])
    wrong = [
        (option, value, answer["problems"])
        for (option, value), answer in zip(bad, answers, strict=True)
        if [message.split(": ")[0] for message in answer["problems"]] != [f"services.cloudInstance.{option}"]
        or answer["problems"][0].count(" ") < A_SENTENCE
    ]
    assert wrong == []


def test_no_message_repeats_its_value(said: Any) -> None:
    """Whatever was given, none of its words is in what is said about it."""
    bad = bad_values()
    answers = said([VALUES | {option: value} for option, value in bad])
    repeated = [
        (option, value)
        for (option, value), answer in zip(bad, answers, strict=True)
        if any(part in message for part in parts(value) for message in answer["problems"])
    ]
    assert repeated == []


def test_good_values_pass(said: Any) -> None:
    """Every good key passes with an id and an end, and so does a module without values; none warns."""
    good = [VALUES | {"userSshKey": case["key"]} for case in CASES["keys"] if case["nix"]]
    answers = said([{}, *good])
    assert answers == [{"problems": [], "warnings": []}] * (1 + len(good))


def test_end_without_an_instance_is_refused(said: Any) -> None:
    """An end belongs to one instance: by itself it is not taken."""
    (answer,) = said([{"expiresAt": VALUES["expiresAt"]}])
    assert answer["problems"] == [
        "services.cloudInstance.expiresAt: an end belongs to one instance; set instanceId too"
    ]


@pytest.mark.parametrize("given", [["instanceId"], ["userSshKey"], ["instanceId", "userSshKey"]])
def test_values_without_an_end_warn(said: Any, given: list[str]) -> None:
    """A machine with a name or a key of its own and no end is built, and its maker is told that it never ends."""
    (answer,) = said([{name: VALUES[name] for name in given}])
    assert answer["problems"] == []
    (warning,) = answer["warnings"]
    assert "without expiresAt" in warning
    assert "never turns itself off" in warning


def test_assertions_stop_a_whole_system(tmp_path: Path) -> None:
    """In a NixOS system the assertion is what is heard of a bad value: no option's type error comes before it."""
    bad: list[dict[str, Any]] = [
        {"instanceId": value, "expiresAt": VALUES["expiresAt"]}
        for value in ("BAD ID", "", "../../etc", "0123456789ab\n", PRIVATE, ["0123456789ab"])
    ]
    bad += [{"userSshKey": value} for value in ([VALUES["userSshKey"]], {"key": PRIVATE}, 7, PRIVATE)]
    (tmp_path / "cases.json").write_text(json.dumps(bad))
    given = ("--arg", "cases", f"builtins.fromJSON (builtins.readFile {tmp_path}/cases.json)")
    answers = evaluate(tmp_path, MODULE_TREE / "built.nix", *arguments(tmp_path), *given)
    heard = [[message.split(": ")[0] for message in answer["problems"]] for answer in answers]
    assert heard == [[f"services.cloudInstance.{next(iter(values))}"] for values in bad]
    assert [(answer["builds"], answer["hostName"], answer["keys"]) for answer in answers] == [(False, "", [])] * len(
        bad
    )


def test_two_definitions_are_refused_without_their_values(tmp_path: Path) -> None:
    """Two files that give two keys are named; the keys are not."""
    tree = tree_at("NIXPKGS_PATH", holding="nixos/lib/eval-config.nix")
    for name in ("one", "two"):
        text = f'{{ services.cloudInstance.userSshKey = "of-{name}-secret"; }}'
        (tmp_path / f"{name}.nix").write_text(text)
    expression = tmp_path / "both.nix"
    expression.write_text(
        f"(import {tree}/lib).evalModules {{ modules = [ {{ _module.check = false; }}"
        f" {NIX}/modules/cloud-instance.nix ./one.nix ./two.nix ]; }}\n"
    )
    asked = tmp_path / "asked.nix"
    asked.write_text("(import ./both.nix).config.services.cloudInstance.userSshKey\n")
    problem = refusal(tmp_path, asked)
    assert "services.cloudInstance.userSshKey has different values in" in problem
    assert "one.nix" in problem
    assert "-secret" not in problem
