"""A program, not a test: one packaged function as Lambda would run it, which writes down what it asks AWS for.

Started as `python -I -S -B recorded_function.py CODE TOOLS NAME ACCOUNT REGION RECORD`; CODE is the unpacked artefact,
TOOLS the folder of `lint`. A line `{"handler": "tick", "event": …, "seconds": 55}` on standard input calls a handler;
the line that comes back has its result, or its error by name. It hears botocore's own events, in this process alone.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
import time
from typing import Any


class Context:
    """What Lambda gives a handler beside the event."""

    aws_request_id = "22222222-2222-2222-2222-222222222222"

    def __init__(self, name: str, seconds: float) -> None:
        self.function_name = name
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is cut off."""
        return max(0, int((self._until - time.monotonic()) * 1000))


class Recorder:
    """Appends a line for every different request to IAM that a call needs; `tools` are the modules of `lint`."""

    def __init__(self, tools: Any, name: str, account: Any, path: str) -> None:
        self._requests, self._recording = tools
        self._name, self._account, self._path = name, account, path
        self._known: set[str] = set()

    def listen(self) -> None:
        """Hear every session that botocore makes from now on."""
        session: Any = importlib.import_module("botocore.session").Session
        make = session.__init__

        @functools.wraps(make)
        def made(made_session: Any, *arguments: Any, **named: Any) -> None:
            make(made_session, *arguments, **named)
            made_session.register("provide-client-params", self._asked)
            made_session.register("after-call", self._answered)

        session.__init__ = made

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.signing_name
        self._note(self._requests.of_call(self._account, service, model.name, params))

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.signing_name
        self._note(self._requests.of_answer(self._account, service, model.name, parsed))

    def _note(self, requests: Any) -> None:
        for request in requests:
            line = self._recording.line_of(self._name, request)
            if line not in self._known:
                self._known.add(line)
                with open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123 -- as little as possible is loaded
                    file.write(f"{line}\n")


def main(code: str, tools: str, name: str, number: str, region: str, record: str) -> None:
    """Serve until the input ends."""
    sys.path.insert(0, tools)
    requests, recording = (importlib.import_module(f"lint.{each}") for each in ("requests", "recording"))
    sys.path[0] = code
    account = requests.Account(number=number, region=region)
    Recorder((requests, recording), name, account, record).listen()
    answers, sys.stdout = sys.stdout, sys.stderr  # the function's log goes to standard output
    for line in sys.stdin:
        answers.write(json.dumps(called(name, json.loads(line))) + "\n")
        answers.flush()


def called(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The result of a handler; its error by name when it raises."""
    try:
        handler = getattr(importlib.import_module("app"), asked["handler"])
        return {"result": handler(asked["event"], Context(name, asked["seconds"]))}
    except Exception as error:  # noqa: BLE001 -- whoever asked judges it
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    os.umask(0o077)
    main(*sys.argv[1:])
