"""Which archive may boot a server: the one with the hash that `kexec.json` pins, or that somebody names instead.

It is looked at again by every job, since a file that was fetched well can be altered where it lies. Fetching is not
its business (`kexec`), nor is choosing the hash (`refresh`).
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

PIN = Path(__file__).with_name("kexec.json")
ENDING = ".tar.gz"
"""By the end of its name nixos-anywhere tells how the archive is packed."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def expected(said: str | None, pin: Path = PIN) -> str | None:
    """The SHA-256 that an archive must have: what somebody says (CCC_KEXEC_SHA256), or else the pin; None: neither."""
    if said:
        return said.lower()
    return json.loads(pin.read_text(encoding="utf-8"))["sha256"] or None


def problem(path: Path, wanted: str | None) -> str | None:
    """Why this file must not boot a machine, a sentence without its full stop; None when it is the one wanted."""
    if wanted is None:
        return "nothing says which hash it must have: kexec.json has none, and CCC_KEXEC_SHA256 is not set"
    if not _SHA256.fullmatch(wanted):
        return "the hash that it must have is not 64 hex digits"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return None if found == wanted else f"{path} has the hash {found}, not {wanted}"
