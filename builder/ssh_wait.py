"""Waiting for the new server: until its planted host key answers and the install key opens root."""

from __future__ import annotations

from collections.abc import Callable

from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.pace import Pace
from builder.ssh_session import NobodyThere, UnexpectedKey, logged_in, session
from builder.waiting import looks
from chalicelib.domain.build import BuildOrder, Cause

INSTALL_USER = "root"


def wait_for_ssh(order: BuildOrder, allowance: Allowance, pace: Pace, tick: Callable[[], None]) -> None:
    """Return once the server lets the install key in; `tick` is called before every look.

    BuildFailed: WRONG_HOST_KEY at the first other key, when the allowance is used up SSH_NEVER_UP, or
    KEY_REJECTED if it was the install key that the last look failed by.
    """
    why, cause = "nothing answered", Cause.SSH_NEVER_UP
    for _ in looks(allowance, pace):
        tick()
        try:
            with session(
                order.address,
                order.ssh_port,
                order.bootstrap_host_key,
                connect=pace.connect,
                handshake=pace.handshake,
            ) as transport:
                if logged_in(transport, INSTALL_USER, order.install_key):
                    return
            why, cause = "it refused the install key", Cause.KEY_REJECTED
        except NobodyThere as error:
            why, cause = f"nothing answered as an SSH server ({error})", Cause.SSH_NEVER_UP
        except UnexpectedKey as error:
            raise BuildFailed(Cause.WRONG_HOST_KEY, "at the first contact") from error
    raise BuildFailed(cause, why)
