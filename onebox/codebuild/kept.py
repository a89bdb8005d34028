"""What is known of a build after the process that ran it: the last document it wrote about it, in its folder.

A build that had not ended then was ended with that process: AWS calls that a fault.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox.whole_file import replace_file

_FILE = "build.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBuild:
    """A build of an earlier life; it does not run any more."""

    id: str
    told: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """What AWS answers of it."""
        return self.told

    def stop(self) -> None:
        """It has stopped already."""


def keep(folder: Path, document: dict[str, Any]) -> None:
    """Write down what is known now."""
    replace_file(folder / _FILE, json.dumps(document) + "\n")


def kept(folder: Path) -> dict[str, KeptBuild]:
    """The builds of earlier lives by id, the oldest first."""
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob(f"*/{_FILE}")]
    ended = [each if each["buildComplete"] else _ended(each) for each in documents]
    return {each["id"]: KeptBuild(id=each["id"], told=each) for each in sorted(ended, key=lambda one: one["startTime"])}


def _ended(document: dict[str, Any]) -> dict[str, Any]:
    now = time.time()  # noqa: TID251 -- what is told is real time, as AWS tells it
    return {**document, "buildComplete": True, "buildStatus": "FAULT", "currentPhase": "COMPLETED", "endTime": now}
