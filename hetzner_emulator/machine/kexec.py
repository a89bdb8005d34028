"""The way from the stock system into the installer: a script, a tarball, and the jump."""

from pathlib import Path

from hetzner_emulator.machine.session import Session

_ANNOUNCEMENT = "Downloading kexec tarball, this may take a moment...\nmachine will boot into nixos in 6s...\n"


def _folder(session: Session) -> Path:
    folder = session.machine.folder / "root" / "kexec"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def store_script(session: Session) -> int:
    """Keep the script for `run`."""
    (_folder(session) / session.group("name")).write_bytes(await session.input())
    return 0


async def store_tarball(session: Session) -> int:
    """Keep only the size of the tarball: it can have 440 MB and is never unpacked."""
    size = await session.discard_input()
    (_folder(session) / session.group("name")).write_text(f"{size}\n", encoding="utf-8")
    return 0


async def run(session: Session) -> int:
    """Announce the kexec and leave, if the script and what it unpacks are there."""
    script = _folder(session) / session.group("name")
    if not script.is_file():
        session.err(f"bash: {session.group('name')}: No such file or directory\n")
        return 127
    tarball = _folder(session) / "kexec-tarball.tar.gz"
    if "kexec-tarball.tar.gz" in script.read_text(errors="replace") and not tarball.is_file():
        session.out("cat: kexec-tarball.tar.gz: No such file or directory\n")
        session.out("Kexec may have failed - check output above\n")
        return 1
    (_folder(session) / "nixos-anywhere.log").write_text(_ANNOUNCEMENT, encoding="utf-8")
    session.out(_ANNOUNCEMENT)
    session.machine.leave_for_installer()
    await session.leave()
    return 0


async def show_log(session: Session) -> int:
    """Show what the last kexec said."""
    log = _folder(session) / "nixos-anywhere.log"
    if not log.is_file():
        return 1
    session.out(log.read_bytes())
    return 0
