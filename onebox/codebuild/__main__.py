"""`python -m onebox.codebuild`: the stand-in as a process, until SIGTERM or Ctrl-C; then nothing of its builds runs on.

Says `listening URL` when it does. `--image` is a JSON file of the variables that the image would bring; it should be
readable by its owner alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from onebox import marks
from onebox.codebuild import buildspec
from onebox.codebuild.build import Project
from onebox.codebuild.builds import TARGET, Builds
from onebox.codebuild.shown_project import ShownProject
from onebox.codebuild.signature import VARIABLE
from onebox.codebuild.wire import Server, serving
from onebox.ending import Ending

_CANNOT_START = 2


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m onebox.codebuild", description="A stand-in of AWS CodeBuild.")
    parser.add_argument("--project", required=True, help="name of the one project")
    parser.add_argument("--buildspec", type=Path, required=True, help="what it runs")
    parser.add_argument("--source", type=Path, required=True, help="the folder where it runs")
    parser.add_argument("--environment", type=Path, help="JSON file: the project's environment, as AWS tells it")
    parser.add_argument("--image", type=Path, required=True, help="JSON file of the image's variables")
    parser.add_argument("--nth", type=Path, help="JSON file: a list of what the n-th build alone gets as variables")
    parser.add_argument("--folder", type=Path, required=True, help="where builds keep their logs")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 is any free one")
    parser.add_argument("--slots", type=int, default=20, help="builds at once")
    parser.add_argument("--queued", type=float, default=0.0, help="seconds that a build waits before it begins")
    return parser.parse_args(words)


def _project(given: argparse.Namespace) -> Project:
    return Project(
        name=given.project,
        buildspec=buildspec.read(given.buildspec.read_text(encoding="utf-8")),
        source=given.source.resolve(),
        image=json.loads(given.image.read_text(encoding="utf-8")),
    )


def _document(file: Path | None, otherwise: Any) -> Any:
    return otherwise if file is None else json.loads(file.read_text(encoding="utf-8"))


def main(words: list[str]) -> int:
    """Serve until told to end; the exit status."""
    given = _arguments(words)
    try:
        project = _project(given)
        nth = _document(given.nth, [])
        shown = ShownProject(name=project.name, environment=_document(given.environment, {}))
    except (OSError, ValueError, buildspec.BuildspecInvalid) as error:
        sys.stderr.write(f"codebuild: {error}\n")
        return _CANNOT_START
    mark = os.environ.get(marks.VARIABLE)  # noqa: TID251 -- what the supervisor finds this process by, not a setting
    builds = Builds([project], given.folder, slots=given.slots, queued_seconds=given.queued, mark=mark, nth=nth)
    ending = Ending()
    access_key = os.environ.get(VARIABLE)  # noqa: TID251 -- who may ask is told by whoever starts this
    operations = {**builds.operations(), **shown.operations()}
    with serving(Server(TARGET, operations, given.port, access_key=access_key)) as url:
        sys.stdout.write(f"listening {url}\n")
        sys.stdout.flush()
        ending.wait()
    builds.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
