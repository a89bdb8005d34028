"""sftp in the guest's home: asyncssh's server, kept inside it whatever paths and links say."""

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

_HOME = b"/home/claude"
_ABOVE = (b"/home", b"/")


class HomeFiles(asyncssh.SFTPServer):
    """Shows `home` as /home/claude; `give` makes what is created the guest's own."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], home: Path, give: Callable[[Path], None]) -> None:
        super().__init__(channel)
        self._home = home
        self._give = give

    def map_path(self, path: bytes) -> bytes:
        """Return the host's path, refusing what is outside or leads there through a link."""
        wanted = _absolute(path)
        if wanted != _HOME and not wanted.startswith(_HOME + b"/"):
            raise asyncssh.SFTPPermissionDenied("only /home/claude can be reached over sftp here")
        found = self._home / wanted[len(_HOME) :].lstrip(b"/").decode(errors="surrogateescape")
        if not found.resolve().is_relative_to(self._home.resolve()):
            raise asyncssh.SFTPPermissionDenied("that leads outside of /home/claude")
        return bytes(str(found), "utf-8", "surrogateescape")

    def reverse_map_path(self, path: bytes) -> bytes:
        """Return the guest's path of a host path."""
        home = bytes(self._home)
        return _HOME + path[len(home) :] if path.startswith(home) else path

    def realpath(self, path: bytes) -> bytes:
        """Return the absolute path; a relative one begins in the home."""
        return _absolute(path)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file (protocol version 3)."""
        return self._given(path, super().open(path, pflags, attrs))

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file (protocol versions 5 and 6)."""
        return self._given(path, super().open56(path, desired_access, flags, attrs))

    def lstat(self, path: bytes) -> Any:
        """Tell about a file; the folders above the home are shown as folders and no more."""
        if _absolute(path) in _ABOVE:
            return asyncssh.SFTPAttrs(permissions=0o40755, size=0, uid=0, gid=0, atime=0, mtime=0, nlink=2)
        return super().lstat(path)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Make a folder."""
        super().mkdir(path, attrs)
        self._given(path, None)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Change modes and times; owners stay as they are."""
        attrs.uid = attrs.gid = None
        super().setstat(path, attrs)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Make a link, if it stays inside the home."""
        target = posixpath.join(posixpath.dirname(_absolute(newpath)), oldpath)
        self.map_path(target)
        Path(self.map_path(newpath).decode(errors="surrogateescape")).symlink_to(oldpath.decode())
        self._given(newpath, None)

    def _given(self, path: bytes, result: object) -> object:
        self._give(Path(self.map_path(path).decode(errors="surrogateescape")))
        return result


def _absolute(path: bytes) -> bytes:
    return posixpath.normpath(posixpath.join(_HOME, path))
