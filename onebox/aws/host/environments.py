"""The environments of one function: forked when there is more to do at once, ended when an invocation takes too long.

An environment does one thing at a time. One that dies, or is ended at the function's time limit, fails the invocation
it was in, and the next one gets a new environment. More invocations than `at_once` wait.
"""

from __future__ import annotations

import collections
import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass

from onebox.aws.host.environment import CANNOT_START, live
from onebox.aws.host.settings import HostSettings

_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class _Environment:
    """`caller` and `until` (monotonic seconds) are set while an invocation goes on."""

    pid: int
    control: socket.socket
    caller: socket.socket | None = None
    until: float = 0.0


class Environments:
    """Serves the listening socket until the process ends.

    The packaged code is loaded in each environment and never here: what it opens is not for several processes.
    """

    def __init__(self, listening: socket.socket, settings: HostSettings) -> None:
        self._listening = listening
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self._all: dict[socket.socket, _Environment] = {}
        self._waiting: collections.deque[socket.socket] = collections.deque()

    def serve(self) -> None:
        """Go on for ever."""
        while True:
            for key, _ in self._selector.select(self._until_next()):
                if key.fileobj is self._listening:
                    self._waiting.append(self._listening.accept()[0])
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._all:
                    self._hear(self._all[key.fileobj])
            self._end_late()
            self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting:
            environment = self._idle() or self._fork()
            if environment is None:
                return
            caller = self._waiting.popleft()
            environment.caller, environment.until = caller, time.monotonic() + self._settings.timeout
            try:
                socket.send_fds(environment.control, [b"c"], [caller.fileno()])
            except OSError:  # it died before it was given anything
                self._hear(environment)

    def _idle(self) -> _Environment | None:
        return next((one for one in self._all.values() if one.caller is None), None)

    def _fork(self) -> _Environment | None:
        if len(self._all) >= self._settings.at_once:
            return None
        ours, theirs = socket.socketpair()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            self._become(parent, theirs, ours)
        theirs.close()
        environment = _Environment(pid=pid, control=ours)
        self._all[ours] = environment
        self._selector.register(ours, selectors.EVENT_READ)
        return environment

    def _become(self, parent: int, control: socket.socket, ours: socket.socket) -> None:
        """Live on as an environment that ends with its host."""
        try:
            if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0 and os.getppid() == parent:
                callers = [one.caller for one in self._all.values() if one.caller is not None]
                for held in (ours, self._listening, *self._all, *self._waiting, *callers):
                    held.close()
                self._selector.close()
                live(control, self._settings)
        finally:
            os._exit(1)

    def _hear(self, environment: _Environment) -> None:
        """It is idle again, or it is dead."""
        try:
            said = environment.control.recv(16)
        except OSError:
            said = b""
        if not said:
            status = _status(environment.pid)
            self._gone(environment, _ending(status))
            if status == CANNOT_START:
                sys.exit(CANNOT_START)
        elif environment.caller is not None:
            environment.caller.close()
            environment.caller = None

    def _end_late(self) -> None:
        for one in list(self._all.values()):
            if one.caller is not None and one.until <= time.monotonic():
                os.kill(one.pid, signal.SIGKILL)
                os.waitpid(one.pid, 0)
                self._gone(one, f"Task timed out after {self._settings.timeout:.2f} seconds", "Sandbox.Timedout")

    def _gone(self, environment: _Environment, message: str, kind: str = "Runtime.ExitError") -> None:
        """Forget an environment, and tell whoever waits for it."""
        self._selector.unregister(environment.control)
        environment.control.close()
        del self._all[environment.control]
        if environment.caller is not None:
            error = {"errorType": kind, "errorMessage": message}
            try:
                environment.caller.settimeout(1.0)
                environment.caller.sendall(json.dumps({"error": error}).encode() + b"\n")
            except OSError:  # nobody waits any more
                pass
            finally:
                environment.caller.close()

    def _until_next(self) -> float | None:
        moments = [one.until for one in self._all.values() if one.caller is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None


def _status(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return -signal.SIGKILL


def _ending(status: int) -> str:
    if status >= 0:
        return f"Runtime exited with error: exit status {status}"
    how = "killed" if -status == signal.SIGKILL else signal.Signals(-status).name
    return f"Runtime exited with error: signal: {how}"
