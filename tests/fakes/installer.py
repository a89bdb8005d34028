"""A build platform in memory: jobs start or are queued, run until a test ends them, and take slots."""

from __future__ import annotations

from chalicelib.domain.errors import BuilderFull
from chalicelib.operations.ports import BuildStart, BuildState


class FakeInstaller:
    """`started` holds every job that was started, in order; at most `slots` run at once.

    While `queueing` is true, what is started is queued until `run` is called; while `refuse_starts` is, nothing is.
    """

    def __init__(self, slots: int = 20) -> None:
        self.started: list[BuildStart] = []
        self.queueing = False
        self.refuse_starts = False
        self._slots = slots
        self._states: dict[tuple[str, int], BuildState] = {}
        self._errors: list[Exception] = []
        self._lost: list[Exception] = []

    def start(self, start: BuildStart) -> str:
        """Start one attempt's job, or find it started."""
        self._fail(self._errors)
        key = (start.instance_id, start.attempt)
        if key not in self._states:
            if self.refuse_starts or self.running() >= self._slots:
                raise BuilderFull("All builders are busy.")
            self.started.append(start)
            self._states[key] = BuildState.QUEUED if self.queueing else BuildState.RUNNING
        self._fail(self._lost)
        return f"{start.instance_id}-{start.attempt}"

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:  # noqa: ARG002 -- the port's shape
        """What became of the attempt; UNKNOWN if it was never started."""
        self._fail(self._errors)
        return self._states.get((instance_id, attempt), BuildState.UNKNOWN)

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:  # noqa: ARG002 -- the port's shape
        """End the attempt."""
        self._fail(self._errors)
        self.end(instance_id, attempt)

    def run(self, instance_id: str, attempt: int) -> None:
        """Let a job that is queued begin."""
        if self._states.get((instance_id, attempt)) is BuildState.QUEUED:
            self._states[(instance_id, attempt)] = BuildState.RUNNING

    def forget(self, instance_id: str, attempt: int) -> None:
        """Know nothing of a job any more."""
        self._states.pop((instance_id, attempt), None)

    def end(self, instance_id: str, attempt: int) -> None:
        """Let a job come to its end; nothing happens to one that never began."""
        if (instance_id, attempt) in self._states:
            self._states[(instance_id, attempt)] = BuildState.STOPPED

    def at_work(self) -> list[BuildStart]:
        """The jobs that run, in the order of their start."""
        running = BuildState.RUNNING
        return [job for job in self.started if self._states.get((job.instance_id, job.attempt)) is running]

    def running(self) -> int:
        """How many jobs run or are queued."""
        return sum(state is not BuildState.STOPPED for state in self._states.values())

    def fail_next(self, error: Exception) -> None:
        """Let the next call fail without an effect."""
        self._errors.append(error)

    def start_then_fail(self, error: Exception) -> None:
        """Let the next start have its effect and fail all the same (BuilderUnknown)."""
        self._lost.append(error)

    @staticmethod
    def _fail(errors: list[Exception]) -> None:
        if errors:
            raise errors.pop(0)
