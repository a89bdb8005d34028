"""What each phase says over ssh, line for line what the real program has the target run."""

import sys
import time
from pathlib import Path

from onebox.installer.arguments import Arguments
from onebox.installer.remote import Remote
from onebox.installer.storecopy import copy
from onebox.installer.system import packed

# The real program looks every 1 to 5 seconds; the machines here come and go in tenths.
_LOOK_AGAIN = 0.1

_FACTS = b"""set -efu
isNixos=$(grep -Eq 'ID="?nixos' /etc/os-release && echo y || echo n)
cat <<FACTS
isOs=$(uname)
isInstaller=$(grep -Eq 'VARIANT_ID="?installer' /etc/os-release && echo y || echo n)
FACTS
"""
_INSTALL = """set -eu
mkdir -p /mnt/tmp
nixos-install --no-root-passwd --no-channel-copy --system "{system}"
"""
_REBOOT = b"nohup sh -c 'sleep 6 && reboot' >/dev/null 2>&1 &\n"
_KEXEC = """set -eu
cd "$HOME/kexec"
{unpack}
TMPDIR="$HOME/kexec" setsid --wait "$HOME/kexec/kexec/run" 2>&1 | tee "$HOME/kexec/nixos-anywhere.log"
"""


class Aborted(Exception):
    """The install cannot go on; the message is for the last line of the log."""


def step(text: str) -> None:
    """Print one line of progress where the real program does."""
    print(f"### {text} ###", flush=True)  # noqa: T201 -- standard output is this program's interface


def upload_key(remote: Remote) -> None:
    """Wait, for ever if need be, until the key opens the machine."""
    step("Uploading install SSH keys")
    while not remote.answers():
        time.sleep(_LOOK_AGAIN)


def gather_facts(remote: Remote) -> dict[str, str]:
    """Return what the machine says of itself."""
    step("Gathering machine facts")
    facts = ask_facts(remote)
    if facts is None:
        raise Aborted
    if "isOs" not in facts or "isInstaller" not in facts:
        raise Aborted("Retrieving host facts via SSH failed. Check with --debug for the root cause")
    if facts["isOs"] != "Linux":
        raise Aborted(f"This script requires Linux as the operating system, but got {facts['isOs']}")
    return facts


def ask_facts(remote: Remote) -> dict[str, str] | None:
    """Return the machine's answer, or None when it did not give one."""
    status, text = remote.ask(["enableDebug=", "sh", "--"], given=_FACTS)
    if status != 0:
        return None
    return dict(line.split("=", 1) for line in text.splitlines() if line.startswith(("is", "has")) and "=" in line)


def kexec(remote: Remote, arguments: Arguments, facts: dict[str, str]) -> None:
    """Boot the installer, unless it is running already."""
    if facts["isInstaller"] == "y":
        return
    step("Switching system into kexec")
    tarball = Path(arguments.kexec)
    local = tarball.is_file()
    unpack = 'cat "$HOME/kexec/kexec-tarball.tar.gz" | tar -xv --gzip'
    if not local:
        unpack = f"wget {arguments.kexec} -O- | tar -xv --gzip"
    script = _KEXEC.format(unpack=unpack).encode()
    _must(remote.run(['mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"'], given=script))
    if local:
        with tarball.open("rb") as file:
            _must(remote.run(['cat > "$HOME/kexec/kexec-tarball.tar.gz"'], given=file))
    if remote.run(['bash "$HOME/kexec/nixos-anywhere-kexec.sh"']) != 0:
        sys.stderr.write("Kexec failed\n")
        raise Aborted
    remote.use_port(arguments.post_kexec_port)
    wait_until_another(remote)
    while not remote.answers():
        time.sleep(_LOOK_AGAIN)
    if gather_facts(remote)["isInstaller"] == "n":
        raise Aborted("Failed to kexec into NixOS installer")


def disko(remote: Remote, arguments: Arguments) -> None:
    """Format the disk."""
    if not copy(remote, arguments.disko, into_mnt=False):
        raise Aborted
    step("Formatting hard drive with disko")
    _must(remote.run([arguments.disko]))


def install(remote: Remote, arguments: Arguments) -> None:
    """Copy the system and the extra files, then install."""
    step("Uploading the system closure")
    if not copy(remote, arguments.system, into_mnt=True):
        raise Aborted
    if arguments.extra_files:
        step("Copying extra files")
        _send_files(remote, arguments.extra_files)
        _must(remote.run(["chmod 755 /mnt"]))
    step("Installing NixOS")
    _must(remote.run(["sh"], given=_INSTALL.format(system=arguments.system).encode()))


def reboot(remote: Remote) -> None:
    """Restart into the new system and see the installer go."""
    step("Rebooting")
    _must(remote.run(["sh"], given=_REBOOT))
    step("Waiting for the machine to become unreachable due to reboot")
    wait_until_gone(remote)


def wait_until_gone(remote: Remote) -> None:
    """Wait until a login no longer works."""
    while remote.answers():
        time.sleep(_LOOK_AGAIN)


def wait_until_another(remote: Remote) -> None:
    """Wait until a login no longer works, or the installer answers: an emulated machine may be away for a blink."""
    while (facts := ask_facts(remote)) is not None and facts.get("isInstaller") != "y":
        time.sleep(_LOOK_AGAIN)


def _send_files(remote: Remote, folder: str) -> None:
    _must(remote.run(["tar -C /mnt -xf- --no-same-owner"], given=packed(Path(folder))))


def _must(status: int) -> None:
    if status != 0:
        raise Aborted
