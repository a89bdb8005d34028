"""Whether this machine can install real servers: what the checkout's own look at it finds, as `make up` takes it.

The look is a program of its own, since the command line imports nothing of the service (and can be installed alone).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ccc.finding import Finding, good, missing

LOOK = "builder.prerequisites"
PATIENCE_SECONDS = 120.0
"""Four programs are asked for some seconds each, and an archive of half a gigabyte is read."""


def installing(checkout: Path, variables: Mapping[str, str]) -> list[Finding]:
    """Return what was found for the system, the programs and the archive that real servers are installed with."""
    if not (checkout / LOOK.replace(".", "/")).is_dir():
        return [missing("checkout", "this ccc is not part of one", "bin/ccc doctor    (in the checkout)")]
    try:
        told = json.loads(_look(checkout, variables))
        return [_finding(**each) for each in told]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        return [missing("checkout", f"it cannot look at this machine ({type(error).__name__})", "make -B .venv")]


def _look(checkout: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", LOOK, str(checkout / "out")],
        cwd=checkout,
        env={**variables, "PYTHONPATH": str(checkout)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout


def _finding(*, name: str, found: str, remedy: str | None) -> Finding:
    return good(name, found) if remedy is None else missing(name, found, remedy)
