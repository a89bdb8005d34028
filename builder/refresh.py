"""`python -m builder.refresh [kexec|images]`: pins anew what the image is made of and no lock file covers.

`kexec` puts the hash of the archive that is at its URL today into `kexec.json`; `images` puts the digest that each tag
has today into the Dockerfile; without a word both are done. A network is all it needs. What is asked for together is
asked for before anything is written. Whoever runs it looks at the changes, builds the image and tries it before
committing them: this takes what is there, and cannot know whether it is good.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from builder.kexec import KexecError, digest
from builder.registry import Registry, RegistryError

HERE = Path(__file__).parent
KEXEC, IMAGES = "kexec", "images"

_FROM = re.compile(
    r"(?m)^(?P<before>FROM (?:--\S+ )*)(?P<image>[^\s@]+:[^\s@]+)(?:@sha256:[0-9a-f]{64})?(?P<after>.*)$"
)


def refresh(folder: Path, what: frozenset[str], registry: Registry) -> None:
    """Pin `kexec.json` and the `Dockerfile` of a folder, or one of them; RegistryError, KexecError: nothing changed."""
    writes: list[Callable[[], object]] = []
    if IMAGES in what:
        writes.append(_images(folder / "Dockerfile", registry))
    if KEXEC in what:
        writes.append(_kexec(folder / "kexec.json"))
    for write in writes:
        write()


def _images(dockerfile: Path, registry: Registry) -> Callable[[], object]:
    def with_digest(found: re.Match[str]) -> str:
        return f"{found['before']}{found['image']}@{registry.digest(found['image'])}{found['after']}"

    pinned = _FROM.sub(with_digest, dockerfile.read_text(encoding="utf-8"))
    return lambda: dockerfile.write_text(pinned, encoding="utf-8")


def _kexec(pin: Path) -> Callable[[], object]:
    archive = json.loads(pin.read_text(encoding="utf-8"))
    archive["sha256"] = digest(archive["url"])
    return lambda: pin.write_text(json.dumps(archive, indent=2) + "\n", encoding="utf-8")


def main(words: list[str]) -> int:
    """Refresh what is named, or all pins, of this checkout; the exit status."""
    known = frozenset({KEXEC, IMAGES})
    if not known.issuperset(words):
        sys.stderr.write("refresh: python -m builder.refresh [kexec|images]\n")
        return 2
    try:
        refresh(HERE, frozenset(words) or known, Registry())
    except (RegistryError, KexecError) as error:
        sys.stderr.write(f"refresh: {error}; nothing was changed\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
