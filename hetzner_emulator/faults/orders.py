"""The list of faults in force: those of a file, read again when it changes, and those ordered over HTTP.

How much of each is spent is part of the state: a fault that kills the emulator does not kill it twice.
"""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from hetzner_emulator.faults.fault import INSTEAD, Fault, parse
from hetzner_emulator.world import World

_LOG = logging.getLogger(__name__)
Json = dict[str, Any]


class Orders:
    """Faults in order; the first that meets a request before it is done decides."""

    def __init__(self, world: World, file: Path | None = None) -> None:
        self._world = world
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._spent: dict[str, list[int | None]] = json.loads(world.store.setting("spent", "{}"))
        self._count = int(world.store.setting("fault_count", "0"))
        saved = json.loads(world.store.setting("faults", "[]"))
        self._ordered = [self._with_spent(parse(key, source)) for key, source in saved]
        self._filed: list[Fault] = []

    def all(self) -> list[Fault]:
        """Return every fault that is not used up."""
        self._read_file()
        return [fault for fault in (*self._filed, *self._ordered) if fault.left != 0]

    def meet(self, method: str, path: str, body: Json) -> tuple[Fault, ...]:
        """Return the faults for one request and count them as used."""
        met = []
        for fault in self.all():
            if not fault.meets(method, path, body):
                continue
            if fault.skip > 0:
                self._change(replace(fault, skip=fault.skip - 1))
                continue
            self._change(replace(fault, left=None if fault.left is None else fault.left - 1))
            met.append(fault)
            if fault.do in INSTEAD:
                break
        return tuple(met)

    def add(self, sources: list[Any]) -> list[Fault]:
        """Take more orders."""
        new = [parse(f"http-{self._count + number}", source) for number, source in enumerate(sources, 1)]
        self._count += len(new)
        self._ordered += new
        self._keep()
        return new

    def clear(self) -> None:
        """Forget what was ordered over HTTP and count the file's as used up."""
        self._ordered = []
        for fault in self.all():
            self._change(replace(fault, left=0))
        self._keep()

    def _read_file(self) -> None:
        if self._file is None:
            return
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            self._stamp, self._filed = None, []
            return
        if (stat.st_mtime_ns, stat.st_ino) != self._stamp:
            self._stamp = (stat.st_mtime_ns, stat.st_ino)
            try:
                self._filed = self._parsed(self._file.read_text(encoding="utf-8"), stat.st_mtime_ns)
            except (ValueError, TypeError) as error:
                _LOG.warning("%s is left aside: %s", self._file, error)

    def _parsed(self, content: str, version: int) -> list[Fault]:
        name = hashlib.sha256(f"{version} {content}".encode()).hexdigest()[:16]
        sources = enumerate(json.loads(content or "[]"))
        return [self._with_spent(parse(f"{name}-{number}", source)) for number, source in sources]

    def _with_spent(self, fault: Fault) -> Fault:
        left, skip = self._spent.get(fault.key, (fault.left, fault.skip))
        return replace(fault, left=left, skip=skip or 0)

    def _change(self, fault: Fault) -> None:
        for faults in (self._filed, self._ordered):
            for position, other in enumerate(faults):
                if other.key == fault.key:
                    faults[position] = fault
        self._spent[fault.key] = [fault.left, fault.skip]
        self._world.set("spent", json.dumps(self._spent))

    def _keep(self) -> None:
        known = {fault.key for fault in (*self._filed, *self._ordered)}
        self._spent = {key: value for key, value in self._spent.items() if key in known}
        self._world.set("faults", json.dumps([[fault.key, fault.source] for fault in self._ordered]))
        self._world.set("fault_count", str(self._count))
        self._world.set("spent", json.dumps(self._spent))
