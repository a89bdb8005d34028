"""The one folder, closed to others, that holds everything secret of a build, and goes when the build ends.

A builder that was killed cannot clean up: what it left is removed by the next builder on this machine, of whatever
instance (`held_folder.py` says how it knows). What an earlier attempt of the same instance left goes in any case: the
next one starts only after it is known to have stopped (rule R18). Where the folder's own path would be taken apart by
somebody, it is entered by a link with a plain one.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from builder.extra_files import write_extra_files
from builder.held_folder import WAY_TO, HeldFolder, remove_abandoned
from builder.known_hosts import known_hosts_line
from builder.plain_folder import FALLBACKS, is_plain, plain_folder
from chalicelib.domain.build import BuildOrder

_PREFIX = "ccc-build-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where things lie: the install key, the pinned host key, the tree of extra files, and room for children.

    `root` is how all of them are named, `made` what goes at the end.
    """

    root: Path
    made: tuple[HeldFolder, ...] = ()

    @property
    def install_key(self) -> Path:
        """The private key that opens the server until it is installed."""
        return self.root / "install_key"

    @property
    def known_hosts(self) -> Path:
        """The bootstrap host key, pinned for every child."""
        return self.root / "known_hosts"

    @property
    def extra_files(self) -> Path:
        """The tree that is copied over the new system's root."""
        return self.root / "extra-files"

    @property
    def scratch(self) -> Path:
        """The children's TMPDIR: nixos-anywhere copies the install key to its own."""
        return self.root / "tmp"

    @classmethod
    def make(cls, order: BuildOrder) -> Workplace:
        """Make the folder (0700) with all its files, in place of any that a builder which is gone left."""
        prefix = f"{_PREFIX}{order.instance_id}-"
        room = Path(tempfile.gettempdir())
        for each in {room, *map(Path, FALLBACKS)}:
            remove_abandoned(each, _PREFIX)
        folder = _fresh(room, prefix)
        place = cls(root=folder.path, made=(folder,)) if is_plain(folder.path) else cls._behind_a_link(folder, prefix)
        try:
            _fill(place, order)
        except BaseException:
            place.remove()
            raise
        return place

    @classmethod
    def _behind_a_link(cls, folder: HeldFolder, prefix: str) -> Workplace:
        plain = plain_folder(folder.path)
        if plain is None:
            folder.remove()
            raise FileNotFoundError("no folder for temporary files has a plain path")
        door = _fresh(plain, prefix)
        way = door.path / WAY_TO
        way.symlink_to(folder.path, target_is_directory=True)
        return cls(root=way, made=(folder, door))

    def remove(self) -> None:
        """Remove the folder and all that is in it, and the way to it."""
        for folder in self.made:
            folder.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _fresh(room: Path, prefix: str) -> HeldFolder:
    """A new folder, closed to others; what is left of the same instance's earlier ones goes."""
    for left_over in room.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    return HeldFolder.make(room, prefix)


def _fill(place: Workplace, order: BuildOrder) -> None:
    place.scratch.mkdir()
    place.install_key.touch(mode=0o600)
    place.install_key.write_text(order.install_key.private, encoding="ascii")
    pinned = known_hosts_line(order.address, order.ssh_port, order.bootstrap_host_key)
    place.known_hosts.write_text(pinned, encoding="ascii")
    write_extra_files(place.extra_files, order)
