"""Verdicts on servers: every reason to keep, to watch and to delete one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import labels
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.orphans import MIN_AGE, MIN_APART, Judgement, ServerFact, Sighting, Verdict, cap, judge
from tests.unit.domain.samples import HOUR, MACHINE, MINUTE, TEN, an_instance

STACK = "6f1c8ab0-0000-4000-8000-000000000001"
SERVER = ServerFact(
    server_id=MACHINE.server_id,
    name="cc-0123456789ab",
    labels=labels.server_labels(stack=STACK, instance_id="0123456789ab"),
    created_at=TEN,
    status="running",
    ip=MACHINE.ip,
)
NOW = TEN + HOUR
SEEN = Sighting(server_id=SERVER.server_id, fingerprint=SERVER.fingerprint, first_seen_at=NOW - MIN_APART)


def verdict(
    server: ServerFact = SERVER, row: Instance | None = None, sighting: Sighting | None = SEEN, age: timedelta = HOUR
) -> Verdict:
    """The verdict on a server of this age, with a life of at most a week; seen a quarter of an hour ago."""
    now = server.created_at + age
    return judge(server, row=row, sighting=sighting, stack=STACK, now=now, max_life=timedelta(hours=168))


@pytest.mark.parametrize(
    "server",
    [
        replace(SERVER, name="cc-ffffffffffff"),
        replace(SERVER, name="db-1"),
        replace(SERVER, labels={}),
        replace(SERVER, name="cc-web", labels=labels.server_labels(stack=STACK, instance_id="web")),
        replace(SERVER, labels={**SERVER.labels, labels.STACK: "another"}),
        replace(SERVER, labels={**SERVER.labels, labels.MANAGED_BY: "terraform"}),
        replace(SERVER, labels={key: text for key, text in SERVER.labels.items() if key != labels.INSTANCE}),
    ],
)
def test_o7_what_is_not_ours_is_kept(server: ServerFact) -> None:
    """A server whose name and labels do not all agree is never touched, however old (rows O5 to O7)."""
    seen = replace(SEEN, fingerprint=server.fingerprint)
    found = verdict(server, sighting=seen, age=400 * HOUR)
    assert (found.judgement, found.why) == (Judgement.KEEP, "its name and labels do not agree: not ours to judge")


def test_a_young_server_is_kept() -> None:
    """Nothing younger than half an hour is an orphan."""
    assert verdict(age=MIN_AGE - timedelta(seconds=1)).judgement is Judgement.KEEP
    assert "younger" in verdict(age=MIN_AGE - timedelta(seconds=1)).why
    assert verdict(age=MIN_AGE, sighting=None).judgement is Judgement.WATCH


@pytest.mark.parametrize("status", [Status.INSTALLING, Status.RUNNING, Status.DELETING])
def test_a_living_row_protects_its_server(status: Status) -> None:
    """A row that owns the server by its id keeps it, and the reason names the status."""
    found = verdict(row=an_instance(status))
    assert (found.judgement, found.why) == (Judgement.KEEP, f"its row owns it ({status})")


@pytest.mark.parametrize("status", [Status.CREATING, Status.DELETING])
def test_a_row_that_still_looks_for_its_server_protects_it(status: Status) -> None:
    """A lost answer to a create leaves a row without a machine: what bears its name is kept for it."""
    found = verdict(row=an_instance(status, machine=None))
    assert (found.judgement, found.why) == (Judgement.KEEP, f"its row is still looking for it ({status})")


@pytest.mark.parametrize(
    "row",
    [
        None,
        an_instance(Status.DELETED),
        an_instance(Status.FAILED),
        an_instance(Status.DELETED, machine=None),
        an_instance(Status.RUNNING, machine=replace(MACHINE, server_id=1)),
        an_instance(Status.REQUESTED),
        an_instance(Status.UNCONFIRMED),
    ],
)
def test_p14_what_no_living_row_owns_is_an_orphan(row: Instance | None) -> None:
    """No row, a tombstone, another server's row, and a row that has ordered nothing yet protect nothing (row P14)."""
    found = verdict(row=row)
    assert (found.judgement, found.why) == (Judgement.DELETE, "no row owns it; seen twice, unchanged")


def test_the_first_sight_is_only_noted() -> None:
    """An orphan that no sweep has seen before is watched."""
    found = verdict(sighting=None)
    assert (found.judgement, found.why) == (Judgement.WATCH, "no row owns it; seen for the first time")


def test_two_sights_must_be_a_quarter_of_an_hour_apart() -> None:
    """A second look too soon proves nothing."""
    soon = replace(SEEN, first_seen_at=SEEN.first_seen_at + timedelta(seconds=1))
    found = verdict(sighting=soon)
    assert found.judgement is Judgement.WATCH
    assert "less than" in found.why


@pytest.mark.parametrize(
    "changed",
    [
        replace(SERVER, created_at=TEN + MINUTE),
        replace(SERVER, labels={**SERVER.labels, "note": "mine"}),
        replace(SERVER, server_id=1),
    ],
)
def test_two_sights_must_be_of_the_same_server(changed: ServerFact) -> None:
    """What has changed between two sights is seen for the first time."""
    assert changed.fingerprint != SERVER.fingerprint
    assert verdict(changed).judgement is Judgement.WATCH


def test_a_fingerprint_is_not_changed_by_what_may_change() -> None:
    """The state, the address and the order of the labels are no part of who a server is."""
    same = replace(SERVER, status="off", ip=None, labels=dict(sorted(SERVER.labels.items())))
    assert same.fingerprint == SERVER.fingerprint


def test_beyond_the_longest_life_not_even_its_row_protects_a_server() -> None:
    """The hard cap on life is above the rows, and under the same doubt (rule R13)."""
    row = an_instance(Status.RUNNING)
    assert verdict(row=row, age=168 * HOUR).judgement is Judgement.KEEP
    too_old = 168 * HOUR + timedelta(seconds=1)
    assert verdict(row=row, age=too_old, sighting=None).judgement is Judgement.WATCH
    found = verdict(row=row, age=too_old)
    assert found.judgement is Judgement.DELETE
    assert "longest life" in found.why


@pytest.mark.parametrize(("total", "allowed"), [(0, 3), (4, 3), (15, 3), (19, 3), (20, 4), (100, 20)])
def test_o9_one_run_acts_on_three_or_a_fifth(total: int, allowed: int) -> None:
    """The cap is the larger of three and 20 % (row O9)."""
    assert cap(total) == allowed
