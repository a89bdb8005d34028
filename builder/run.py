"""One run of nixos-anywhere: every line heard, every step reported, never longer than it may take."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from builder.child import Child
from builder.clock import Allowance
from builder.errors import BuildFailed
from builder.log_tail import LogTail
from builder.pace import Pace
from builder.phases import DONE, HOST_KEY_REFUSED, STILL_THE_OLD_SYSTEM, Step, step_of, title_of
from builder.refusals import Refusals, is_absence, is_refusal
from builder.report import Reporter
from chalicelib.domain.build import Cause, Phase


class RunFailed(BuildFailed):
    """A run ended badly by itself, or its copy stood still.

    `old_system`: the machine never left its stock system. `refused`: the last of ssh's words was that it was refused.
    """

    def __init__(self, step: Step, why: str, *, old_system: bool = False, refused: bool = False) -> None:
        super().__init__(step.cause, f"nixos-anywhere {why} in “{step.title}”")
        self.step = step
        self.old_system = old_system
        self.refused = refused


class Run:
    """Follows one run from its first step; the cause of a failure is that of the last step it began.

    `login` is whom ssh logs in as, `user@address`; `quiet` for how many seconds a copy may say nothing before it counts
    as failed.
    """

    def __init__(
        self,
        first: Step,
        tail: LogTail,
        reporter: Reporter,
        pace: Pace,
        *,
        login: str,
        quiet: float = math.inf,
    ) -> None:
        self._step = first
        self._title = first.title
        self._tail = tail
        self._reporter = reporter
        self._pace = pace
        self._login = login
        self._old_system = False
        self._refused = False
        self._refusals = Refusals(pace.refused_over)
        self._quiet = quiet
        self._heard = time.monotonic()

    def follow(self, arguments: Sequence[str], environment: Mapping[str, str], allowance: Allowance) -> None:
        """Run to a good end, or raise RunFailed, NotWanted or BuildFailed (out of time, a wrong key of either side)."""
        with Child(arguments, environment, self._pace.stop_grace) as child:
            for line in child.output(self._pace.tick):
                if line is not None:
                    self._hear(line)
                self._reporter.tick()
                self._check(allowance)
            code = child.code
        if code != 0:
            why = f"ended with code {code}"
            raise RunFailed(self._step, why, old_system=self._old_system, refused=self._refused)

    def _stands_still(self) -> bool:
        return self._step.cause is Cause.COPY_FAILED and time.monotonic() - self._heard > self._quiet

    def _hear(self, line: str) -> None:
        self._heard = time.monotonic()
        shown = self._tail.add(line)
        self._old_system = self._old_system or STILL_THE_OLD_SYSTEM in line
        # Once it reboots the final key answers, and nixos-anywhere takes the refusal for the silence it waits for.
        if HOST_KEY_REFUSED in line and self._step.phase is not Phase.REBOOT:
            raise BuildFailed(Cause.WRONG_HOST_KEY, f"in “{self._step.title}”")
        self._hear_refusal(line)
        self._hear_step(shown or "")

    def _hear_refusal(self, line: str) -> None:
        """A key that opened the machine and does so no more: nixos-anywhere would try it for ever."""
        if self._step.phase is Phase.REBOOT:
            return  # then it is what the program waits for: a system that goes down lets nobody in
        if is_refusal(line, self._login):
            self._refused = True
            self._refusals.refused(f"in “{self._title}”")
        elif is_absence(line) or title_of(line) is not None:  # the next title says that what was tried went well
            self._refused = False
            self._refusals.forget()

    def _hear_step(self, line: str) -> None:
        title, step = title_of(line), step_of(line)
        self._step = step or self._step
        if title is not None and title != DONE:
            self._title = title
            self._reporter.step(title, None if step is None else step.phase)

    def _check(self, allowance: Allowance) -> None:
        if allowance.left() > 0:
            if self._stands_still():
                raise RunFailed(self._step, "stood still")
            return
        cause = Cause.TIMEOUT if allowance.late else self._step.cause
        raise BuildFailed(cause, f"“{self._step.title}” did not end in time")
