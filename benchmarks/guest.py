"""Orders of a guest on one box: a key made for the run, and how long it takes until machines run."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stack.box import Box

PATIENCE_S = 300.0
"""The longest wait for one machine: many times what a build takes."""


class NeverRan(Exception):
    """An instance failed; the sentence is the box's own."""


def public_key() -> str:
    """The line of a fresh ed25519 key; its private half is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
        return file.with_suffix(".pub").read_text(encoding="utf-8").strip()


def order(box: Box, key: str, count: int = 1) -> tuple[float, list[str]]:
    """Order instances at once: the seconds until all of them run, and their ids; NeverRan."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(count) as crowd:
        ids = list(crowd.map(lambda _: box.provision(key), range(count)))
    for instance_id in ids:
        seen = box.until(instance_id, "running", "failed", seconds=PATIENCE_S)
        if seen["status"] != "running":
            raise NeverRan(str(seen["failure"]))
    return time.perf_counter() - begun, ids


def give_back(box: Box, ids: Sequence[str]) -> None:
    """Delete instances and wait until they are gone."""
    for instance_id in ids:
        box.call("DELETE", f"/instances/{instance_id}")
    for instance_id in ids:
        box.until(instance_id, "deleted", seconds=PATIENCE_S)
