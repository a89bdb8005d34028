"""How a guest's command is started: in bubblewrap when a probe of it succeeds, else plainly in the home.

Three ways, the first that works is used for all: as root, a sandbox made by root in which the shell is an
unprivileged user; a sandbox in a user namespace; a plain shell with a warning. Every one dies with the emulator.
"""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hetzner_emulator.guest import warden
from hetzner_emulator.guest.scripts import write_scripts
from hetzner_emulator.guest.shelter import reachable, shelter_for

_LOG = logging.getLogger(__name__)
HOME = "/home/claude"
_NOBODY = 65534
_USER = 1000
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/run/current-system")
_ETC = (
    "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "ca-certificates", "pki", "terminfo",
    "localtime", "resolv.conf", "nsswitch.conf", "services", "protocols", "inputrc", "static", "profiles",
)  # fmt: skip
# Made first, since bubblewrap gives folders it makes in passing to root alone.
_FOLDERS = ("/etc", "/home", "/opt", "/opt/emulated", "/opt/guest", "/var", "/var/lib", "/run")
_AT_HOME = ("sh", "-c", 'cd "$HOME" && exec "$@"', "sh")
_PROBE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one guest lives on the host: its folder, its disk, and its home, usually on that."""

    folder: Path
    disk: Path
    home: Path
    hostname: str


class Sandbox:
    """Builds the argument list of a guest's command."""

    def __init__(self, state: Path, guest_bin: Path | None = None) -> None:
        self._state = state
        self._guest_bin = guest_bin
        self._scripts, self._plain_scripts = write_scripts(state)
        self._shelter: Path | None = None
        self._way = self._first_that_works()
        if self.kind == "plain" and self.owner is not None and not reachable(state):
            self._shelter = shelter_for(state)
            self._scripts, self._plain_scripts = write_scripts(self._shelter)

    @property
    def kind(self) -> str:
        """Which way was chosen: `root`, `user` or `plain`."""
        return {"_by_root": "root", "_by_user": "user"}.get(self._way.__name__, "plain")

    @property
    def owner(self) -> int | None:
        """The uid that guests' files belong to on the host, None for the emulator's own."""
        return None if os.geteuid() != 0 or self.kind == "user" else _NOBODY

    def place(self, folder: Path, hostname: str) -> Place:
        """Return where a guest lives whose server has that folder."""
        disk = folder / "disk"
        home = disk / HOME.lstrip("/") if self._shelter is None else self._shelter / folder.name
        return Place(folder=folder, disk=disk, home=home, hostname=hostname)

    def forget(self, folder: Path) -> None:
        """Remove what a deleted server's guest has outside of its folder."""
        if self._shelter is not None:
            shutil.rmtree(self._shelter / folder.name, ignore_errors=True)

    def prepare(self, place: Place) -> None:
        """Make the home, the guest's /tmp and the made-up files of its /etc."""
        uid = _NOBODY if self.owner is not None else _USER
        etc = place.folder / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        users = f"root:x:0:0::/root:/bin/sh\nclaude:x:{uid}:{uid}:Claude:{HOME}:/bin/bash\n"
        (etc / "passwd").write_text(users, encoding="utf-8")
        (etc / "group").write_text(f"root:x:0:\nclaude:x:{uid}:\n", encoding="utf-8")
        (etc / "hosts").write_text(f"127.0.0.1 localhost {place.hostname}\n", encoding="utf-8")
        (etc / "hostname").write_text(f"{place.hostname}\n", encoding="utf-8")
        (etc / "os-release").write_text('ID=nixos\nPRETTY_NAME="NixOS 26.05 (emulated)"\n', encoding="utf-8")
        (place.disk / "var/lib/cloud-instance").mkdir(parents=True, exist_ok=True)
        for path, mode in ((place.home, 0o700), (place.folder / "tmp", 0o777)):
            if not path.exists():
                path.mkdir(parents=True)
                path.chmod(mode)
            if path.stat().st_uid != (self.owner or os.geteuid()):
                self._hand_over(path)

    def give(self, path: Path) -> None:
        """Make a path the guest's own."""
        if self.owner is not None:
            os.chown(path, self.owner, self.owner, follow_symlinks=False)

    def _hand_over(self, folder: Path) -> None:
        """Give a whole folder to the user that guests now are; another way may have been used before."""
        uid = self.owner or os.geteuid()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)

    def command(self, place: Place, line: str | None, *, tty: bool) -> list[str]:
        """Return the argument list for a command line of the guest's, None for its login shell."""
        shell = "bash" if shutil.which("bash") else "sh"
        words = [shell, "-l"] if line is None else [shell, "-c", line]
        return self._way(place, words, tty)

    def environment(self, place: Place, more: dict[str, str]) -> dict[str, str]:
        """Return the whole environment of a guest's command."""
        home = HOME if self.kind != "plain" else str(place.home)
        return more | {
            "HOME": home,
            "USER": "claude",
            "LOGNAME": "claude",
            "SHELL": "/bin/bash",
            "PATH": ":".join(self._path()),
            "EMULATED_HOSTNAME": place.hostname,
        }

    def _path(self) -> list[str]:
        system = ["/run/current-system/sw/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        if self.kind != "plain":
            return ["/opt/guest/bin", "/opt/emulated/bin", *system]
        extra = [str(self._guest_bin)] if self._guest_bin else []
        return [*extra, str(self._scripts), str(self._plain_scripts), *system]

    def _first_that_works(self) -> Callable[[Place, list[str], bool], list[str]]:
        if shutil.which("bwrap"):
            ways = [self._by_root, self._by_user] if os.geteuid() == 0 else [self._by_user]
            for way in ways:
                if self._works(way):
                    return way
        _LOG.warning("no bubblewrap sandbox can be made here: guests get a plain shell in a private home")
        return self._plain

    def _works(self, way: Callable[[Place, list[str], bool], list[str]]) -> bool:
        self._way = way
        place = self.place(self._state / "probe", "cc-probe")
        self.prepare(place)
        try:
            done = subprocess.run(
                way(place, ["sh", "-c", "cd && : > probe && test $(id -un) = claude"], False),  # noqa: FBT003 -- a Callable has no names
                env=self.environment(place, {}),
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        finally:
            shutil.rmtree(place.folder, ignore_errors=True)
        return done.returncode == 0

    def _by_root(self, place: Place, words: list[str], tty: bool) -> list[str]:
        change = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--inh-caps=-all"]
        caps = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        return self._warded(tty, ["--exec"], [*self._bubble(place, caps), *change, *_AT_HOME, *words])

    def _by_user(self, place: Place, words: list[str], tty: bool) -> list[str]:
        user = ["--unshare-user", "--uid", str(_USER), "--gid", str(_USER)]
        return self._warded(tty, ["--exec"], [*self._bubble(place, user), *_AT_HOME, *words])

    def _plain(self, place: Place, words: list[str], tty: bool) -> list[str]:
        drop = [] if self.owner is None else ["--user", str(self.owner)]
        return self._warded(tty, [*drop, "--chdir", str(place.home)], words)

    def _warded(self, tty: bool, options: list[str], words: list[str]) -> list[str]:
        head = [sys.executable, "-I", "-S", str(warden.__file__), "--parent", str(os.getpid())]
        return [*head, *(["--tty"] if tty else []), *options, "--", *words]

    def _bubble(self, place: Place, identity: list[str]) -> list[str]:
        words = ["bwrap", *identity, "--unshare-pid", "--unshare-uts", "--unshare-ipc", "--die-with-parent"]
        words += ["--hostname", place.hostname]
        for path in _FOLDERS:
            words += ["--dir", path]
        for path in _SYSTEM:
            words += self._system(Path(path))
        for name in _ETC:
            words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        for name in ("passwd", "group", "hosts", "hostname", "os-release"):
            words += ["--ro-bind", str(place.folder / "etc" / name), f"/etc/{name}"]
        instance = "var/lib/cloud-instance"
        words += ["--proc", "/proc", "--dev", "/dev", "--bind", str(place.folder / "tmp"), "/tmp"]  # noqa: S108 -- the guest's own
        words += ["--ro-bind", str(place.disk / instance), f"/{instance}"]
        words += ["--ro-bind", str(self._scripts), "/opt/emulated/bin"]
        if self._guest_bin is not None:
            words += ["--ro-bind", str(self._guest_bin), "/opt/guest/bin"]
        return [*words, "--bind", str(place.home), HOME]

    def _system(self, path: Path) -> list[str]:
        if path.is_symlink() and not path.is_relative_to("/run"):
            return ["--symlink", str(path.readlink()), str(path)]
        return ["--ro-bind-try", str(path), str(path)]
