"""The help: every verb has an example, and every example is a command line that parses."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import click
import pytest

from ccc import __version__
from ccc.cli import VERBS, cli
from tests.unit.ccc.command_line import fresh_public_key
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Service, instance

ID = "0123456789ab"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, those of groups included."""
    root = click.Context(cli)
    for verb in cli.list_commands(root):
        command = cli.get_command(root, verb)
        assert command
        yield verb, command
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", inner) for name, inner in command.commands.items())


def examples(command: click.Command) -> list[list[str]]:
    """Return the examples of a command's help as words, redirections cut off."""
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    return [shlex.split(line.partition(" >")[0]) for line in lines if line.startswith("ccc ")]


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_example_parses(environment: dict[str, str], name: str, command: click.Command) -> None:
    """Each verb's help shows at least one command line, of that verb, that the parser accepts."""
    found = examples(command)
    assert found
    for program, *words in found:
        assert program == "ccc"
        assert words[: len(name.split())] == name.split()
        command.make_context(name, words[len(name.split()) :])  # raises for what the parser refuses


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS)])
def test_help_of_every_verb(ccc: Ccc, verb: list[str]) -> None:
    """--help prints to stdout, with the example, and succeeds."""
    done = ccc(*verb, "--help")
    assert done.code == 0
    assert "Example:" in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_verb_takes_the_common_options(name: str, command: click.Command) -> None:
    """Address, token, context and form of output may stand behind any verb."""
    if not isinstance(command, click.Group):
        taken = {option for param in command.params for option in param.opts}
        assert {"--url", "--token", "--context", "--output"} <= taken


def test_the_first_script_anyone_types(ccc: Ccc, service: Service) -> None:
    """Provision, status, list, extend and deprovision pass in this order, as typed in the product's own words."""
    service.plan = [RUNNING]
    provisioned = ccc("provision", "test@example.com", fresh_public_key(), "1", "cpx11")
    made = provisioned.out.splitlines()[0].removeprefix("Instance ID: ")
    assert [ccc(*words).code for words in (["status", made], ["list"], ["extend", made, "4"], ["types"])] == [0] * 4
    service.plan = [{"status": "deleted"}]
    assert ccc("deprovision", made).code == 0


def test_options_before_and_behind_the_verb(ccc: Ccc, service: Service) -> None:
    """The common options mean the same in both places; the one behind the verb wins."""
    service.add(instance(ID))
    for words in (["--output", "json", "status", ID], ["status", ID, "--output", "json"]):
        assert json.loads(ccc(*words).out)["id"] == ID
    assert ccc("--output", "json", "status", ID, "--output", "text").out.startswith("Instance ID")


def test_version(ccc: Ccc) -> None:
    """--version names the program and its version."""
    assert ccc("--version").out == f"ccc, version {__version__}\n"
