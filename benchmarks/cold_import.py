"""The import of `app` out of the packaged archive, against the same code packaged plainly: what a cold start costs.

The peer has the same sources without byte code, the libraries whole, and imports at once everything that ours puts off.
Processor time in fresh processes, the interpreter's own start not counted; `packaging/` makes and measures both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.outcome import Goal, Outcome, PeerMissing, Row
from benchmarks.ratio import ratio_of

GOAL = Goal(bound=0.22)
TOOLS = Path(__file__).resolve().parent.parent / "packaging"
STAGE = "prod"
NO_INDEX = 3
"""What `packaging/package.py` ends with when a library is to be had nowhere."""


def measure(*, quick: bool) -> Outcome:
    """Package anew, then let both take turns."""
    with tempfile.TemporaryDirectory() as folder:
        told = _run("package.py", "--stage", STAGE, "--out", folder)
        rounds = 1 if quick else 15
        pairs = json.loads(_run("cold_import.py", str(Path(folder) / STAGE), "--rounds", str(rounds)))
    row = Row(what="processor time of importing `app`", peer="packaged plainly", ratio=ratio_of(pairs), goal=GOAL)
    sizes = [line.split(": ")[-1] for line in told.splitlines() if " MB " in line]
    return Outcome(rows=(row,), notes=(f"The artefact is {', '.join(sizes)}.",))


def _run(tool: str, *arguments: str) -> str:
    """What a tool prints; PeerMissing when no package index answers."""
    done = subprocess.run([sys.executable, str(TOOLS / tool), *arguments], capture_output=True, text=True, check=False)
    if done.returncode == NO_INDEX:
        raise PeerMissing(done.stderr.strip())
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout
