# ruff: noqa: INP001 -- a script of the repository, imported by nobody
"""Package both stages as for a deployment and check the templates; exit status 1 and the reasons if anything is wrong.

Works in a copy, offline and in seconds: the template does not depend on the libraries, so the copy asks for none. With
`--full` it takes `requirements.txt` along, which needs a package index and makes the real archive. Checked are the
template as packaged and as the SAM translator makes CloudFormation of it: both by cfn-lint and by our own rules in
`lint/`. Of the linter's rules none is ignored, the merely informing ones included, and none can be: each is mandatory,
whatever a template's metadata or a file of settings says.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lint import everything, limit_rules, translated

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
STAGES = ("dev", "prod")
PACKAGED, DEPLOYED = "sam.json", "cloudformation.json"
REGION = "eu-central-1"
"""Any region will do: nothing is asked there, but Chalice wants to know one."""


EVERY_RULE = ("--include-checks", "I", "--mandatory-checks", "E", "W", "I", "--regions", REGION)
"""Errors, warnings and information, by the first letter of the rules' names."""


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
        with ThreadPoolExecutor() as threads:  # each waits for a linter of its own
            wrong += [problem for problem in threads.map(lambda stage: lint(project, stage), STAGES) if problem]
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
    template = json.loads((out / PACKAGED).read_text(encoding="utf-8"))
    yield from everything.problems(template, stage, ROOT)
    try:
        deployed = translated.translated(template, REGION)
    except translated.NotTranslated as refused:
        yield str(refused)
        return
    yield from translated.problems(deployed)
    for stack in everything.stacks(template, stage):
        yield from limit_rules.problems(stack, deployed)
    (out / DEPLOYED).write_text(json.dumps(deployed, indent=2), encoding="utf-8")


def lint(project: Path, stage: str) -> str | None:
    """What the linter says of a stage's template, as packaged and as deployed."""
    files = (project / "out" / stage / name for name in (PACKAGED, DEPLOYED))
    return run("cfn-lint", *EVERY_RULE, "--", *(str(file) for file in files if file.exists()), cwd=project)


def run(program: str, *arguments: str, cwd: Path) -> str | None:
    """What a program said when it failed, else None. It sees no credentials and none of the caller's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}  # noqa: TID251 -- a script, not the product
    environment |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")}  # noqa: TID251 -- same
    environment |= {"AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else f"{program} failed:\n{done.stdout}{done.stderr}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
