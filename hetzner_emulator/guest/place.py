"""Where one guest's machine lies on the host, and what it has besides what its install brought.

An install may bring, below `/mnt`: programs for everybody in /opt/system (those of its `bin` are on PATH), an
/etc/profile for login shells, and jobs in /etc/cron.minutely that are run each minute. What they are for is not this
file's matter. /run is for the jobs to write and for all to read, and empty after a boot; what
they are to find again after one they write into the record's folder.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

HOME = "/home/claude"
RECORD_FOLDER = "/var/lib/cloud-instance"
SYSTEM, PROGRAMS = "/opt/system", "/opt/system/bin"
PROFILE = "/etc/profile"
JOBS = "/etc/cron.minutely"
REQUESTS = "/run/emulated"
_BROUGHT = (RECORD_FOLDER, SYSTEM, PROFILE, JOBS)
_GROUP_READS, _GROUP_WRITES = 0o040, 0o020


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The server's folder, its disk, the folder that is its root for programs (the disk, or a copy), and its home."""

    folder: Path
    disk: Path
    root: Path
    home: Path
    hostname: str

    def on_host(self, path: str) -> Path:
        """Return where a path of the machine is on the host."""
        return self.root / path.lstrip("/")


def prepare(place: Place, *, uid: int, owner: int | None) -> None:
    """Make the home, /tmp, /run and the made-up files of /etc; `owner` is the guest on the host, None for ourselves."""
    _write_etc(place, uid)
    (place.disk / RECORD_FOLDER.lstrip("/")).mkdir(parents=True, exist_ok=True)
    if place.root != place.disk:
        _copy_brought(place)
    if not place.on_host("/run").exists():
        empty_run(place, owner)
    if owner is not None:
        _let_read(place.on_host(RECORD_FOLDER), owner)
    for path, mode in ((place.home, 0o700), (place.folder / "tmp", 0o777)):
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(mode)
        if path.stat().st_uid != (owner or os.geteuid()):
            _hand_over(path, owner or os.geteuid())


def empty_run(place: Place, owner: int | None) -> None:
    """Make /run as it is after a boot."""
    run = place.on_host("/run")
    shutil.rmtree(run, ignore_errors=True)
    folders = [run, place.on_host(REQUESTS)]
    if Path("/run/current-system").exists():
        folders.append(run / "current-system")  # where the host's own is mounted, which a NixOS cannot do without
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    if owner is not None:
        _hand_over(run, owner)


def _write_etc(place: Place, uid: int) -> None:
    etc = place.folder / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    users = f"root:x:0:0::/root:/bin/sh\nclaude:x:{uid}:{uid}:Claude:{HOME}:/bin/bash\n"
    (etc / "passwd").write_text(users, encoding="utf-8")
    (etc / "group").write_text(f"root:x:0:\nclaude:x:{uid}:\n", encoding="utf-8")
    (etc / "hosts").write_text(f"127.0.0.1 localhost {place.hostname}\n", encoding="utf-8")
    (etc / "hostname").write_text(f"{place.hostname}\n", encoding="utf-8")
    (etc / "os-release").write_text('ID=nixos\nPRETTY_NAME="NixOS 26.05 (emulated)"\n', encoding="utf-8")


def _copy_brought(place: Place) -> None:
    """Copy what programs need to where the guest, who cannot enter the state folder, can reach it."""
    place.root.mkdir(exist_ok=True)
    place.root.chmod(0o755)
    for path in _BROUGHT:
        source, target = place.disk / path.lstrip("/"), place.on_host(path)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for folder in place.root.rglob("*"):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o755)


def _let_read(folder: Path, group: int) -> None:
    """Let jobs and the guest read the record as root would, and jobs write beside it: neither can become root here."""
    os.chown(folder, -1, group)
    folder.chmod(folder.stat().st_mode & 0o777 | _GROUP_WRITES)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.chown(path, -1, group)
            path.chmod(path.stat().st_mode & 0o777 | _GROUP_READS)


def _hand_over(folder: Path, uid: int) -> None:
    """Give a whole folder to the user that guests now are; another way may have been used before."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)
