"""Count again what the counters should say, from the rows themselves, and repair what is off (invariant 21).

Counters are written with the rows they count, so a difference is a defect or somebody's hand in the table. It is noted
at first sight and repaired when a later run, a quarter of an hour on, finds the very same difference: what was only on
its way between two writes, or an index that lagged, is not the same twice. A repair adds the difference and never sets
a value, so that whoever orders meanwhile is counted all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.domain import budget
from chalicelib.domain.audit import Deed
from chalicelib.domain.instance import Instance
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.note import note
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.save import LIVE, counts_for_owner, counts_live, quota_key, spend_key
from chalicelib.operations.services import Services

PAGE = 200
APART = timedelta(minutes=15)
REMEMBERED = timedelta(hours=3)
RUNS = 40
"""How many earlier runs are looked at: three hours of hourly runs, with the sweeps between them."""

WHOLE_MONTH = timedelta(days=30)
"""How long tombstones are kept: once a month is older, some of what it has cost may have no row any more."""

REPAIRED, WOULD_REPAIR, SEEN = "repaired a counter", "would repair a counter", "left a counter alone"
BEGUN = "began to repair a counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """A counter that is off by so much; `of` is a row by which the owner of a quota can be found."""

    key: str
    kind: str
    by: int
    of: str | None = None

    def entry(self, what: str, seen: str) -> RunEntry:
        """How a run's record tells it; the same finding is the same entry."""
        why = f"the counter of {self.kind} is off by {self.by:+d} against a recount of the rows; {seen}"
        return RunEntry(what=what, why=why, instance_id=self.of)


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What the rows say; `whole` is False when they could not all be read."""

    month: str
    live: int = 0
    spend: int = 0
    owned: Counter[str] = field(default_factory=Counter)
    of: dict[str, str] = field(default_factory=dict)
    whole: bool = True

    def count(self, row: Instance) -> None:
        """Add one row."""
        self.live += counts_live(row)
        self.spend += sum(hold.micro_eur for hold in row.holds if hold.month == self.month)
        if row.owner:  # a forgotten wish has none
            self.owned[row.owner] += counts_for_owner(row)
            self.of.setdefault(row.owner, row.id)


def recount(services: Services, book: Logbook, *, left: Callable[[], float]) -> None:
    """Keep in `book` what was found: noted, or repaired where an earlier run had noted the same."""
    shared = (LIVE, spend_key(budget.month_of(services.clock.now())))
    before = services.instances.counters(shared)
    tally = _tallied(services, left)
    if not tally.whole:
        why = "not every row could be read, or this run's time was over"
        return book.skip(RunEntry(what=SEEN, why=why))
    noted = _noted_before(services, book.run)
    for finding in _findings(services, tally, before):
        first = finding.entry(SEEN, "seen for the first time")
        if first in noted:
            _repair(services, book, finding)
        else:
            book.skip(first)
    return None


def _tallied(services: Services, left: Callable[[], float]) -> _Tally:
    """Every row, page by page; rows of another release may count for something, so then nothing is known."""
    tally = _Tally(month=budget.month_of(services.clock.now()))
    cursor: str | None = None
    while True:
        page = services.instances.page(ended=True, limit=PAGE, cursor=cursor)
        for row in page.instances:
            tally.count(row)
        cursor = page.next_cursor
        if page.unread or (cursor is not None and left() <= 0):
            tally.whole = False
        if cursor is None or not tally.whole:
            return tally


def _findings(services: Services, tally: _Tally, before: dict[str, int]) -> list[_Finding]:
    """What is off; a counter that all share and that moved while the rows were read is looked at next time."""
    spend = spend_key(tally.month)
    counted = services.instances.counters([LIVE, spend, *map(quota_key, tally.owned)])
    found = [_Finding(key=LIVE, kind="live machines", by=counted[LIVE] - tally.live)]
    if services.clock.now() < _begin(tally.month) + WHOLE_MONTH:
        found.append(_Finding(key=spend, kind="this month's money", by=counted[spend] - tally.spend))
    still = [each for each in found if counted[each.key] == before[each.key]]
    quotas = [
        _Finding(key=quota_key(owner), kind="an owner", by=counted[quota_key(owner)] - owned, of=tally.of[owner])
        for owner, owned in tally.owned.items()
    ]
    return [each for each in (*still, *quotas) if each.by]


def _begin(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[4:]), 1, tzinfo=UTC)


def _noted_before(services: Services, run: Run) -> frozenset[RunEntry]:
    """What runs noted that were neither just now nor long ago."""
    now = services.clock.now()
    return frozenset(
        entry
        for earlier in services.runs.newest(RUNS)
        if earlier.id != run.id and not earlier.dry_run and APART <= now - earlier.requested_at <= REMEMBERED
        for entry in earlier.skipped
    )


def _repair(services: Services, book: Logbook, finding: _Finding) -> None:
    """Add the difference, between the two lines of the record; a dry run only says so."""
    twice = "seen twice, unchanged"
    if book.run.dry_run:
        return book.done(finding.entry(WOULD_REPAIR, twice))
    book.begin(finding.entry(BEGUN, twice))
    services.instances.add(finding.key, -finding.by, cap=None, expires_at=None)
    services.alarms.raise_alarm("recount.repaired", counter=finding.kind, by=-finding.by, instance_id=finding.of)
    note(services, Deed.COUNTER_REPAIRED, f"{finding.kind} by {-finding.by:+d}")
    return book.done(finding.entry(REPAIRED, twice))
