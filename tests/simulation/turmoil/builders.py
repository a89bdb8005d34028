"""Builders in a turmoil: each takes a turn when it is asked to, in whatever state its platform, or nobody, knows it.

A builder is honest work that can go wrong: it fails, reports and hangs, is forgotten by its platform, or says that it
is ready when nothing answers. Whoever is handed a machine must be the only one who installs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from chalicelib.domain.build import BuildOrder, BuildReport, Cause, Outcome, Phase
from chalicelib.domain.errors import BuildRefused, NotFound, TooEarly
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.ports import BuildStart, BuildState
from chalicelib.operations.record_build import record_build
from tests.simulation.turmoil.accidents import Accidents, Kind
from tests.simulation.turmoil.broken import require
from tests.unit.operations.world import World

Act = Callable[[str, Callable[[], None]], None]


@dataclass(slots=True)
class Job:
    """A builder: what it was started with, the phases that it has still to begin, and how far it has come."""

    start: BuildStart
    left: list[Phase] = field(default_factory=lambda: list(Phase))
    busy: bool = False
    has_order: bool = False
    reported: bool = False
    forgotten: bool = False


class Builders:
    """The jobs of a world; `act` carries out a turn as a worker of its own."""

    def __init__(self, world: World, random: Random, accidents: Accidents, act: Act) -> None:
        self.world = world
        self.random = random
        self.accidents = accidents
        self.act = act
        self.jobs: dict[tuple[str, int], Job] = {}

    def take_turns(self) -> None:
        """Each job that runs takes its next turn."""
        for start in list(self.world.installer.started):
            job = self.jobs.setdefault((start.instance_id, start.attempt), Job(start=start))
            if not job.busy and (job.forgotten or self._state(start) is BuildState.RUNNING):
                self.act(f"builder {start.instance_id} {start.attempt}", partial(self._turn, job))

    def _state(self, start: BuildStart) -> BuildState:
        return self.world.installer.state(start.instance_id, start.attempt, "")

    def _turn(self, job: Job) -> None:
        """A builder asks again what was not answered, and ends when it is told to."""
        if self.accidents.may(Kind.BAD_BUILD, 0.03):
            self._end(job)
            return
        if not job.reported and self.accidents.may(Kind.BAD_BUILD, 0.02):
            self._hang(job)
            return
        if not job.forgotten and self.accidents.may(Kind.BAD_BUILD, 0.02):
            self.accidents.trace.append("forgotten by its platform, and at work all the same")
            self.world.installer.forget(job.start.instance_id, job.start.attempt)
            job.forgotten = True
        job.busy = True
        hung = False
        try:
            hung = self._work(job)
        except TooEarly:
            return
        except (BuildRefused, NotFound):
            self._end(job)
        finally:
            job.busy = hung

    def _work(self, job: Job) -> bool:
        """The next phase, or the last report; whether the job hangs from now on."""
        start = job.start
        order = claim_build(
            self.world.services,
            start.instance_id,
            attempt=start.attempt,
            claim_code=start.claim_code,
            nonce=f"{start.instance_id}-{start.attempt}",
        )
        self._alone(job)
        while job.left:
            self._report(job, order, BuildReport(phase=job.left[0]))
            job.left.pop(0)
            if self.accidents.may(Kind.BAD_BUILD, 0.05):
                self._report(job, order, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
                self.random.choice([self._end, self._hang])(job)
                return job.busy and self._state(start) is BuildState.RUNNING
            if self.random.random() < 0.5:  # the rest at its next turn
                return False
        if not self.accidents.may(Kind.BAD_BUILD, 0.1):
            # whoever reports without this has installed nothing that answers
            self.world.probe.answer(order.address, order.final_host_key.public)
        job.reported = True
        self._report(job, order, BuildReport(outcome=Outcome.READY))
        self._end(job)
        return False

    def _alone(self, job: Job) -> None:
        """Whoever is handed a machine is the only one who installs it.

        A job that was ended while it asked hears the answer in a story alone: others acted in the middle of its call.
        """
        if not job.forgotten and self._state(job.start) is not BuildState.RUNNING:
            return
        job.has_order = True
        rivals = [
            rival.start.attempt
            for rival in self.jobs.values()
            if rival.has_order
            and rival is not job
            and rival.start.instance_id == job.start.instance_id
            and self._state(rival.start) is BuildState.RUNNING
        ]
        require("11", holds=not rivals, what=f"attempts {rivals} and {job.start.attempt} have one machine")

    def _report(self, job: Job, order: BuildOrder, report: BuildReport) -> None:
        name, attempt = job.start.instance_id, job.start.attempt
        record_build(self.world.services, name, attempt=attempt, build_token=order.build_token, report=report)

    def _hang(self, job: Job) -> None:
        """It never does anything again, and never ends by itself."""
        self.accidents.trace.append("hangs for ever")
        job.busy = True

    def _end(self, job: Job) -> None:
        job.forgotten = False
        self.world.installer.end(job.start.instance_id, job.start.attempt)
