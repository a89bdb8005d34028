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
from builder.phases import HOST_KEY_REFUSED, STILL_THE_OLD_SYSTEM, Step, step_of
from builder.report import Reporter
from chalicelib.domain.build import Cause


class RunFailed(BuildFailed):
    """A run ended badly by itself, or its copy stood still; `old_system`: the machine never left its stock system."""

    def __init__(self, step: Step, why: str, *, old_system: bool = False) -> None:
        super().__init__(step.cause, f"nixos-anywhere {why} in “{step.title}”")
        self.step = step
        self.old_system = old_system


class Run:
    """Follows one run from its first step; the cause of a failure is that of the last step it began.

    `quiet` is for how many seconds a copy may say nothing before it counts as failed.
    """

    def __init__(
        self, first: Step, tail: LogTail, reporter: Reporter, pace: Pace, *, key_changes: bool, quiet: float = math.inf
    ) -> None:
        self._step = first
        self._tail = tail
        self._reporter = reporter
        self._pace = pace
        self._key_changes = key_changes
        self._old_system = False
        self._quiet = quiet
        self._heard = time.monotonic()

    def follow(self, arguments: Sequence[str], environment: Mapping[str, str], allowance: Allowance) -> None:
        """Run to a good end, or raise RunFailed, BuildFailed (out of time, wrong host key) or NotWanted."""
        with Child(arguments, environment, self._pace.stop_grace) as child:
            for line in child.output(self._pace.tick):
                if line is not None:
                    self._hear(line)
                self._reporter.flush()
                self._check(allowance)
            code = child.code
        if code != 0:
            raise RunFailed(self._step, f"ended with code {code}", old_system=self._old_system)

    def _stands_still(self) -> bool:
        return self._step.cause is Cause.COPY_FAILED and time.monotonic() - self._heard > self._quiet

    def _hear(self, line: str) -> None:
        self._heard = time.monotonic()
        self._tail.add(line)
        self._old_system = self._old_system or STILL_THE_OLD_SYSTEM in line
        # After the reboot the final key answers, and nixos-anywhere takes the refusal for the silence it waits for.
        if HOST_KEY_REFUSED in line and not self._key_changes:
            raise BuildFailed(Cause.WRONG_HOST_KEY, f"in “{self._step.title}”")
        step = step_of(line)
        if step is not None:
            self._step = step
            self._reporter.begin(step.phase)

    def _check(self, allowance: Allowance) -> None:
        if allowance.left() > 0:
            if self._stands_still():
                raise RunFailed(self._step, "stood still")
            return
        cause = Cause.TIMEOUT if allowance.late else self._step.cause
        raise BuildFailed(cause, f"“{self._step.title}” did not end in time")
