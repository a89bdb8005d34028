"""How long `app` takes to import out of the artefact, against the same code packaged plainly: what a cold start costs.

Plainly means as Chalice alone would do it and as code is mostly written: no byte code, the libraries whole, and every
import at the top of its file. Both sides are measured in turns, in fresh processes, by processor time: the
ratio of two neighbours survives a busy machine.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from artefact import eager, import_probe, libraries
from artefact.chalice_output import ARCHIVE, TEMPLATE
from artefact.programs import run
from artefact.project import REQUIREMENTS, copy, copy_code
from artefact.target import of_this_interpreter
from artefact.variables import made_up
from artefact.whole import alone

BUDGET = 0.22
"""Ours divided by the peer's, at most."""

FUNCTION = "APIHandler"
"""The function for which a person waits."""

GIVEN = {"CCC_PUBLIC_URL": "https://ccc.example.org"}
"""What the function would ask AWS for while it starts; here an import asks nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: folders to import from, what is imported beside `app`, and the function's variables."""

    folders: tuple[Path, ...]
    modules: tuple[str, ...]
    variables: dict[str, str]

    def seconds(self) -> float:
        """Processor time of the imports in a fresh process that writes no byte code, as in Lambda."""
        where = ":".join(str(each) for each in self.folders)
        command = [sys.executable, "-I", "-S", "-B", str(import_probe.__file__), where, *self.modules]
        return float(run(command, cwd=self.folders[0], variables=self.variables).splitlines()[-1])


def measured(
    artefact: Path, project: Path, cache: Path, *, rounds: int, warm_ups: int = 1
) -> list[tuple[float, float]]:
    """Pairs of seconds, ours and the peer's, of an artefact that was made of a project."""
    with alone(cache):
        whole = libraries.raw(project / REQUIREMENTS, of_this_interpreter(), cache)
    with tempfile.TemporaryDirectory(prefix="ccc-cold-import-") as folder:
        return list(_pairs(*_sides(artefact, whole, Path(folder)), rounds=rounds, warm_ups=warm_ups))


def _sides(artefact: Path, whole: Path, shop: Path) -> tuple[Side, Side]:
    """Ours, unpacked from an artefact, and the peer with the same code and whole libraries."""
    unpacked, plain = shop / "unpacked", shop / "plain"
    with zipfile.ZipFile(artefact / ARCHIVE) as archive:
        archive.extractall(unpacked)
    copy_code(unpacked, plain)
    copy(unpacked / "chalice", plain / "chalice")
    variables = made_up(json.loads((artefact / TEMPLATE).read_text(encoding="utf-8")), FUNCTION) | GIVEN
    ours = Side(folders=(unpacked,), modules=(), variables=variables)
    peer = Side(folders=(plain, whole), modules=tuple(eager.modules(plain)), variables=variables)
    return ours, peer


def _pairs(ours: Side, peer: Side, *, rounds: int, warm_ups: int) -> Iterator[tuple[float, float]]:
    """Seconds of both, one pair a round, the other first in every second one; the warm-ups are not counted."""
    for number in range(warm_ups + rounds):
        first, second = (ours, peer) if number % 2 else (peer, ours)
        one, two = first.seconds(), second.seconds()
        if number >= warm_ups:
            yield (one, two) if first is ours else (two, one)


def ratio(measured: list[tuple[float, float]]) -> float:
    """The median of ours divided by the peer's: one slow moment of the machine does not decide."""
    return statistics.median(ours / peer for ours, peer in measured)


def exceeded(measured: list[tuple[float, float]]) -> str | None:
    """A sentence when the cold import takes more than its budget."""
    found = ratio(measured)
    return f"cold import is {found:.3f} of the plain one, more than {BUDGET}" if found > BUDGET else None


def told(measured: list[tuple[float, float]]) -> str:
    """The median of the ratios as a sentence."""
    return f"cold import {ratio(measured):.3f} of the same code packaged plainly (budget {BUDGET})"
