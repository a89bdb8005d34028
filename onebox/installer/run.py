"""The order of an install: key, facts, then the phases that were asked for."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from onebox.installer import phases
from onebox.installer.arguments import USAGE, Arguments, UsageError, read
from onebox.installer.remote import Remote


def main(words: list[str]) -> int:
    """Install as asked; 0 when every phase has been done, 1 for everything else, as the real program."""
    if "--help" in words:
        sys.stdout.write(USAGE)
        return 0
    try:
        arguments = read(words)
    except UsageError as error:
        sys.stderr.write(f"aborted: {error}\n" if str(error) else USAGE)
        return 1
    signal.signal(signal.SIGTERM, _ended)
    try:
        _install(arguments)
    except phases.Aborted as error:
        if str(error):
            sys.stderr.write(f"aborted: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _ended(number: int, _: FrameType | None) -> None:
    """Leave by the ordinary way, so that ssh is ended and the key's copy removed."""
    raise SystemExit(128 + number)


def _install(arguments: Arguments) -> None:
    with tempfile.TemporaryDirectory(prefix="nixos-anywhere-") as folder:
        remote = _remote(arguments, Path(folder))
        phases.upload_key(remote)
        facts = phases.gather_facts(remote)
        if "kexec" in arguments.phases:
            phases.kexec(remote, arguments, facts)
        remote.host = f"root@{arguments.host.rpartition('@')[2]}"
        if "disko" in arguments.phases:
            phases.disko(remote, arguments)
        if "install" in arguments.phases:
            phases.install(remote, arguments)
        if "reboot" in arguments.phases:
            phases.reboot(remote)
    phases.step("Done!")


def _remote(arguments: Arguments, folder: Path) -> Remote:
    """Return the target, with a private copy of the key and the options the real program passes."""
    key = folder / "nixos-anywhere"
    key.touch(mode=0o600)
    if arguments.identity:
        shutil.copyfile(arguments.identity, key)
    options = ["-o", "IdentitiesOnly=yes", "-i", str(key)]
    options += ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", *arguments.ssh_options]
    host = arguments.host
    if "kexec" not in arguments.phases:
        host = f"root@{host.rpartition('@')[2]}"
    return Remote(host=host, options=options)
