"""One environment: a forked process that loads the packaged function and carries out one invocation after another.

It is handed the caller's connection, reads one line (`{"request_id", "event"}`), calls the handler and answers with one
line: `{"result"}`, or `{"error"}` in the shape in which Lambda's Python runtime tells of an exception.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onebox.aws.host import failpoints
from onebox.aws.host.context import Context
from onebox.aws.host.recorder import Recorder
from onebox.aws.host.settings import HostSettings

IDLE = b"i"
"""What the environment says when it can take the next invocation."""

CANNOT_START = 2
"""The exit status of an environment whose settings are wrong: another one would fare no better."""

_WRONG_SETTINGS = "ConfigError"
_MOST_BYTES = 8 * 1024 * 1024

Handler = Callable[[Any, Context], Any]


def live(control: socket.socket, settings: HostSettings) -> None:
    """Load the function, and serve what comes over `control` until the host is gone; never returns."""
    random.seed()  # the forks of one process would else draw the same numbers
    Recorder(settings.name, settings.record).listen()
    try:
        if ordered := os.environ.get(failpoints.FILE):  # noqa: TID251 -- the machine's own order, not a setting
            failpoints.arm(Path(ordered))
        handler = _loaded(settings.handler)
    except BaseException as error:  # noqa: BLE001 -- whatever keeps the function from loading is said
        traceback.print_exception(error, limit=-4, file=sys.stdout)
        os._exit(CANNOT_START if type(error).__name__ == _WRONG_SETTINGS else 1)
    while True:
        said, connections, _, _ = socket.recv_fds(control, 1, 1)
        if not said:
            os._exit(0)
        with socket.socket(fileno=connections[0]) as connection:
            answer = _answer(connection, handler, settings)
            control.sendall(IDLE)  # first, so that a caller who asks again at once finds this environment free
            _send(connection, answer)


def _loaded(name: str) -> Handler:
    module, _, attribute = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def _answer(connection: socket.socket, handler: Handler, settings: HostSettings) -> bytes:
    try:
        with connection.makefile("rb") as lines:
            line = lines.readline(_MOST_BYTES)
    except OSError:  # the caller has gone before it asked
        return b""
    return _carried_out(line, handler, settings).encode() + b"\n" if line.endswith(b"\n") else b""


def _send(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.sendall(answer)
    except OSError:  # the caller has gone; what was done is done, as in Lambda
        return


def _carried_out(line: bytes, handler: Handler, settings: HostSettings) -> str:
    request = json.loads(line)
    context = Context(settings, request["request_id"], time.monotonic() + settings.timeout)
    try:
        result = handler(request["event"], context)
    except Exception as error:  # noqa: BLE001 -- whatever the function raises is told to its caller, as Lambda does
        return json.dumps({"error": _told(error)})
    finally:
        sys.stdout.flush()
    try:
        return json.dumps({"result": result})
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return json.dumps({"error": {"errorMessage": message, "errorType": "Runtime.MarshalError", "stackTrace": []}})


def _told(error: Exception) -> dict[str, Any]:
    frames = traceback.format_tb(error.__traceback__)[1:]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": frames}
