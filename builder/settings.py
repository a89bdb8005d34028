"""The environment of one job, read once and checked whole, before the claim: the only file of a job that looks at it.

Nothing here is a default for a URL, a path or a secret: who starts the job knows them. What is named is looked for: a
job that lacks a part must not cost a server that waits for it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from builder import kexec_pin
from builder.errors import SettingsInvalid
from builder.failpoint import Failpoint
from builder.plain_folder import plain_folder

_ID = re.compile(r"[0-9a-f]{12}\Z")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,3}\Z")
_STORE_PATHS = 2
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the job was started with, and the programs it found.

    `clock_file` holds seconds to add to real time (None: nothing is added); `kexec` is the installer's archive on this
    machine; `environment` is what children inherit.
    """

    api_url: str
    instance_id: str
    attempt: int
    claim_code: str = field(repr=False)
    clock_file: Path | None
    disko: str
    toplevel: str
    kexec: str
    nixos_anywhere: str
    ssh: str
    failpoint: Failpoint
    environment: Mapping[str, str] = field(repr=False)


def from_environment() -> Settings:
    """The settings out of this process's environment; SettingsInvalid names every fault at once."""
    return read(os.environ)  # noqa: TID251 -- the one place where the builder reads its environment


def read(environment: Mapping[str, str]) -> Settings:
    """The settings out of a mapping of names to texts; SettingsInvalid names every fault at once."""
    problems: list[str] = [*_own_folder(_HERE), *_temporary(environment)]
    disko, toplevel = _store_paths(environment, problems)
    settings = Settings(
        api_url=_api_url(environment, problems),
        instance_id=_matching(environment, "CCC_INSTANCE_ID", _ID, "12 lower-case hex digits", problems),
        attempt=int(_matching(environment, "CCC_ATTEMPT", _ATTEMPT, "a number from 1", problems) or 0),
        claim_code=_required(environment, "CCC_CLAIM_CODE", problems),
        clock_file=_clock_file(environment, problems),
        disko=disko,
        toplevel=toplevel,
        kexec=_kexec(environment, problems),
        nixos_anywhere=_program(environment, "nixos-anywhere", problems),
        ssh=_program(environment, "ssh", problems),
        failpoint=_failpoint(environment, problems),
        environment=dict(environment),
    )
    if problems:
        raise SettingsInvalid(problems)
    return settings


def _required(environment: Mapping[str, str], name: str, problems: list[str]) -> str:
    value = environment.get(name, "")
    if not value:
        problems.append(f"{name} is not set")
    return value


def _matching(
    environment: Mapping[str, str], name: str, pattern: re.Pattern[str], wanted: str, problems: list[str]
) -> str:
    value = _required(environment, name, problems)
    if value and not pattern.match(value):
        problems.append(f"{name} must be {wanted}")
        return ""
    return value


def _api_url(environment: Mapping[str, str], problems: list[str]) -> str:
    value = _required(environment, "CCC_API_URL", problems)
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        problems.append("CCC_API_URL must be an http or https URL without query and fragment")
    return value.rstrip("/")


def _clock_file(environment: Mapping[str, str], problems: list[str]) -> Path | None:
    value = environment.get("CCC_CLOCK") or "system:"
    if value == "system:":
        return None
    if not value.startswith("file:///"):
        problems.append("CCC_CLOCK must be system: or file:///<absolute path>")
        return None
    return Path(value.removeprefix("file://"))


def _own_folder(folder: Path) -> list[str]:
    """What is wrong with where the builder lies: PATH ends a folder at a colon, and would miss the pinned ssh."""
    return [f"{folder} must have no {os.pathsep} in its path"] if os.pathsep in str(folder) else []


def _temporary(environment: Mapping[str, str]) -> list[str]:
    if plain_folder(Path(environment.get("TMPDIR") or tempfile.gettempdir())) is None:
        return ["TMPDIR must be a path without blanks, quotes and the like: nix takes ssh's options apart at them"]
    return []


def _store_paths(environment: Mapping[str, str], problems: list[str]) -> tuple[str, str]:
    try:
        paths = shlex.split(_required(environment, "CCC_STORE_PATHS", problems))
    except ValueError:  # an open quote
        paths = [""]
    if paths and (len(paths) != _STORE_PATHS or not all(path.startswith("/") for path in paths)):
        problems.append("CCC_STORE_PATHS must be two absolute paths, in shell quotes: the disko script and the system")
        return "", ""
    problems += [f"CCC_STORE_PATHS names {path}, which is not there" for path in paths if not Path(path).exists()]
    return (paths[0], paths[1]) if len(paths) == _STORE_PATHS else ("", "")


def _kexec(environment: Mapping[str, str], problems: list[str]) -> str:
    """The archive's path. Without one nixos-anywhere lets the machine fetch its own, unpinned, and run it as root."""
    value = environment.get("CCC_KEXEC", "")
    if not value.startswith("/") or not value.endswith(kexec_pin.ENDING):
        problems.append(
            f"CCC_KEXEC must be the absolute path of the pinned installer's archive, ending in {kexec_pin.ENDING}: "
            "without it nixos-anywhere would fetch one that nobody checked (`python -m builder.kexec FILE` fetches it)"
        )
        return ""
    wrong = kexec_pin.problem(Path(value), kexec_pin.expected(environment.get("CCC_KEXEC_SHA256")))
    if wrong is not None:
        problems.append(f"CCC_KEXEC: {wrong}")
    return value


def _program(environment: Mapping[str, str], name: str, problems: list[str]) -> str:
    found = shutil.which(name, path=environment.get("PATH", ""))
    if found is None:
        problems.append(f"{name} is not on PATH")
    return found or ""


def _failpoint(environment: Mapping[str, str], problems: list[str]) -> Failpoint:
    try:
        return Failpoint.parse(environment.get("ONEBOX_KILL_AFTER", ""))
    except ValueError:
        problems.append("ONEBOX_KILL_AFTER must be <Port.method>:<number from 1>")
        return Failpoint()
