"""The operator's routes: reap runs are asked for, and told."""

from __future__ import annotations

from typing import Any

import pytest

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
    assert api.call("GET", "/reap/runs").json == {"runs": []}


@pytest.mark.parametrize("run", ["nothing", "%00", "..", "a" * 65])
def test_an_unknown_run_is_404(api: Api, run: str) -> None:
    """A run that does not exist, or cannot, is 404."""
    assert api.call("GET", f"/reap/runs/{run}").status == 404


def test_only_operators_reap(api: Api) -> None:
    """Neither an owner's token nor none opens these routes."""
    token = api.manage_token(api.put())
    for method, path in (("POST", "/reap"), ("GET", "/reap/runs"), ("GET", "/reap/runs/r1")):
        assert {api.call(method, path, token=each).status for each in (None, token)} == {401}
