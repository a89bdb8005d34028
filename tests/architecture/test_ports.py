"""Every port has a fake and a contract suite; what has none is named here with its reason."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import ROOT, imports, modules, parsed

FAKES = {
    "Instances": "memory_table",
    "Servers": "servers",
    "Installer": "installer",
    "Mailer": "mailer",
    "Probe": "probe",
    "Nudge": "nudge",
    "Keyring": "keyring",
    "Identities": "identities",
    "Catalogue": "memory_table",
    "Breaker": "memory_table",
    "Durations": "memory_table",
    "Stack": "memory_table",
    "Runs": "memory_table",
    "Alarms": "alarms",
    "Audit": "memory_table",
    "Ids": "ids",
    "Clock": "clock",
}
"""The file in tests/fakes; the ports of storage are written once over `Table`, so the table is the fake of all."""

NO_FAKE = {"Letters": "rendering has no effect: whoever needs letters takes the real renderer"}

NO_CONTRACT = {
    "Letters": "there is one renderer, and its own tests read every letter",
    "Ids": "one method without an argument: there is nothing in which two sources of chance could differ",
}


def ports() -> set[str]:
    """The names of all Protocols in the folder of ports."""
    return set(_protocols())


def _protocols() -> dict[str, ast.ClassDef]:
    return {
        node.name: node
        for file in sorted((ROOT / "chalicelib/operations/ports").glob("*.py"))
        for node in parsed(file).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    }


def test_every_port_has_a_fake_or_a_reason() -> None:
    """The table names each port once, and each file that it names is there."""
    assert set(FAKES) | set(NO_FAKE) == ports()
    assert not set(FAKES) & set(NO_FAKE)
    assert set(FAKES.values()) <= modules("tests/fakes")


@pytest.mark.parametrize("port", sorted(ports()))
def test_every_port_has_a_contract_or_a_reason(port: str) -> None:
    """`tests/contract/test_<port>.py` is there, exactly where no reason is given."""
    assert (f"test_{port.lower()}" in modules("tests/contract")) is (port not in NO_CONTRACT)


@pytest.mark.parametrize("port", sorted(set(FAKES) - set(NO_CONTRACT)))
def test_the_contract_is_held_against_the_fake(port: str) -> None:
    """A fake cannot lie: its contract suite imports it, itself or through the suite's own benches."""
    folder = ROOT / "tests/contract"
    suite = folder / f"test_{port.lower()}.py"
    read = imports(suite)
    for bench in sorted(folder.glob("*.py")):
        if bench.stem == "conftest" or f"tests.contract.{bench.stem}" in read:
            read = read | imports(bench)
    assert f"tests.fakes.{FAKES[port]}" in read


def test_every_port_is_a_field_of_the_services() -> None:
    """What a verb may use is in `Services`, and nothing of it is left over."""
    tree = parsed(ROOT / "chalicelib/operations/services.py")
    named = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    used = {node.attr for node in named if isinstance(node.value, ast.Name) and node.value.id == "ports"}
    assert used == ports()


@pytest.mark.parametrize("port", sorted(ports()))
def test_every_port_says_what_its_failures_mean(port: str) -> None:
    """A port and each of its methods have a docstring: an adapter is written from it."""
    found = _protocols()[port]
    methods = [node for node in found.body if isinstance(node, ast.FunctionDef)]
    assert methods
    assert ast.get_docstring(found)
    assert all(ast.get_docstring(method) for method in methods)
