"""Writes down which AWS actions a function's code asks for: one JSON line each, once per environment.

It listens to botocore's own events on every session that is made, so the packaged code knows nothing of it.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from onebox.aws.host.actions import actions


class Recorder:
    """Appends `{"function": …, "action": …}` to the file at `path`, which several processes share."""

    def __init__(self, function: str, path: Path) -> None:
        self._function = function
        self._path = path
        self._known: set[str] = set()

    def listen(self) -> None:
        """Hear every session that the packaged botocore makes from now on; without botocore there is nothing to."""
        try:
            session: Any = importlib.import_module("botocore.session").Session
        except ModuleNotFoundError:
            return
        make = session.__init__

        def made(made_session: Any, *arguments: Any, **named: Any) -> None:
            make(made_session, *arguments, **named)
            made_session.register("provide-client-params", self.heard)

        session.__init__ = made

    def heard(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Note the actions of one call that is about to be made."""
        found = actions(model.service_model.signing_name, model.name, params)
        for action in sorted(found - self._known):
            self._known.add(action)
            self._append(json.dumps({"function": self._function, "action": action}) + "\n")

    def _append(self, line: str) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
