"""`python -m tests.e2e.run`, what `make e2e-real` does: the real run where it is wanted, and a plain word where not.

Exit status: 0 it passed, or there is no token and so nothing to run; 2 it is not permitted; else what failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.permission import refusal
from tests.e2e.project import Project
from tests.e2e.spend import spend_refusal

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_PERMITTED = 2


def run(variables: Mapping[str, str], project: Project | None = None) -> int:
    """Run it by these variables; `project` stands for the real one."""
    token = variables.get("HCLOUD_TOKEN")
    if not token:
        return _said("skipped: HCLOUD_TOKEN is not set, so there is no real provider to run against.", 0)
    why = refusal(variables) or spend_refusal(project or Project(token=token), variables)
    if why is not None:
        return _said(f"refused: {why}. See docs/real-provider.md.", NOT_PERMITTED)
    without_service = {name: value for name, value in variables.items() if name not in {"CCC_URL", "CCC_TOKEN"}}
    without_service["XDG_CONFIG_HOME"] = str(CHECKOUT / ".cache" / "none")
    done = subprocess.run([str(CHECKOUT / "bin" / "ccc"), "doctor"], env=without_service, check=False)
    if done.returncode != 0:
        return done.returncode
    command = [sys.executable, "-m", "pytest", "-v", "-s", "tests/e2e/test_real.py"]
    return subprocess.run(command, cwd=CHECKOUT, env=dict(variables), check=False).returncode


def _said(sentence: str, status: int) -> int:
    sys.stdout.write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(run(os.environ))  # noqa: TID251 -- the permission and the token are given there
