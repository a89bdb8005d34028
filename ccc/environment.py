"""What the process's environment says to the command line: the one file that reads it.

Folders follow the XDG base directory specification: a relative path there is ignored.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECRETS = frozenset({"HCLOUD_TOKEN", "CCC_TOKEN"})
"""Variables that are handed to no other program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The variables that matter; an empty variable counts as absent. `program` is how `bin/ccc` was started."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    config_folder: Path
    cache_folder: Path
    state_folder: Path
    program: str | None = None
    shell: str | None = None
    no_color: bool = False
    dumb_terminal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEnvironment:
    """What decides how `make up` runs here; an empty variable counts as absent. The provider's token is not kept.

    `variables` are all others, for a program that looks further.
    """

    path: str
    token_set: bool
    endpoint: str | None = None
    public_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Return what `variables` say; without an argument, those of this process."""
    if variables is None:
        variables = os.environ  # noqa: TID251 this is the command line's one reader of the environment
    return Environment(
        url=variables.get("CCC_URL") or None,
        token=variables.get("CCC_TOKEN") or None,
        config_folder=_folder(variables, "XDG_CONFIG_HOME", ".config") / "ccc",
        cache_folder=_folder(variables, "XDG_CACHE_HOME", ".cache") / "ccc",
        state_folder=_folder(variables, "XDG_STATE_HOME", ".local/state") / "ccc",
        program=variables.get("CCC_PROGRAM") or None,
        shell=variables.get("SHELL") or None,
        no_color=bool(variables.get("NO_COLOR")),
        dumb_terminal=variables.get("TERM") == "dumb",
    )


def read_machine_environment(variables: Mapping[str, str] | None = None) -> MachineEnvironment:
    """Return what `variables` say to one box; without an argument, those of this process."""
    if variables is None:
        variables = os.environ  # noqa: TID251 same reader, asked by `doctor`
    return MachineEnvironment(
        path=variables.get("PATH") or os.defpath,
        token_set=bool(variables.get("HCLOUD_TOKEN")),
        endpoint=variables.get("HCLOUD_ENDPOINT") or None,
        public_url=variables.get("CCC_PUBLIC_URL") or None,
        variables={name: value for name, value in variables.items() if name not in SECRETS},
    )


def completion_request(name: str) -> str | None:
    """Return the shell's request for completions (`bash_complete` and the like), or None."""
    return os.environ.get(name)  # noqa: TID251 same reader, asked by the completion script


def _folder(variables: Mapping[str, str], name: str, under_home: str) -> Path:
    said = Path(variables.get(name, ""))
    return said if said.is_absolute() else Path(variables.get("HOME") or Path.home()) / under_home
