"""How a guest's command is started: in bubblewrap when a probe of it succeeds, else plainly in the home.

Three ways, the first that works is used for all: as root, a sandbox made by root in which the shell is an
unprivileged user; a sandbox in a user namespace; a plain shell with a warning. Every one dies with the emulator.
Where a guest's files are is `place`'s matter. The machine's own jobs go the same ways as the same user, since nothing
that came over the network ever runs as the host's root; they alone may write /run and the record's folder.
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
from hetzner_emulator.guest.place import HOME, JOBS, PROFILE, PROGRAMS, RECORD_FOLDER, SYSTEM, Place, empty_run, prepare
from hetzner_emulator.guest.scripts import write_scripts
from hetzner_emulator.guest.shelter import reachable, shelter_for

_LOG = logging.getLogger(__name__)
_NOBODY = 65534
_USER = 1000
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/run/current-system")
_ETC = (
    "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "ca-certificates", "pki", "terminfo",
    "localtime", "resolv.conf", "nsswitch.conf", "services", "protocols", "inputrc", "static", "profiles",
)  # fmt: skip
# Made first, since bubblewrap gives folders it makes in passing to root alone.
_FOLDERS = ("/etc", "/home", "/opt", "/opt/emulated", "/opt/guest", "/opt/system", "/var", "/var/lib", "/run")
_AT_HOME = ("sh", "-c", 'cd "$HOME" && exec "$@"', "sh")
_PROBE_SECONDS = 10
# The host's /etc/profile would take away the machine's PATH, so the machine's own is read instead, then the guest's.
_PLAIN_LOGIN = """
[ ! -r "$EMULATED_ROOT/etc/profile" ] || . "$EMULATED_ROOT/etc/profile"
if [ -r "$HOME/.bash_profile" ]; then . "$HOME/.bash_profile"; elif [ -r "$HOME/.profile" ]; then . "$HOME/.profile"; fi
if command -v bash >/dev/null; then exec bash --noprofile -l; else exec sh; fi
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """On a terminal or not, and whether it is the machine's own job."""

    tty: bool = False
    job: bool = False


_Way = Callable[[Place, list[str], _Manner], list[str]]


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
        home, root = disk / HOME.lstrip("/"), disk
        if self._shelter is not None:
            home, root = self._shelter / folder.name, self._shelter / f"{folder.name}-root"
        return Place(folder=folder, disk=disk, root=root, home=home, hostname=hostname)

    def forget(self, folder: Path) -> None:
        """Remove what a deleted server's guest has outside of its folder."""
        if self._shelter is not None:
            for name in (folder.name, f"{folder.name}-root"):
                shutil.rmtree(self._shelter / name, ignore_errors=True)

    def prepare(self, place: Place) -> None:
        """Make what a machine has besides what its install brought."""
        uid = _NOBODY if self.owner is not None else _USER
        prepare(place, uid=uid, owner=self.owner)

    def boot(self, place: Place) -> None:
        """Forget what a machine held in memory."""
        empty_run(place, self.owner)

    def give(self, path: Path) -> None:
        """Make a path the guest's own."""
        if self.owner is not None:
            os.chown(path, self.owner, self.owner, follow_symlinks=False)

    def command(self, place: Place, line: str | None, *, tty: bool) -> list[str]:
        """Return the argument list for a command line of the guest's, None for its login shell."""
        shell = "bash" if shutil.which("bash") else "sh"
        login = [shell, "-l"] if self.kind != "plain" else [shell, "-c", _PLAIN_LOGIN]
        return self._way(place, login if line is None else [shell, "-c", line], _Manner(tty=tty))

    def job(self, place: Place, name: str) -> list[str]:
        """Return the argument list for one of the machine's own jobs."""
        path = f"{JOBS}/{name}" if self.kind != "plain" else str(place.on_host(JOBS) / name)
        return self._way(place, [path], _Manner(job=True))

    def environment(self, place: Place, more: dict[str, str]) -> dict[str, str]:
        """Return the whole environment of a guest's command."""
        home = HOME if self.kind != "plain" else str(place.home)
        user = {"HOME": home, "USER": "claude", "LOGNAME": "claude", "SHELL": "/bin/bash"}
        return more | user | self._machine(place)

    def job_environment(self, place: Place) -> dict[str, str]:
        """Return the whole environment of a job."""
        return {"HOME": HOME if self.kind != "plain" else str(place.home)} | self._machine(place)

    def _machine(self, place: Place) -> dict[str, str]:
        """Return what every program may know: without a sandbox the machine's root is a folder of the host."""
        root = "" if self.kind != "plain" else str(place.root)
        return {
            "PATH": ":".join(self._path(place)),
            "EMULATED_HOSTNAME": place.hostname,
            "EMULATED_ROOT": root,
        }

    def _path(self, place: Place) -> list[str]:
        system = ["/run/current-system/sw/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        if self.kind != "plain":
            return ["/opt/guest/bin", "/opt/emulated/bin", PROGRAMS, *system]
        extra = [str(self._guest_bin)] if self._guest_bin else []
        own = str(place.on_host(PROGRAMS))
        return [*extra, str(self._scripts), str(self._plain_scripts), own, *system]

    def _first_that_works(self) -> _Way:
        if shutil.which("bwrap"):
            ways = [self._by_root, self._by_user] if os.geteuid() == 0 else [self._by_user]
            for way in ways:
                if self._works(way):
                    return way
        _LOG.warning("no bubblewrap sandbox can be made here: guests get a plain shell in a private home")
        return self._plain

    def _works(self, way: _Way) -> bool:
        self._way = way
        place = self.place(self._state / "probe", "cc-probe")
        self.prepare(place)
        try:
            done = subprocess.run(
                way(place, ["sh", "-c", "cd && : > probe && test $(id -un) = claude"], _Manner()),
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

    def _by_root(self, place: Place, words: list[str], manner: _Manner) -> list[str]:
        change = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--inh-caps=-all"]
        caps = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        inside = [*self._bubble(place, caps, manner), *change, *_AT_HOME, *words]
        return self._warded(manner, ["--exec"], inside)

    def _by_user(self, place: Place, words: list[str], manner: _Manner) -> list[str]:
        user = ["--unshare-user", "--uid", str(_USER), "--gid", str(_USER)]
        return self._warded(manner, ["--exec"], [*self._bubble(place, user, manner), *_AT_HOME, *words])

    def _plain(self, place: Place, words: list[str], manner: _Manner) -> list[str]:
        drop = [] if self.owner is None else ["--user", str(self.owner)]
        return self._warded(manner, [*drop, "--chdir", str(place.home)], words)

    def _warded(self, manner: _Manner, options: list[str], words: list[str]) -> list[str]:
        head = [sys.executable, "-I", "-S", str(warden.__file__), "--parent", str(os.getpid())]
        return [*head, *(["--tty"] if manner.tty else []), *options, "--", *words]

    def _bubble(self, place: Place, identity: list[str], manner: _Manner) -> list[str]:
        words = ["bwrap", *identity, "--unshare-pid", "--unshare-uts", "--unshare-ipc", "--die-with-parent"]
        words += ["--hostname", place.hostname]
        for path in _FOLDERS:
            words += ["--dir", path]
        words += ["--bind" if manner.job else "--ro-bind", str(place.on_host("/run")), "/run"]
        for path in _SYSTEM:
            words += self._system(Path(path))
        for name in _ETC:
            words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        for name in ("passwd", "group", "hosts", "hostname", "os-release"):
            words += ["--ro-bind", str(place.folder / "etc" / name), f"/etc/{name}"]
        words += ["--bind" if manner.job else "--ro-bind", str(place.on_host(RECORD_FOLDER)), RECORD_FOLDER]
        for brought in (SYSTEM, PROFILE, JOBS):
            words += ["--ro-bind-try", str(place.on_host(brought)), brought]
        words += ["--proc", "/proc", "--dev", "/dev", "--bind", str(place.folder / "tmp"), "/tmp"]  # noqa: S108 -- the guest's own
        words += ["--ro-bind", str(self._scripts), "/opt/emulated/bin"]
        if self._guest_bin is not None:
            words += ["--ro-bind", str(self._guest_bin), "/opt/guest/bin"]
        return [*words, "--bind", str(place.home), HOME]

    def _system(self, path: Path) -> list[str]:
        if path.is_symlink() and not path.is_relative_to("/run"):
            return ["--symlink", str(path.readlink()), str(path)]
        return ["--ro-bind-try", str(path), str(path)]
