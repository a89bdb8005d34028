"""What the host of a function is told on its command line; the function's own environment is the process's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """`root` holds the unpacked artefact, `socket` is listened at, `record` takes what was called; `timeout` in s."""

    name: str
    arn: str
    handler: str
    timeout: float
    memory: int
    at_once: int
    root: Path
    socket: Path
    record: Path

    def words(self) -> list[str]:
        """The command line that `host_settings` reads again."""
        return [f"--{name.replace('_', '-')}={getattr(self, name)}" for name in self.__slots__]


def host_settings(words: Sequence[str]) -> HostSettings:
    """The settings on a command line; ends the process with a sentence when they are not right."""
    parser = argparse.ArgumentParser(prog="python -m onebox.aws.host")
    kinds = {"timeout": float, "memory": int, "at_once": int, "root": Path, "socket": Path, "record": Path}
    for name in HostSettings.__slots__:
        parser.add_argument(f"--{name.replace('_', '-')}", type=kinds.get(name, str), required=True)
    return HostSettings(**vars(parser.parse_args(words)))
