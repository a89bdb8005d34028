"""The look whether the install key opens the machine: once, until it does, or after a run that has failed."""

from __future__ import annotations

from collections.abc import Callable

from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.pace import Pace
from builder.refusals import Refusals
from builder.ssh_session import NobodyListens, NobodyThere, UnexpectedKey, logged_in, session
from builder.waiting import looks
from chalicelib.domain.build import BuildOrder, Cause

INSTALL_USER = "root"


def opens(order: BuildOrder, pace: Pace) -> bool:
    """Whether the machine lets the install key in. NobodyThere, UnexpectedKey: nothing was tried."""
    with session(
        order.address, order.ssh_port, order.bootstrap_host_key, connect=pace.connect, handshake=pace.handshake
    ) as transport:
        return logged_in(transport, INSTALL_USER, order.install_key)


def check_not_rejected(order: BuildOrder, allowance: Allowance, pace: Pace, tick: Callable[[], None]) -> bool:
    """True when the key opens the machine, False when nobody let it in or refused it within the allowance.

    BuildFailed: KEY_REJECTED, WRONG_HOST_KEY. `tick` is called before every look.
    """
    refusals = Refusals(pace.refused_over)
    for _ in looks(allowance, pace):
        tick()
        try:
            if opens(order, pace):
                return True
            refusals.refused("after a refused login")
        except NobodyListens:
            refusals.forget()
        except NobodyThere:
            continue
        except UnexpectedKey as error:
            raise BuildFailed(Cause.WRONG_HOST_KEY, "after a refused login") from error
    return False
