"""Fetching the archive that boots the installer in a server's memory, by its hash alone.

`python -m builder.kexec TARGET` does it; what is fetched is in `kexec.json`. nixos-anywhere's own way is to let the
server fetch it, with no hash at all, and to run it as root. The release behind the URL is made anew every few weeks,
so that a hash grows old: `python -m builder.refresh kexec` takes the new one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path

import urllib3

from builder.kexec_pin import PIN

_PIECE = 1024 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0


class KexecError(Exception):
    """The archive cannot be had, or is not the one that is pinned; the text says what to do."""


def fetch(pin: Path, target: Path) -> None:
    """Write the pinned archive to `target`; KexecError, and no file, when it has another hash or none is pinned."""
    pinned = json.loads(pin.read_text(encoding="utf-8"))
    if not pinned["sha256"]:
        raise KexecError(
            f"{pin.name} has no hash yet: run `python -m builder.refresh kexec`, look at what it wrote, commit it"
        )
    try:
        with target.open("wb") as file:
            found = _digest(_pieces(pinned["url"]), file.write)
        _compare(found, pinned["sha256"])
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def digest(url: str) -> str:
    """The SHA-256 of what is at a URL now, in hex; KexecError."""
    return _digest(_pieces(url), lambda _: None)


def _digest(pieces: Iterable[bytes], take: Callable[[bytes], object]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
        take(piece)
    return found.hexdigest()


def _compare(found: str, pinned: str) -> None:
    if found != pinned:
        raise KexecError(f"the archive has the hash {found}, not {pinned}: it is not used")


def _pieces(url: str) -> Iterator[bytes]:
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
    try:
        with urllib3.PoolManager(timeout=timeout) as pool:
            answer = pool.request("GET", url, preload_content=False)
            if answer.status != HTTPStatus.OK:
                raise KexecError(f"{url} answered {answer.status}")
            yield from answer.stream(_PIECE)
    except urllib3.exceptions.HTTPError as error:
        raise KexecError(f"{url} could not be fetched ({type(error).__name__})") from error


def main(words: list[str]) -> int:
    """Fetch the archive into the file that is named; the exit status."""
    (target,) = words
    try:
        fetch(PIN, Path(target))
    except KexecError as error:
        sys.stderr.write(f"kexec: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
