"""The look at the machine after its reboot: its final host key answers, and our install key opens nothing any more."""

from __future__ import annotations

from collections.abc import Callable

from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.pace import Pace
from builder.ssh_session import NobodyThere, UnexpectedKey, logged_in, session
from builder.waiting import looks
from chalicelib.domain.build import BuildOrder, Cause

_USERS = ("root", "claude")


def verify(order: BuildOrder, allowance: Allowance, pace: Pace, tick: Callable[[], None]) -> None:
    """Return once the installed machine is up and closed to us; `tick` is called before every look.

    BuildFailed: NEVER_BACK when the allowance is used up, WRONG_HOST_KEY at a key that is neither the installer's nor
    the final one, WRONG_KEYS when the install key is still accepted.
    """
    for _ in looks(allowance, pace):
        tick()
        try:
            opened = [user for user in _USERS if _opens(order, user, pace)]
        except NobodyThere:
            continue
        except UnexpectedKey as error:
            if error.key == order.bootstrap_host_key:
                continue  # the installer has not gone down yet
            raise BuildFailed(Cause.WRONG_HOST_KEY, "after the reboot") from error
        if opened:
            raise BuildFailed(Cause.WRONG_KEYS, f"the install key still opens {' and '.join(opened)}")
        return
    raise BuildFailed(Cause.TIMEOUT if allowance.late else Cause.NEVER_BACK, "its final host key did not answer")


def _opens(order: BuildOrder, user: str, pace: Pace) -> bool:
    """A connection for each user: OpenSSH lets none change the name once it was told."""
    with session(
        order.address, order.ssh_port, order.final_host_key.public, connect=pace.connect, handshake=pace.handshake
    ) as transport:
        return logged_in(transport, user, order.install_key)
