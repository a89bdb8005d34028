"""Every way a command ends without success, and its exit code.

    CliError
    ├── Failed          1    the service or the instance did not do it
    │   ├── BadAnswer   1    what came back is not this service's language
    │   ├── Unwell      1    the service says that something of its own is in trouble
    │   └── Declined    1    the person answered no: nothing was done
    ├── WrongUse        2    arguments, files or local configuration are not acceptable
    ├── NotFound        3    no such instance, or not yours
    ├── NotAllowed      4    no token, or one that does not open this
    ├── Conflicted      5    conflict, quota or stock
    ├── WaitedTooLong   6    the time given with --timeout is over
    ├── Unreachable     7    nothing answers at the address
    └── Interrupted   130    Ctrl-C

`str(error)` says what happened and why; `next_command` is what to type next. Nothing here knows HTTP: see `problem.py`.
"""

from __future__ import annotations

from typing import ClassVar

from ccc.program import pasteable


class CliError(Exception):
    """The root: a sentence, details one a line, and the next command to type."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        next_command: str | None = None,
        details: tuple[str, ...] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_command = next_command
        self.details = details
        self.request_id = request_id

    def lines(self) -> list[str]:
        """Return what a person reads: what happened, why, and what to type next."""
        shown = [f"Error: {self.message}", *(f"  {detail}" for detail in self.details)]
        if self.next_command:
            shown.append(f"Next: {pasteable(self.next_command)}")
        if self.request_id:
            shown.append(f"(request {self.request_id})")
        return shown


class Failed(CliError):
    """The service or the instance did not do what was asked."""


class BadAnswer(Failed):
    """The answer is not one this service gives: a wrong address, or a proxy in between."""


class Unwell(Failed):
    """The service answers that something of its own is in trouble; a moment later it may not be."""


class Declined(Failed):
    """The person was asked and said no."""

    def lines(self) -> list[str]:
        """Return the sentence alone: it is no error, and nothing is to be typed next."""
        return [self.message]


class WrongUse(CliError):
    """Arguments, files or the local configuration are not acceptable; nothing was sent, or the service refused it."""

    exit_code = 2


class NotFound(CliError):
    """No such instance, or it is somebody else's."""

    exit_code = 3


class NotAllowed(CliError):
    """There is no token, or it does not open this."""

    exit_code = 4


class Conflicted(CliError):
    """A conflict, a quota or an empty stock stands in the way."""

    exit_code = 5


class WaitedTooLong(CliError):
    """The time given for waiting is over; the instance goes on without us."""

    exit_code = 6


class Unreachable(CliError):
    """Nothing answers at the service's address."""

    exit_code = 7


class Interrupted(CliError):
    """Ctrl-C: what runs in the service goes on."""

    exit_code = 130

    def lines(self) -> list[str]:
        """Return the same lines without calling it an error."""
        return [self.message, *super().lines()[1:]]
