"""A function's host over a few lines of code, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from onebox.aws.functions import Function
from onebox.aws.host.__main__ import command
from onebox.aws.host.settings import HostSettings
from onebox.aws.invoke import Invoker, socket_of

CHECKOUT = Path(__file__).parents[4]


def function(**more: object) -> Function:
    """A function named `ccc-dev-work`."""
    given: dict[str, object] = {
        "logical": "Work",
        "short": "work",
        "name": "ccc-dev-work",
        "arn": "arn:aws:lambda:eu-central-1:000000000000:function:ccc-dev-work",
        "handler": "app.work",
        "timeout": 30.0,
        "memory": 128,
        "environment": {},
        **more,
    }
    return Function(**given)  # type: ignore[arg-type]  # the fields are those of the class


@contextmanager
def hosted(
    folder: Path, code: str, *, timeout: float = 30.0, at_once: int = 2, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A host of `app.work`; its socket lies in `folder`, where an `Invoker` finds it."""
    root = folder / "code"
    root.mkdir(exist_ok=True)
    (root / "app.py").write_text(code)
    it = function()
    settings = HostSettings(
        name=it.name, arn=it.arn, handler=it.handler, timeout=timeout, memory=it.memory, at_once=at_once, root=root,
        socket=socket_of(folder, it.short), record=folder / "recorded.jsonl",
    )  # fmt: skip
    settings.socket.unlink(missing_ok=True)
    arguments = command(sys.executable, CHECKOUT, settings)
    with subprocess.Popen(arguments, env={"PATH": os.defpath, **(variables or {})}, stdout=subprocess.PIPE) as process:
        try:
            _wait_for(socket_of(folder, it.short))
            yield process
        finally:
            process.kill()


def invoker(folder: Path) -> Invoker:
    """Who calls it, and does not wait long for a host that is not there."""
    return Invoker(folder=folder, connect_seconds=0.2)


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
