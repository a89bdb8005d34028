"""Folders that every program takes as one word, whatever it does to the text of a path.

nixos-anywhere hands ssh's options to nix as one text, and nix takes that apart at blanks; ssh itself expands `%`, `~`
and `${}` in the names of keys. A person's folder may be called anything all the same.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_PLAIN = re.compile(r"/[A-Za-z0-9/._+-]*")
FALLBACKS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 -- what is made in them has a random name and is closed
"""Where a way with a plain path is made, should the wanted folder have none."""


def is_plain(folder: Path) -> bool:
    """Whether no program can take this path for anything but itself."""
    return _PLAIN.fullmatch(str(folder)) is not None


def plain_folder(wanted: Path) -> Path | None:
    """The folder itself where its path is plain, or else one for temporary files that is; None where there is none."""
    if is_plain(wanted):
        return wanted
    return next((Path(other) for other in FALLBACKS if os.access(other, os.W_OK | os.X_OK)), None)
