"""The look at what was installed, before it boots: exactly the guest's line may open it (invariant 25)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.extra_files import AUTHORIZED_KEYS, authorized_keys
from builder.key_look import INSTALL_USER
from builder.pace import Pace
from builder.refusals import Refusals
from builder.ssh_session import NobodyListens, NobodyThere, UnexpectedKey, logged_in, session
from builder.waiting import looks
from chalicelib.domain.build import BuildOrder, Cause

if TYPE_CHECKING:
    import paramiko

_PATH = f"/mnt/{AUTHORIZED_KEYS}"
_AT_MOST = 64 * 1024


class _KeyRefused(Exception):
    """The install key was refused."""


def check_authorized_keys(order: BuildOrder, allowance: Allowance, pace: Pace, tick: Callable[[], None]) -> None:
    """Return when the installed file is byte for byte the guest's line.

    BuildFailed: WRONG_KEYS for other content, INSTALL_FAILED when it is not there or nobody answers in time,
    WRONG_HOST_KEY when another key answers, KEY_REJECTED when the install key is refused for long enough.
    """
    refusals = Refusals(pace.refused_over)
    for _ in looks(allowance, pace):
        tick()
        try:
            code, content = _read(order, pace)
        except _KeyRefused:
            refusals.refused("after the installation")
        except NobodyListens:
            refusals.forget()
        except NobodyThere:
            continue
        except UnexpectedKey as error:
            raise BuildFailed(Cause.WRONG_HOST_KEY, "after the installation") from error
        else:
            _judge(order, code, content)
            return
    raise BuildFailed(Cause.INSTALL_FAILED, "the installed system could not be looked at")


def _judge(order: BuildOrder, code: int, content: bytes) -> None:
    if code != 0:
        raise BuildFailed(Cause.INSTALL_FAILED, "the installed system has no authorized_keys")
    if content != authorized_keys(order):
        raise BuildFailed(Cause.WRONG_KEYS, "the installed authorized_keys are not the guest's line")


def _read(order: BuildOrder, pace: Pace) -> tuple[int, bytes]:
    with session(
        order.address, order.ssh_port, order.bootstrap_host_key, connect=pace.connect, handshake=pace.handshake
    ) as transport:
        if not logged_in(transport, INSTALL_USER, order.install_key):
            raise _KeyRefused
        try:
            return _output(transport, f"cat {_PATH}", pace.handshake)
        except Exception as error:  # paramiko lets any parsing error of a peer's bytes through
            raise NobodyThere(type(error).__name__) from error


def _output(transport: paramiko.Transport, command: str, within: float) -> tuple[int, bytes]:
    """Exit code and standard output of a command, at most 64 KiB of it, within so many seconds."""
    end = time.monotonic() + within
    channel = transport.open_session(timeout=within)
    channel.settimeout(within)
    channel.exec_command(command)
    content = b""
    while len(content) < _AT_MOST and (piece := channel.recv(_AT_MOST)):
        content += piece
        channel.settimeout(max(0.0, end - time.monotonic()))
    if not channel.status_event.wait(max(0.0, end - time.monotonic())):
        raise TimeoutError(command)
    return channel.recv_exit_status(), content
