"""How other programs are run while packaging: with none of the caller's settings, credentials or language.

Only what pip needs to find its index goes along, and where to find programs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from artefact.failure import PackagingFailed

KEPT = ("PATH", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")


def run(command: Sequence[str], *, cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and hand back what it printed; PackagingFailed with its output if it failed."""
    done = subprocess.run(
        list(command),
        cwd=cwd,
        env=environment(cwd) | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackagingFailed(f"{' '.join(command[:4])} … failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    """The least that programs need, in one language; `home` keeps them away from the caller's own settings."""
    outer = os.environ  # noqa: TID251 -- a tool of the repository, not the product
    kept = {name: value for name, value in outer.items() if name in KEPT or name.startswith("PIP_")}
    return kept | {"HOME": str(home), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
