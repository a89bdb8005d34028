"""Waiting for the new server: until its planted host key answers and the install key opens root."""

from __future__ import annotations

from collections.abc import Callable

from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.key_look import opens
from builder.pace import Pace
from builder.refusals import Refusals
from builder.ssh_session import NobodyListens, NobodyThere, UnexpectedKey
from builder.waiting import looks
from chalicelib.domain.build import BuildOrder, Cause


def wait_for_ssh(order: BuildOrder, allowance: Allowance, pace: Pace, tick: Callable[[], None]) -> None:
    """Return once the server lets the install key in; `tick` is called before every look.

    BuildFailed: WRONG_HOST_KEY at the first other key; KEY_REJECTED when it was refused for long enough, or by the
    last look before the allowance was used up; SSH_NEVER_UP when that look found no SSH server.
    """
    why, cause = "nothing answered", Cause.SSH_NEVER_UP
    refusals = Refusals(pace.refused_at_first)
    for _ in looks(allowance, pace):
        tick()
        try:
            if opens(order, pace):
                return
            refusals.refused("at the first contact")
            why, cause = "it refused the install key", Cause.KEY_REJECTED
        except NobodyThere as error:
            if isinstance(error, NobodyListens):
                refusals.forget()
            why, cause = f"nothing answered as an SSH server ({error})", Cause.SSH_NEVER_UP
        except UnexpectedKey as error:
            raise BuildFailed(Cause.WRONG_HOST_KEY, "at the first contact") from error
    raise BuildFailed(cause, why)
