"""The parent of every guest shell, run as a script of its own: nothing it starts outlives the emulator.

It takes the terminal on standard input if asked, and either becomes the command (`--exec`, for a sandbox that
dies with it) or starts it, as another user if asked, and stays to end all descendants when the command ends,
when it gets SIGTERM, or when the emulator dies. Standard library only: it must start in milliseconds.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import termios
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50


def main(words: list[str]) -> int:
    """Run `[--tty] [--exec] [--user UID] [--chdir DIR] [--parent PID] -- COMMAND …` and return the exit status."""
    split = words.index("--")
    options, command = words[:split], words[split + 1 :]
    parent = int(options[options.index("--parent") + 1])
    libc = ctypes.CDLL(None, use_errno=True)
    stays = "--exec" not in options
    if "--tty" in options:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM if stays else signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    if "--chdir" in options:
        os.chdir(options[options.index("--chdir") + 1])
    program = _found(command[0])
    if not stays:
        os.execv(program, command)  # noqa: S606 -- a list, no shell
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    user = int(options[options.index("--user") + 1]) if "--user" in options else None
    return _watch(program, command, user)


def _found(name: str) -> str:
    """Return the program's path now: as another user this interpreter may be able to import nothing more."""
    folders = os.environb.get(b"PATH", b"/usr/bin:/bin").decode().split(":")
    paths = (f"{folder}/{name}" for folder in folders)
    return name if "/" in name else next((path for path in paths if os.access(path, os.X_OK)), f"/bin/{name}")


def _become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def _watch(program: str, command: list[str], user: int | None) -> int:
    def end(number: int, _: FrameType | None) -> None:
        _end_descendants()
        os._exit(128 + number)

    child = os.fork()
    if child == 0:
        if user is not None:
            _become(user)
        os.execv(program, command)  # noqa: S606 -- a list, no shell
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() == 1:
        end(signal.SIGTERM, None)
    while True:
        pid, status = os.wait()
        if pid == child:
            _end_descendants()
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _end_descendants() -> None:
    """Kill children until there are none; orphans become children of this process."""
    for _ in range(_ROUNDS):
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="utf-8") as file:  # noqa: PTH123 -- pathlib costs 10 ms here
            children = [int(pid) for pid in file.read().split()]
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
