# ruff: noqa: INP001 -- a script of the repository, imported by nobody
"""Package both stages as for a deployment and lint the templates; exit status 1 and the reasons if anything is wrong.

Works in a copy, offline and in seconds: the template does not depend on the libraries, so the copy asks for none. With
`--full` it takes `requirements.txt` along, which needs a package index and makes the real archive.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
STAGES = ("dev", "prod")
FUNCTIONS = ("APIHandler", "Advance", "Tick", "Reap")
REGION = "eu-central-1"
"""Any region will do: nothing is asked there, but Chalice wants to know one."""


def main(arguments: Sequence[str]) -> int:
    """Check both stages; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="package the libraries too")
    full = parser.parse_args(arguments).full
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ccc-package-") as folder:
        project = copy_project(Path(folder), full=full)
        for stage in STAGES:
            wrong += [f"{stage}: {problem}" for problem in check(project, stage)]
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"template: {', '.join(STAGES)}: {'not right' if wrong else 'ok'}\n")
    return 1 if wrong else 0


def copy_project(target: Path, *, full: bool) -> Path:
    """What goes into the archive, and nothing else; without `full` no libraries are asked for."""
    unwanted = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
    shutil.copy2(ROOT / "app.py", target)
    shutil.copytree(ROOT / "chalicelib", target / "chalicelib", ignore=unwanted)
    shutil.copytree(ROOT / ".chalice", target / ".chalice", ignore=unwanted)
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8") if full else ""
    (target / "requirements.txt").write_text(wanted, encoding="utf-8")
    return target


def check(project: Path, stage: str) -> Iterator[str]:
    """What is wrong with the template of one stage."""
    out = project / "out" / stage
    merge = project / ".chalice" / "resources.json"
    failed = run("chalice", "package", "--stage", stage, "--merge-template", str(merge), str(out), cwd=project)
    if failed is not None:
        yield failed
        return
    linted = run("cfn-lint", str(out / "sam.json"), cwd=project)
    if linted is not None:
        yield linted
    yield from own_rules(json.loads((out / "sam.json").read_text(encoding="utf-8")))


def run(program: str, *arguments: str, cwd: Path) -> str | None:
    """What a program said when it failed, else None. It sees no credentials and none of the caller's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}  # noqa: TID251 -- a script, not the product
    environment |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")}  # noqa: TID251 -- same
    environment |= {"AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else f"{program} failed:\n{done.stdout}{done.stderr}"


def own_rules(template: dict[str, Any]) -> Iterator[str]:
    """What the linter cannot know: every function has its own role and its own log group that ends."""
    resources = template["Resources"]
    found = {name for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"}
    if found != set(FUNCTIONS):
        yield f"the functions are {sorted(found)}, expected {sorted(FUNCTIONS)}"
        return
    roles = {json.dumps(resources[name]["Properties"]["Role"]) for name in FUNCTIONS}
    if len(roles) != len(FUNCTIONS):
        yield "two functions share a role"
    for name in FUNCTIONS:
        group = resources[name]["Properties"].get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if not resources.get(group, {}).get("Properties", {}).get("RetentionInDays"):
            yield f"{name} has no log group with an end"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
