"""How a build can end early; `__main__` alone turns these into exit codes.

BuilderError
├── SettingsInvalid   the environment is not a job's: nothing was done
├── NotWanted         the control plane has no use for this attempt (any more): end quietly
├── NotNow            no answer, or one that asks for patience: the request may have had its effect, send it again
├── Refused           the control plane found our document wrong: sending it again changes nothing
├── OrderInvalid      what the claim brought is not an order for this job
└── BuildFailed       the machine could not be made, with the cause from the contract's vocabulary
Stopped               SIGTERM came (a BaseException, so that no `except Exception` holds it up)
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.build import Cause


class BuilderError(Exception):
    """Anything that ends a build early."""


class SettingsInvalid(BuilderError):
    """The environment is not a job's; `problems` has one sentence for every fault found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class NotWanted(BuilderError):
    """The control plane refused this attempt with 401, 403, 404, 409 or 410."""


class NotNow(BuilderError):
    """Try again: no connection, no answer, 408, 425, 429 or 5xx; `after` is the wait asked for, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Refused(BuilderError):
    """The control plane answered with another status; `status` is that one."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the control plane answered {status}")
        self.status = status


class OrderInvalid(BuilderError):
    """The answer to the claim is not an order for this job; the text says why and quotes nothing of it."""


class BuildFailed(BuilderError):
    """The machine could not be made; `detail` is a short sentence that holds nothing secret."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class Stopped(BaseException):
    """SIGTERM came: stop the children, clean up, say nothing."""
