"""The contract of the port Runs, as it is stored in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import Run, RunEntry, RunState
from chalicelib.storage.runs import MOST_ENTRIES, StoredRuns
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


def test_a_run_of_another_release_holds_up_no_list(runs: StoredRuns, table: Table) -> None:
    """It is left out."""
    runs.save(ASKED)
    table.put(Item(key="run#r2", body={"id": "r2"}, listing="run", listed_at=int(NOW.timestamp())))
    assert runs.newest(10) == [ASKED]


def test_a_very_long_run_is_kept_in_short(runs: StoredRuns) -> None:
    """Thousands of entries would not fit into an item: the first are kept, with the number of those left out."""
    entry = RunEntry(what="deleted", why="x" * 200, instance_id="abc234", server_id=42)
    runs.save(replace(DONE, did=(entry,) * 5000, skipped=(entry,) * 5000, errors=("e" * 200,) * 5000))
    kept = runs.get("r1")
    assert kept is not None
    assert kept.did[:MOST_ENTRIES] == (entry,) * MOST_ENTRIES
    assert kept.did[MOST_ENTRIES:] == (RunEntry(what="left out", why="4600 more entries of this list"),)
    assert (len(kept.skipped), kept.errors[-1]) == (MOST_ENTRIES + 1, "4600 more errors")


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


def test_nothing_of_it_stays_for_ever(runs: StoredRuns, table: Table) -> None:
    """Runs and sightings may be purged after 90 days."""
    runs.save(DONE)
    runs.sight([SEEN], [])
    items = table.get_many(["run#r1", "orphan#42"])
    assert {item.purge_at for item in items.values()} == {int((NOW + timedelta(days=90)).timestamp())}
    assert len(items) == 2
