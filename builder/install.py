"""One build from an order to a machine: the steps, what each may take, and what is tried twice.

Pure order of things; how a step is done is in the file of its name. It raises what they raise.
"""

from __future__ import annotations

import math

from builder.check import check_authorized_keys
from builder.clock import Allowance, Deadline
from builder.key_look import INSTALL_USER, check_not_rejected
from builder.log_tail import LogTail
from builder.nixos_anywhere import arguments, environment
from builder.pace import Pace
from builder.phases import INSTALL_RUN, KEXEC_RUN, REBOOT_RUN, Step
from builder.report import Reporter
from builder.run import Run, RunFailed
from builder.settings import Settings
from builder.ssh_wait import wait_for_ssh
from builder.verify import verify
from builder.workplace import Workplace
from chalicelib.domain.build import BuildOrder, Cause, Phase


class Install:
    """The work on one order."""

    def __init__(
        self, settings: Settings, order: BuildOrder, reporter: Reporter, tail: LogTail, deadline: Deadline, pace: Pace
    ) -> None:
        self._settings = settings
        self._order = order
        self._reporter = reporter
        self._tail = tail
        self._deadline = deadline
        self._pace = pace

    def carry_out(self) -> None:
        """Return when the machine is the guest's and closed to us.

        BuildFailed, NotWanted, NotNow and Refused come out as they are.
        """
        with Workplace.make(self._order) as place:
            self._wait()
            self._reporter.ask(Phase.KEXEC)
            self._kexec(place)
            self._reporter.ask(Phase.DISKO)
            self._install(place)
            self._check()
            self._reboot(place)
            self._verify()

    def _wait(self) -> None:
        allowance = self._allow(self._pace.ssh_within)  # before it is told: from then on others count its time
        self._reporter.begin(Phase.SSH)
        wait_for_ssh(self._order, allowance, self._pace, self._reporter.tick)
        self._settings.failpoint.returned("Builder.ssh")

    def _kexec(self, place: Workplace) -> None:
        allowance = self._allow(self._pace.kexec_within)
        try:
            self._run(place, "kexec", KEXEC_RUN, allowance)
        except RunFailed as failure:
            if not failure.old_system:
                raise
            # Hetzner's machines sometimes come back as they were (nix-community/nixos-images issue 342).
            self._run(place, "kexec", KEXEC_RUN, allowance)
        self._settings.failpoint.returned("Builder.kexec")

    def _install(self, place: Workplace) -> None:
        allowance = self._allow(self._pace.install_within)
        try:
            self._run(place, "disko,install", INSTALL_RUN, allowance, quiet=self._pace.silence_within)
        except RunFailed as failure:
            if failure.cause is not Cause.COPY_FAILED or not self._is_there():
                raise
            # Once the disk is mounted it holds what was copied so far, and copying goes on from there. Before, only
            # the disko script was on its way. No cache is asked any more: it may be what failed (row B11).
            phases = "disko,install" if failure.step is INSTALL_RUN else "install"
            self._run(place, phases, failure.step, allowance, caches=False, quiet=self._pace.silence_within)
        self._settings.failpoint.returned("Builder.install")

    def _is_there(self) -> bool:
        """Whether the machine answers after a copy that failed: to one that is gone, a second would never end."""
        allowance = self._allow(self._pace.back_within)
        return check_not_rejected(self._order, allowance, self._pace, self._reporter.tick)

    def _check(self) -> None:
        check_authorized_keys(self._order, self._allow(self._pace.check_within), self._pace, self._reporter.tick)
        self._settings.failpoint.returned("Builder.check")

    def _reboot(self, place: Workplace) -> None:
        self._run(place, "reboot", REBOOT_RUN, self._allow(self._pace.reboot_within))
        self._settings.failpoint.returned("Builder.reboot")

    def _verify(self) -> None:
        allowance = self._allow(self._pace.reboot_within)
        self._reporter.begin(Phase.VERIFY)
        verify(self._order, allowance, self._pace, self._reporter.tick)
        self._reporter.settle()  # the last word waits for it in any case
        self._settings.failpoint.returned("Builder.verify")

    def _run(
        self,
        place: Workplace,
        phases: str,
        first: Step,
        allowance: Allowance,
        *,
        caches: bool = True,
        quiet: float = math.inf,
    ) -> None:
        words = arguments(self._settings, self._order, place, phases, caches=caches)
        login = f"{INSTALL_USER}@{self._order.address}"
        run = Run(first, self._tail, self._reporter, self._pace, login=login, quiet=quiet)
        try:
            run.follow(words, environment(self._settings, place), allowance)
        except RunFailed as failure:
            if failure.refused:
                self._look_at_key()
            raise

    def _look_at_key(self) -> None:
        """Tell a key that is rejected from a login that was refused for a moment; either has ended the run."""
        check_not_rejected(self._order, self._allow(self._pace.key_look_within), self._pace, self._reporter.tick)

    def _allow(self, seconds: float) -> Allowance:
        return Allowance(seconds, self._deadline)
