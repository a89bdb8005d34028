"""The account of a story: what must be true once nothing goes wrong any more and all is over.

Nothing of ours is left, nothing of others is gone, the money is what was billed, every count is zero, and every end
came in time. The numbers are those of the invariants (`reliability.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain import budget
from chalicelib.domain.instance import EndReason, Instance
from chalicelib.domain.lease import paid_hours
from chalicelib.operations.save import quota_key
from tests.simulation.turmoil.accidents import Kind
from tests.simulation.turmoil.broken import require
from tests.simulation.turmoil.watch import Life

if TYPE_CHECKING:
    from tests.simulation.turmoil.turmoil import Turmoil

MOST_LATE = timedelta(minutes=5)
"""The slack before the next paid hour."""

SPOILED = timedelta(minutes=2)
"""What a tick in which something went wrong may cost: its own minute, and a lease that has to run out."""

CALLED_OFF = 2
"""How often a builder is called off: when its instance begins to end, and when it has."""


@dataclass(frozen=True, slots=True)
class Account:
    """Of one story that has healed; `settle` raises Broken."""

    story: Turmoil

    def settle(self) -> None:
        """What must be true once all is over."""
        require("1", holds=not self.story.ours(), what=f"servers nobody has: {self.story.ours()}")
        kept = self.story.watch.foreign <= self.story.watch.home.servers.keys()
        require("4", holds=kept, what="a server of others is gone")
        waiting = [row.id for row in self.story.watch.rows() if row.due_at is not None]
        require("5", holds=not waiting, what=f"{waiting} still owe something")
        self._forgotten_builders()
        require("11", holds=self.story.world.installer.running() == 0, what="a builder is still at work")
        self._money()
        self._counters()
        if not self.story.restored:
            self._only_known()

    def _forgotten_builders(self) -> None:
        """Platforms end what lasts longer than an hour. It counts for jobs that hang and that nobody can call off.

        Those are what a restored table does not know, and what was called off twice while its platform was down.
        """
        for job in self.story.world.installer.at_work():
            row, unheard = self.story.watch.row(job.instance_id), self.story.accidents.unheard_stops[job.instance_id]
            if unheard >= CALLED_OFF or (self.story.restored and not _knows(row, job.attempt)):
                self.story.world.installer.end(job.instance_id, job.attempt)

    def _money(self) -> None:
        """What is set aside is what was billed: started hours, from the creation to the delete."""
        rows = self.story.watch.rows()
        held = sum(budget.held(row.holds) for row in rows)
        require("22", holds=self.story.world.spend == held, what=f"set aside {self.story.world.spend}, held {held}")
        for row in rows:
            life = self.story.watch.lives.get(row.id)
            if life is None or row.machine is None or self.story.restored:
                continue  # what was made so late that nobody knew of it was swept, and told to a person
            require("22", holds=self._is_billed(row, life), what=f"{row.id}: {row.holds}, {life}")
            self._in_time(row, life)

    def _is_billed(self, row: Instance, life: Life) -> bool:
        """To the hour; one that began while the delete was on its way is counted by the provider alone."""
        if row.choice is None or self.story.kinds & {Kind.SKEW, Kind.FAST_CLOCK}:
            return True
        ends = (row.delete_sent_at or life.deleted_at, life.deleted_at)
        hours = {paid_hours(created_at=life.created_at, ended_at=end) for end in ends}
        return budget.held(row.holds) in {budget.micro(row.choice.hourly * each) for each in hours}

    def _in_time(self, row: Instance, life: Life) -> None:
        """Gone before the next paid hour, unless more went wrong than ever does, or the project was another."""
        unlucky = Kind.OTHER_TOKEN in self.story.kinds or self.story.accidents.often > 1
        if row.expires_at is None or row.end_reason is not EndReason.EXPIRED or unlucky:
            return
        late = life.deleted_at - row.expires_at
        spoiled = sum(row.expires_at <= tick <= life.deleted_at for tick in self.story.spoiled)
        require("7", holds=late <= MOST_LATE + spoiled * SPOILED, what=f"{row.id} was deleted {late} after its end")

    def _counters(self) -> None:
        rows, world = self.story.watch.rows(), self.story.world
        require("21", holds=world.live == 0, what=f"{world.live} count as live")
        owners = {quota_key(row.owner) for row in rows if row.owner}
        counted = {key: count for key, count in world.services.instances.counters(sorted(owners)).items() if count}
        require("21", holds=not counted, what=f"quota left: {counted}")

    def _only_known(self) -> None:
        """Nothing but a restored table forgets a machine or a letter."""
        swept = [fields for name, fields in self.story.world.alarms.raised if name == "sweep.orphan_deleted"]
        late = Kind.STAND_STILL in self.story.kinds  # a create that was sent before its row ended, and arrived after
        require("3", holds=late or not swept, what=f"swept {swept}")
        often = [name for name, copies in self.story.watch.letters.items() if copies > 2]
        require("15", holds=not often, what=f"sent more than twice: {often}")


def _knows(row: Instance | None, attempt: int) -> bool:
    """Whether a row can tell that this attempt was started, or that it may have been."""
    if row is None or row.requested_at is None:
        return False
    return attempt <= (1 if row.build is None else row.build.attempt + row.build.stopped)
