"""The record of one run while it is made: every act is in the table before it is done, and again after it.

So a run that is killed anywhere, or fails after its acts, says what it did; of the one act it was killed in it says
that it was begun. A dry run does nothing, so its record is kept at its end. What an act is, and why, others say.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import CccError
from chalicelib.operations.ports import Run, RunEntry, Runs


class Logbook:
    """What `run` has become so far; StoreUnavailable from every method that keeps it."""

    def __init__(self, runs: Runs, run: Run) -> None:
        self._runs = runs
        self._begun: RunEntry | None = None
        self.run = run

    def begin(self, entry: RunEntry) -> None:
        """Keep that an act is begun, in the word for that; nothing may be done before this returns."""
        if self.run.dry_run:
            return
        self._begun = entry
        try:
            self._keep(replace(self.run, did=(*self.run.did, entry)))
        except CccError:
            self.drop()  # what cannot be kept is not done
            raise

    def done(self, entry: RunEntry) -> None:
        """Keep that it is done, in place of what was begun."""
        self._keep(replace(self.run, did=(*self._did(), entry)))
        self._begun = None

    def drop(self) -> None:
        """What was begun had no effect: the next that is kept does not tell it any more."""
        self.run, self._begun = replace(self.run, did=self._did()), None

    def skip(self, *entries: RunEntry) -> None:
        """Note what is left alone; kept with the next act, or at the end."""
        self.run = replace(self.run, skipped=(*self.run.skipped, *entries))

    def fail(self, *errors: str) -> None:
        """Note errors; kept with the next act, or at the end. Whatever was begun stays so: nobody knows its outcome."""
        self._begun = None
        self.run = replace(self.run, errors=(*self.run.errors, *errors))

    def count(self, *, rows: int = 0, servers: int = 0) -> None:
        """Note how much was looked at."""
        self.run = replace(self.run, rows=self.run.rows + rows, servers=self.run.servers + servers)

    def freeze(self, why: str) -> None:
        """Note that the rest of the run does nothing, and why."""
        self.run = replace(self.run, frozen=why)

    def _did(self) -> tuple[RunEntry, ...]:
        return self.run.did if self._begun is None else self.run.did[:-1]

    def _keep(self, run: Run) -> None:
        # the run itself first: what was done is told at the end, also when it cannot be kept now
        self.run = run
        if not run.dry_run:
            self._runs.save(run)
