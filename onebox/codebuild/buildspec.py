"""A buildspec, read as far as this stand-in can carry it out, and the shell program that it comes to.

Version 0.2: all commands run in one shell, in the order of the phases; a phase ends at its first command that fails,
`post_build` is still run after a `build` that failed, and whatever failed makes the build FAILED. A field that is not
known here is refused, but `run-as` is taken and not followed: there is only the user who runs this. (AWS: "Build
specification reference for CodeBuild", "Build phase transitions".)
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]  # PyYAML ships no types

PHASES = ("install", "pre_build", "build", "post_build")
_VERSION = "0.2"
_AFTER_FAILED_BUILD = "post_build"


class BuildspecInvalid(Exception):
    """The text is no buildspec, or one with a field that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """Variables that the buildspec sets itself, and the commands of its phases."""

    variables: Mapping[str, str]
    phases: Mapping[str, Sequence[str]]

    def program(self, note: str) -> str:
        """The shell program: says each phase's name at the end of the file `note` before it begins it.

        A phase that fails is followed by `FAILED` and the exit status of the command that failed.
        """
        blocks = [_block(phase, self.phases[phase], note) for phase in PHASES if phase in self.phases]
        return "\n".join(["ccc_failed=", *blocks, '[ -z "$ccc_failed" ]', ""])


def read(text: str) -> Buildspec:
    """The buildspec in a text; BuildspecInvalid."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecInvalid("it is not YAML") from error
    _known(document, {"version", "run-as", "env", "phases"})
    if str(document.get("version")) != _VERSION:
        raise BuildspecInvalid(f"its version is not {_VERSION}")
    environment = _known(document.get("env", {}), {"variables"})
    phases = _known(document.get("phases", {}), set(PHASES))
    if not phases:
        raise BuildspecInvalid("it has no phases")
    return Buildspec(
        variables={name: str(value) for name, value in environment.get("variables", {}).items()},
        phases={name: _commands(name, phase) for name, phase in phases.items()},
    )


def _known(part: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise BuildspecInvalid("a part of it is not a mapping")
    if extra := sorted(map(str, set(part) - names)):
        raise BuildspecInvalid(f"this stand-in does not know {', '.join(extra)}")
    return part


def _commands(name: str, phase: Any) -> tuple[str, ...]:
    commands = _known(phase, {"commands"}).get("commands")
    if not isinstance(commands, list) or not commands or not all(isinstance(each, str) for each in commands):
        raise BuildspecInvalid(f"the commands of {name} are no list of texts")
    return tuple(commands)


def _block(phase: str, commands: Sequence[str], note: str) -> str:
    """One phase: skipped when one before it failed, except that `post_build` is run after a `build` that failed."""
    may_run = '[ "${ccc_failed:-build}" = build ]' if phase == _AFTER_FAILED_BUILD else '[ -z "$ccc_failed" ]'
    chain = " && ".join(f"{{ {command}\n}}" for command in commands)
    place = shlex.quote(note)
    failed = f'{{ echo "FAILED $?" >>{place}; ccc_failed="${{ccc_failed:-{phase}}}"; }}'
    return f"if {may_run}; then\necho {phase.upper()} >>{place}\n{chain} || {failed}\nfi"
