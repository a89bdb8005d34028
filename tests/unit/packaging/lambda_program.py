"""A program, not a test: the artefact as Lambda would run it, one call a line, with nothing else on Python's path.

Started as `python -I -S -B lambda_program.py FOLDER`. A line of JSON in, a line of JSON out:
`{"handler": "tick", "event": …}` calls a handler, `{"import": [names]}` loads modules, `{"clients": [services]}` makes
botocore's clients, `{"foreign": folder}` tells which loaded modules are neither in a folder nor Python's own.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import sysconfig
from typing import Any


class Context:
    """What Lambda gives a handler beside the event."""

    function_name = "tried"
    aws_request_id = "22222222-2222-2222-2222-222222222222"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is cut off."""
        return 20_000


def called(handler: str, event: Any) -> Any:
    """What a handler returns; its error by name when it raises."""
    try:
        return getattr(importlib.import_module("app"), handler)(event, Context())
    except Exception as error:  # noqa: BLE001 -- the test on the other side judges it
        return {"raised": f"{type(error).__name__}: {error}"}


def imported(names: list[str]) -> dict[str, str]:
    """What went wrong with which module."""
    wrong: dict[str, str] = {}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 -- the test on the other side judges it
            wrong[name] = f"{type(error).__name__}: {error}"
    return wrong


def clients(services: list[str]) -> list[str]:
    """The services whose clients could be made."""
    session = importlib.import_module("botocore.session").get_session()
    return [
        session.create_client(name, region_name="eu-central-1").meta.service_model.service_name for name in services
    ]


def foreign(folder: str) -> list[str]:
    """The loaded modules with a file elsewhere than in the folder and the standard library; this program is none."""
    library = tuple(os.path.realpath(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib"))
    found = []
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name == "__main__":
            continue
        place = os.path.realpath(file)
        ours = place.startswith(os.path.realpath(folder) + os.sep)
        theirs = place.startswith(library) and "site-packages" not in place
        if not (ours or theirs):
            found.append(f"{name} from {file}")
    return found


def answer(line: dict[str, Any]) -> Any:
    """The answer to one line."""
    if "handler" in line:
        return called(line["handler"], line["event"])
    if "import" in line:
        return imported(line["import"])
    if "clients" in line:
        return clients(line["clients"])
    return foreign(line["foreign"])


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # the log of the application goes to standard output
    sys.path.insert(0, sys.argv[1])
    for each in sys.stdin:
        answers.write(json.dumps(answer(json.loads(each))) + "\n")
        answers.flush()
