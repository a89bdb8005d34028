"""The commands that a page of the documentation tells people to type, and what is wrong with each.

A command is known to be right by what carries it out: a target and its variables by the Makefile, a verb of `ccc` by
click, an operation of `aws` by botocore's model, a module of ours by its file.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import click
from botocore import xform_name
from make_secrets import _parser as parser_of_secrets

from ccc.cli import cli

ROOT = Path(__file__).resolve().parents[3]
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
BETWEEN = re.compile(r"\s*(?:;|&&|\||\n|\$\()\s*")
COMMENT = re.compile(r"\s+#\s.*")
OF_A_STAGE = frozenset({"package", "secrets", "deploy", "smoke", "destroy"})
"""Targets that work on a stage, and on another one than was meant where none is named."""

ONLY_IN_THE_CLI = {"ecr get-login-password": frozenset[str]()}
"""Commands of `aws` that are no operation of a service."""

EVERYWHERE = frozenset({"output", "region", "query", "profile", "cli-input-json"})


def commands(page: str) -> Iterator[list[str]]:
    """Every command in code, as words; what is wrapped at a line's end is one all the same."""
    blocks = [each.replace("\\\n", " ") for each in FENCE.findall(page)]
    spans = [re.sub(r"\s+", " ", each) for each in SPAN.findall(FENCE.sub("", page))]
    for text in (*blocks, *spans):
        for each in BETWEEN.split(text):
            words = _words(COMMENT.sub("", each))
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            program = words[0].removeprefix(".venv/bin/") if words else ""
            if len(words) > 1 and program in {"make", "ccc", "aws", "python"}:
                yield [program, *words[1:]]


def _words(command: str) -> list[str]:
    """Split at spaces outside quotes; quotes go."""
    found = re.findall(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", command)
    return [re.sub(r"[\"']", "", each) for each in found]


def wrong(words: list[str], *, stage_needed: bool) -> Iterator[str]:
    """A sentence for everything that is wrong with a command; `stage_needed`: where it works on one, it names it."""
    judges = {"make": _of_make, "ccc": _of_ccc, "aws": _of_aws, "python": _of_python}
    found = list(judges[words[0]](words[1:]))
    named = any(each.startswith("STAGE=") for each in words)
    if stage_needed and words[0] == "make" and words[1] in OF_A_STAGE and not named:
        found.append("it names no stage")
    yield from (f"{' '.join(words)}: {each}" for each in found)


def settings(page: str) -> Iterator[str]:
    """A sentence for every `NAME=value` in code that stands by itself and is no variable of anything of ours."""
    known = _parameters() | _documented() | set(re.findall(r"\$\((?:if )?([A-Z_]+)\)", "".join(_recipes().values())))
    for each in SPAN.findall(FENCE.sub("", page)):
        name = re.fullmatch(r"([A-Za-z_]+)=\S*", each)
        if name and name[1] not in known:
            yield f"{each}: nobody knows {name[1]}"


def _of_make(words: list[str]) -> Iterator[str]:
    target, given = words[0], [each.partition("=") for each in words[1:]]
    recipes = _recipes()
    if target not in recipes:
        yield "there is no such target"
        return
    for name, equals, value in given:
        if not equals:
            yield f"{name} is no variable"
        elif f"$({name})" not in recipes[target]:
            yield f"the target does not know {name}"
        elif name in _VALUES:
            yield from (f"{name} is not {each}" for each in value.split() if not _is_known(name, each))


def _is_known(name: str, value: str) -> bool:
    return value in {"…", "NAME"} or value.partition("=")[0] in _VALUES[name]()


def _stages() -> frozenset[str]:
    return frozenset(json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))["stages"])


def _parameters() -> frozenset[str]:
    return frozenset(json.loads((ROOT / ".chalice" / "resources.json").read_text("utf-8"))["Parameters"])


def _documented() -> frozenset[str]:
    """The product's settings, and those of one box; their pages are held against the code elsewhere."""
    pages = (ROOT / "docs" / name for name in ("settings.md", "real-provider.md", "rehearsal.md"))
    return frozenset(name for page in pages for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", page.read_text("utf-8")))


def _rotated() -> frozenset[str]:
    (rotate,) = (each for each in parser_of_secrets()._actions if each.dest == "rotate")
    return frozenset(rotate.choices or ())


_VALUES = {"STAGE": _stages, "PARAMETERS": _parameters, "ROTATE": _rotated}


@functools.cache
def _recipes() -> dict[str, str]:
    """What each target of the Makefile does; the variables that make itself hands on are in none of them."""
    text = (ROOT / "Makefile").read_text("utf-8")
    found = re.findall(r"^([a-z][a-z0-9-]*):(?!=)[^\n]*\n((?:\t[^\n]*\n)*)", text, re.MULTILINE)
    return dict(found)


def _of_ccc(words: list[str]) -> Iterator[str]:
    command: click.Command = cli
    flags = _flags(cli)
    for word in words:
        if word.startswith("-"):
            if word.partition("=")[0] not in flags:
                yield f"there is no flag {word}"
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                yield f"there is no verb {word}"
                return
            command, flags = found, flags | _flags(found)


def _flags(command: click.Command) -> set[str]:
    context = click.Context(command)
    return {each for parameter in command.get_params(context) for each in (*parameter.opts, *parameter.secondary_opts)}


def _of_aws(words: list[str]) -> Iterator[str]:
    known = _members(*words[:3]) if words[1] == "wait" else _members(*words[:2])
    if known is None:
        yield "there is no such operation"
        return
    for flag in (each[2:] for each in words[2:] if each.startswith("--")):
        if flag.removeprefix("no-") not in known | EVERYWHERE:
            yield f"it has no member {flag}"


@functools.cache
def _members(service: str, operation: str, waiter: str = "") -> frozenset[str] | None:
    """The members of an operation's request, or of the one that a waiter repeats; None when there is no such thing."""
    session = botocore.session.get_session()
    if f"{service} {operation}" in ONLY_IN_THE_CLI or service not in session.get_available_services():
        return ONLY_IN_THE_CLI.get(f"{service} {operation}")
    model = session.get_service_model(service)
    names = {_cli(name): name for name in model.operation_names}
    if waiter:
        waiters = session.get_waiter_model(service)
        names = {_cli(each): waiters.get_waiter(each).operation for each in waiters.waiter_names}
    if (waiter or operation) not in names:
        return None
    shape = model.operation_model(names[waiter or operation]).input_shape
    return frozenset(_cli(each) for each in shape.members) if shape else frozenset()


def _cli(name: str) -> str:
    return str(xform_name(name, "-"))


def _of_python(words: list[str]) -> Iterator[str]:
    if words[0] == "-m" and words[1] not in {"pytest", "venv"}:
        place = ROOT.joinpath(*words[1].split("."))
        if not place.with_suffix(".py").is_file() and not (place / "__main__.py").is_file():
            yield "there is no such module"
