"""The operator's routes: reap runs are asked for, and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.operations import reap
from chalicelib.operations.ports import Run, RunEntry, RunState
from tests.fakes.clock import START
from tests.fakes.nudge import FakeNudge
from tests.unit.api.world import Api, make_api


def test_a_run_is_accepted_with_its_place() -> None:
    """A wish for a run is 202 with the run's address, and somebody is nudged to carry it out."""
    nudge = FakeNudge()
    api = make_api(nudge=nudge)
    answer = api.call("POST", "/reap", {"dry_run": True})
    run = answer.json
    assert (answer.status, run["state"], run["dry_run"]) == (202, "requested", True)
    assert answer.headers["location"] == f"{api.services.public_url}/reap/runs/{run['id']}"
    assert nudge.take() == [("reap", run["id"])]


def test_a_run_can_be_followed_to_its_end(api: Api) -> None:
    """Once it is carried out, the run says when, and how much it looked at."""
    wanted = api.call("POST", "/reap").json["id"]
    reap.run_requested(api.services, wanted)
    run = api.call("GET", f"/reap/runs/{wanted}").json
    assert run["state"] in {"done", "failed"}
    assert run["finished_at"] == "2026-11-23T10:00:00Z"
    assert [each["id"] for each in api.call("GET", "/reap/runs").json["runs"]] == [wanted]


def test_what_a_run_did_is_told_with_reasons(api: Api) -> None:
    """Every entry says what, to whom and why."""
    entry = RunEntry(what="deleted", why="no row owns it", server_id=7)
    api.services.runs.save(
        Run(
            id="r1", state=RunState.DONE, dry_run=False, requested_at=START, rows=2, servers=3, did=(entry,), frozen="x"
        )
    )
    run = api.call("GET", "/reap/runs/r1").json
    assert run["did"] == [{"what": "deleted", "why": "no row owns it", "server_id": 7, "instance_id": None}]
    assert (run["looked_at"], run["frozen"]) == ({"rows": 2, "servers": 3}, "x")


@pytest.mark.parametrize(
    "body", [{"dry_run": 1}, {"dry_run": None}, {"confirm": -1}, {"confirm": "all"}, {"confirm": None}, {"x": 1}]
)
def test_a_bad_wish_is_refused(api: Api, body: dict[str, Any]) -> None:
    """A wish of another form is 422 and starts nothing."""
    assert api.call("POST", "/reap", body).status == 422
    assert api.call("GET", "/reap/runs").json == {"runs": [], "next_cursor": None}


def test_runs_are_listed_a_page_at_a_time(api: Api) -> None:
    """Following the cursors brings every run once, the newest first, also those of one second."""
    wanted = [api.call("POST", "/reap", {"dry_run": True}).json["id"] for _ in range(2)]
    api.clock.advance(timedelta(minutes=1))
    wanted += [api.call("POST", "/reap", {"dry_run": True}).json["id"] for _ in range(3)]
    listed, cursor = [], ""
    while True:
        page = api.call("GET", f"/reap/runs?limit=2{cursor}").json
        listed += [run["id"] for run in page["runs"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert listed == sorted(wanted, reverse=True)


def test_a_cursor_of_another_list_opens_no_runs(api: Api) -> None:
    """One that leads on among instances, one of nobody's and no cursor at all are 400."""
    for number in range(2):
        api.put(id=f"{number:012x}")
    other = api.call("GET", "/instances?limit=1").json["next_cursor"]
    for cursor in (other, "x", "e30", "%00", "a" * 1024):
        answer = api.call("GET", f"/reap/runs?cursor={cursor}")
        assert (answer.status, answer.json["code"]) == (400, "bad_cursor")


def test_what_orphans_have_cost_is_listed(api: Api) -> None:
    """With hours and euros, a page at a time, the newest first; a price that nobody knows is null."""
    cost = OrphanCost(
        server_id=42,
        instance_id="0123456789ab",
        server_type="cx23",
        location="nbg1",
        created_at=START,
        until=START + timedelta(minutes=90),
        hours=2,
        micro_eur=20_001,
    )
    api.services.runs.charge(cost)
    later = replace(cost, server_id=43, until=START + timedelta(hours=3), instance_id=None, micro_eur=None)
    api.services.runs.charge(later)
    first = api.call("GET", "/reap/orphans?limit=1").json
    assert [(each["server_id"], each["instance_id"], each["eur"]) for each in first["orphans"]] == [(43, None, None)]
    rest = api.call("GET", f"/reap/orphans?cursor={first['next_cursor']}").json
    assert rest == {
        "orphans": [
            {
                "server_id": 42,
                "instance_id": "0123456789ab",
                "server_type": "cx23",
                "location": "nbg1",
                "created_at": "2026-11-23T10:00:00Z",
                "deleted_at": "2026-11-23T11:30:00Z",
                "hours": 2,
                "eur": "0.03",
            }
        ],
        "next_cursor": None,
    }
    assert api.call("GET", f"/reap/runs?cursor={first['next_cursor']}").status == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=all", "page=2", "limit="])
def test_a_query_that_does_not_fit_is_refused(api: Api, query: str) -> None:
    """At most fifty runs at a time, and no other parameters."""
    assert api.call("GET", f"/reap/runs?{query}").status == 422


@pytest.mark.parametrize("run", ["nothing", "%00", "..", "a" * 65])
def test_an_unknown_run_is_404(api: Api, run: str) -> None:
    """A run that does not exist, or cannot, is 404."""
    assert api.call("GET", f"/reap/runs/{run}").status == 404


def test_only_operators_reap(api: Api) -> None:
    """Neither an owner's token nor none opens these routes."""
    token = api.manage_token(api.put())
    opened = (("POST", "/reap"), ("GET", "/reap/runs"), ("GET", "/reap/runs/r1"), ("GET", "/reap/orphans"))
    for method, path in opened:
        assert {api.call(method, path, token=each).status for each in (None, token)} == {401}
