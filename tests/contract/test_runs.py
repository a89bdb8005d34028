"""The contract of the port Runs, as it is stored in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.errors import InvalidInput, WriteConflict
from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import Run, RunEntry, RunState
from chalicelib.storage.long_runs import PART
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.table import Item, Table

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ASKED = Run(id="r1", state=RunState.REQUESTED, dry_run=True, requested_at=NOW)
DONE = replace(
    ASKED,
    state=RunState.DONE,
    confirm=2,
    started_at=NOW,
    finished_at=NOW + timedelta(seconds=9),
    rows=3,
    servers=2,
    did=(RunEntry(what="deleted", why="expired", instance_id="abc234", server_id=42),),
    skipped=(RunEntry(what="server", why="not ours"),),
    errors=("one",),
    frozen="no marker",
)
SEEN = Sighting(server_id=42, fingerprint="42|cc-abc|0|a=b", first_seen_at=NOW)


@pytest.fixture
def runs(table: Table) -> StoredRuns:
    """Runs in an empty table."""
    return StoredRuns(table)


def test_a_run_is_kept_in_its_newest_form(runs: StoredRuns) -> None:
    """A run that was asked for is replaced by the same run when it is done."""
    assert runs.get("r1") is None
    runs.save(ASKED)
    assert runs.get("r1") == ASKED
    runs.save(DONE)
    assert runs.get("r1") == DONE
    assert runs.newest(10) == [DONE]


def test_the_newest_runs_come_first(runs: StoredRuns) -> None:
    """By the moment they were asked for, and not more than the limit."""
    for number in range(3):
        runs.save(replace(ASKED, id=f"r{number}", requested_at=NOW + timedelta(minutes=number)))
    assert [run.id for run in runs.newest(2)] == ["r2", "r1"]


def test_runs_are_listed_a_page_at_a_time(runs: StoredRuns) -> None:
    """The cursor leads on, also between runs of one second; a page that is the last has none."""
    for number in range(5):
        runs.save(replace(ASKED, id=f"r{number}", requested_at=NOW + timedelta(minutes=number // 2)))
    listed, cursor = [], None
    for _ in range(3):
        page = runs.page(2, cursor)
        listed += [run.id for run in page.runs]
        cursor = page.next_cursor
    assert (listed, cursor) == (["r4", "r3", "r2", "r1", "r0"], None)


def test_a_cursor_of_nobody_is_refused(runs: StoredRuns) -> None:
    """Whatever it is."""
    with pytest.raises(InvalidInput):
        runs.page(2, "x")


def test_a_run_of_another_release_holds_up_no_list(runs: StoredRuns, table: Table) -> None:
    """It is left out."""
    runs.save(ASKED)
    table.put(Item(key="run#r2", body={"id": "r2"}, listing="run", listed_at=int(NOW.timestamp())))
    assert runs.newest(10) == [ASKED]


def acts(count: int) -> tuple[RunEntry, ...]:
    """So many servers that were deleted, each another one."""
    why = "no row owns it; seen twice, unchanged"
    return tuple(RunEntry(what="deleted", why=why, instance_id="abc234", server_id=number) for number in range(count))


def test_what_a_run_did_and_its_errors_are_never_cut(runs: StoredRuns, table: Table) -> None:
    """More deletions and errors than an item holds are all kept, in their order, and another process reads them."""
    long = replace(DONE, did=acts(2 * PART + 1), errors=tuple(f"server {number}: locked" for number in range(PART + 1)))
    runs.save(long)
    assert runs.get("r1") == long
    assert StoredRuns(table).newest(5) == [long]
    keys = [f"run#r1#{part}" for part in ("did0", "did1", "errors0", "did2", "errors1")]
    assert sorted(table.get_many(keys)) == ["run#r1#did0", "run#r1#did1", "run#r1#errors0"]


def test_a_run_is_begun_once(runs: StoredRuns) -> None:
    """Whoever comes second is told so, and so is whoever comes when it is over; nothing is written over."""
    runs.save(ASKED)
    begun = replace(ASKED, state=RunState.RUNNING, started_at=NOW)
    runs.begin(begun)
    with pytest.raises(WriteConflict):
        runs.begin(replace(begun, started_at=NOW + timedelta(seconds=1)))
    assert runs.get("r1") == begun
    runs.save(DONE)
    with pytest.raises(WriteConflict):
        runs.begin(begun)
    assert runs.get("r1") == DONE


def test_a_run_that_nobody_asked_for_is_begun_once_too(runs: StoredRuns) -> None:
    """A run of the schedule has no earlier form."""
    begun = replace(ASKED, state=RunState.RUNNING, started_at=NOW)
    runs.begin(begun)
    with pytest.raises(WriteConflict):
        runs.begin(begun)


def test_sightings_are_kept_and_forgotten(runs: StoredRuns) -> None:
    """New ones are added, renewed ones replaced, those to forget are gone; forgetting a stranger is no error."""
    other = replace(SEEN, server_id=43)
    runs.sight([SEEN, other], [])
    assert runs.sightings() == {42: SEEN, 43: other}
    changed = replace(SEEN, fingerprint="else", first_seen_at=NOW + timedelta(hours=1))
    runs.sight([changed], [43, 99])
    assert runs.sightings() == {42: changed}


def test_more_sightings_than_a_page_are_all_there(runs: StoredRuns) -> None:
    """A list is read to its end, also when all were seen in the same second."""
    many = [replace(SEEN, server_id=number) for number in range(55)]
    runs.sight(many, [])
    assert runs.sightings() == {sighting.server_id: sighting for sighting in many}


def test_a_strange_sighting_counts_as_none(runs: StoredRuns, table: Table) -> None:
    """What cannot be read only makes a sweep wait."""
    runs.sight([SEEN], [])
    table.put(Item(key="orphan#1", body={"server_id": "one"}, listing="orphan", listed_at=1))
    assert runs.sightings() == {42: SEEN}


COST = OrphanCost(
    server_id=42,
    instance_id="abc234",
    server_type="cx23",
    location="nbg1",
    created_at=NOW - timedelta(hours=2),
    until=NOW,
    hours=2,
    micro_eur=20_000,
)


def test_what_a_server_has_cost_is_kept_once(runs: StoredRuns) -> None:
    """A later figure of the same server takes the earlier one's place; one without a price is kept too."""
    runs.charge(COST)
    later = replace(COST, until=NOW + timedelta(hours=1), hours=3, micro_eur=None)
    runs.charge(later)
    assert runs.orphans(10, None).costs == (later,)


def test_costs_are_listed_a_page_at_a_time(runs: StoredRuns, table: Table) -> None:
    """The newest delete first; what cannot be read holds up nothing, and no run's cursor leads on here."""
    many = [replace(COST, server_id=number, until=NOW + timedelta(hours=number)) for number in range(3)]
    for each in many:
        runs.charge(each)
    table.put(Item(key="orphan-cost#9", body={"server_id": "x"}, listing="orphan-cost", listed_at=1))
    first = runs.orphans(2, None)
    rest = runs.orphans(2, first.next_cursor)
    assert (first.costs, rest.costs, rest.next_cursor) == ((many[2], many[1]), (many[0],), None)
    with pytest.raises(InvalidInput):
        runs.page(2, first.next_cursor)


def test_nothing_of_it_stays_for_ever(runs: StoredRuns, table: Table) -> None:
    """Runs, sightings and costs may be purged after 90 days."""
    runs.save(DONE)
    runs.sight([SEEN], [])
    runs.charge(COST)
    items = table.get_many(["run#r1", "orphan#42", "orphan-cost#42"])
    assert {item.purge_at for item in items.values()} == {int((NOW + timedelta(days=90)).timestamp())}
    assert len(items) == 3
