"""From an empty disk to an installed system: disko, extra files, nixos-install, reboot."""

import io
import json
import os
import re
import shutil
import tarfile

from hetzner_emulator.machine.machine import Machine
from hetzner_emulator.machine.session import Session

_SYSTEM = re.compile(r'nixos-install [^\n]*--system "?([^"\s]+)')


def copied(machine: Machine, store: str) -> set[str]:
    """Return the store paths copied to `ram` or `mnt`."""
    file = machine.folder / f"store-{store}.json"
    return set(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else set()


def add_copied(machine: Machine, store: str, paths: set[str]) -> None:
    """Remember store paths as copied."""
    machine.folder.mkdir(parents=True, exist_ok=True)
    known = sorted(copied(machine, store) | paths)
    (machine.folder / f"store-{store}.json").write_text(json.dumps(known), encoding="utf-8")


def _in_installer(session: Session) -> bool:
    if session.machine.system == "installer":
        return True
    session.err("emulated machine: this needs the installer, and this is the stock system\n")
    return False


async def disko(session: Session) -> int:
    """Format the disk: whatever was on it is gone."""
    machine, path = session.machine, session.group("path")
    if not _in_installer(session):
        return 1
    known = copied(machine, "ram")
    if known and path not in known:
        session.err(f"sh: {path}: No such file or directory\n")
        return 127
    await session.wait(machine.emulator.latency.disko)
    shutil.rmtree(machine.disk, ignore_errors=True)
    machine.disk.mkdir(parents=True)
    machine.disk.chmod(0o755)
    (machine.folder / "store-mnt.json").unlink(missing_ok=True)
    machine.change(disk="formatted")
    await session.comes_to("disko")
    return 0


async def unpack(session: Session) -> int:
    """Unpack a tar stream into the new system, with its modes; nothing may point outside."""
    data = await session.input()
    if not _in_installer(session):
        return 1
    await session.comes_to("files")
    session.machine.disk.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            members = [_checked(member) for member in archive.getmembers()]
            trusted = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(session.machine.disk, members, **trusted)  # type: ignore[arg-type]  # noqa: S202 -- checked above; the keyword is missing in old 3.11
    except (tarfile.TarError, ValueError) as error:
        session.err(f"tar: {error}\ntar: Exiting with failure status due to previous errors\n")
        return 2
    return 0


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member that cannot lead outside, with its mode and owned by us.

    Links may only point downwards, so that no chain of them leads up; `tarfile`'s own filters are not in every
    Python 3.11.
    """
    places = [member.name, *([member.linkname] if member.issym() else [])]
    if any(place.startswith("/") or ".." in place.split("/") for place in places):
        raise ValueError(f"{member.name}: Member name leads outside")
    if not (member.isreg() or member.isdir() or member.issym()):
        raise ValueError(f"{member.name}: Neither a file nor a folder")
    member.mode &= 0o777
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    return member


async def nixos_install(session: Session, script: str) -> int:
    """Install the system that was copied to the new disk."""
    machine = session.machine
    if not _in_installer(session):
        return 1
    if machine.server.disk == "stock":
        session.err("nixos-install: /mnt is not mounted\n")
        return 1
    match = _SYSTEM.search(script)
    known = copied(machine, "mnt")
    if match is None or (known and match.group(1) not in known):
        session.err("nixos-install: the system's store path is not valid\n")
        return 1
    await session.wait(machine.emulator.latency.install)
    await session.comes_to("install")
    for path in ("tmp", "etc", "var/lib", "home"):
        (machine.disk / path).mkdir(parents=True, exist_ok=True)
    machine.change(disk="installed")
    session.out("installation finished!\n")
    return 0


async def reboot(session: Session, _: str = "") -> int:
    """Leave in a moment for what the disk boots."""
    session.machine.leave_for_disk()
    await session.leave()
    return 0
