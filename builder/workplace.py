"""The one folder, closed to others, that holds everything secret of a build, and goes when the build ends.

A builder that was killed cannot clean up: what it left is removed by the next attempt of the same instance, which
starts only after it is known to have stopped (rule R18). Where the folder's own path would be taken apart by somebody,
it is entered by a link with a plain one.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from builder.extra_files import write_extra_files
from builder.known_hosts import known_hosts_line
from builder.plain_folder import is_plain, plain_folder
from chalicelib.domain.build import BuildOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where things lie: the install key, the pinned host key, the tree of extra files, and room for children.

    `root` is how all of them are named, `made` what goes at the end.
    """

    root: Path
    made: tuple[Path, ...] = ()

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
        """Make the folder (0700) with all its files, in place of any that an earlier attempt left."""
        prefix = f"ccc-build-{order.instance_id}-"
        room = Path(tempfile.gettempdir())
        root = _fresh(room, prefix)
        place = cls(root=root, made=(root,)) if is_plain(root) else cls._behind_a_link(root, prefix)
        try:
            _fill(place, order)
        except BaseException:
            place.remove()
            raise
        return place

    @classmethod
    def _behind_a_link(cls, root: Path, prefix: str) -> Workplace:
        plain = plain_folder(root)
        if plain is None:
            shutil.rmtree(root, ignore_errors=True)
            raise FileNotFoundError("no folder for temporary files has a plain path")
        door = _fresh(plain, prefix)
        (door / "place").symlink_to(root, target_is_directory=True)
        return cls(root=door / "place", made=(root, door))

    def remove(self) -> None:
        """Remove the folder and all that is in it, and the way to it."""
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _fresh(room: Path, prefix: str) -> Path:
    """A new folder, closed to others; what is left of earlier ones goes."""
    for left_over in room.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=room))


def _fill(place: Workplace, order: BuildOrder) -> None:
    place.scratch.mkdir()
    place.install_key.touch(mode=0o600)
    place.install_key.write_text(order.install_key.private, encoding="ascii")
    pinned = known_hosts_line(order.address, order.ssh_port, order.bootstrap_host_key)
    place.known_hosts.write_text(pinned, encoding="ascii")
    write_extra_files(place.extra_files, order)
