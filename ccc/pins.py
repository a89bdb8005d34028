"""What the checkout pins for real machines: nixos-anywhere and the archive with the installer.

Read from `builder/Dockerfile` and `builder/kexec.json`, since the command line imports nothing of the builder.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

_SOURCE = re.compile(r'^ARG NIXOS_ANYWHERE="([^"\s]+)"$', re.MULTILINE)
_VERSION = re.compile(r"-nixos-anywhere-(\d+)\\\.(\d+)\\\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """`version` is like `1.13`, `source` a flake reference, `kexec_sha256` in hex or None where none is pinned yet."""

    version: str
    source: str
    kexec_sha256: str | None


def read_pins(checkout: Path) -> Pins | None:
    """Return what the checkout pins; None where there is no checkout (`ccc` can be installed alone)."""
    try:
        recipe = (checkout / "builder/Dockerfile").read_text(encoding="utf-8")
        archive = json.loads((checkout / "builder/kexec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    version, source = _VERSION.search(recipe), _SOURCE.search(recipe)
    if version is None or source is None:
        return None
    return Pins(version=".".join(version.groups()), source=source[1], kexec_sha256=archive.get("sha256"))
