"""`ccc reap`: what it sends, what it tells, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import Reply, Service, problem


def reap_run(**changes: Any) -> dict[str, Any]:
    """Return a run that is over, with changes."""
    return {
        "id": "run-1", "state": "done", "dry_run": False, "started_at": "2026-11-23T12:00:00Z",
        "finished_at": "2026-11-23T12:00:01Z", "looked_at": {"rows": 3, "servers": 4},
        "did": [{"what": "delete server", "instance_id": "0123456789ab", "server_id": 42, "why": "the lease is over"}],
        "skipped": [{"server_id": 43, "why": "it is younger than ten minutes"}],
        "errors": [], "frozen": None, **changes,
    }  # fmt: skip


def test_what_it_did_and_why(ccc: Ccc, service: Service) -> None:
    """Each act and each omission is a line with its reason."""
    service.runs["run-1"] = reap_run()
    done = ccc("reap")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Run: run-1",
        "Looked at: 3 rows, 4 servers",
        "Did: 1",
        "  delete server instance 0123456789ab server 42: the lease is over",
        "Skipped: 1",
        "  left server 43: it is younger than ten minutes",
    ]
    assert service.asked[0].body == {}


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["--dry-run"], {"dry_run": True}),
        (["--confirm", "3"], {"confirm": 3}),
        (["--dry-run", "--confirm", "3"], {"dry_run": True, "confirm": 3}),
    ],
)
def test_what_is_asked(ccc: Ccc, service: Service, arguments: list[str], body: dict[str, Any]) -> None:
    """The flags travel in the body."""
    service.runs["run-1"] = reap_run(dry_run=True)
    assert "Would do: 1" in ccc("reap", *arguments).out
    assert service.asked[0].body == body


def test_it_waits_for_the_end(ccc: Ccc, service: Service) -> None:
    """A run that goes on is looked at again until it is over."""
    service.runs["run-1"] = reap_run()
    started = Reply(status=202, document={}, headers={"Location": "/reap/runs/run-1"})
    service.reply_next(started, Reply(status=200, document=reap_run(state="running")))
    assert ccc("reap").code == 0
    assert service.methods() == ["POST /reap", "GET /reap/runs/run-1", "GET /reap/runs/run-1"]


def test_time_over(ccc: Ccc, service: Service) -> None:
    """When the time is over first, the exit code is 6."""
    service.runs["run-1"] = reap_run(state="requested")
    assert ccc("reap", "--timeout", "0.05").code == 6


def test_errors_are_a_failure(ccc: Ccc, service: Service) -> None:
    """A run with errors is exit code 1, with each of them."""
    service.runs["run-1"] = reap_run(errors=["server 44: locked"])
    done = ccc("reap")
    assert done.code == 1
    assert "server 44: locked" in done.err


def test_a_failed_run(ccc: Ccc, service: Service) -> None:
    """A run that failed is exit code 1."""
    service.runs["run-1"] = reap_run(state="failed")
    assert ccc("reap").code == 1


def test_an_interrupted_run_is_over(ccc: Ccc, service: Service) -> None:
    """Nobody will end it: it is told as far as it came, at once, and is exit code 1 with what to do next."""
    begun = {"what": "began to delete", "instance_id": None, "server_id": 45, "why": "no row owns it"}
    service.runs["run-1"] = reap_run(state="interrupted", finished_at=None, did=[*reap_run()["did"], begun])
    done = ccc("reap", "--timeout", "5")
    assert done.code == 1
    assert service.methods() == ["POST /reap", "GET /reap/runs/run-1"]
    assert done.out.splitlines()[2:5] == [
        "Did: 2",
        "  delete server instance 0123456789ab server 42: the lease is over",
        "  began to delete server 45: no row owns it",
    ]
    assert "interrupted" in done.err
    assert "ccc reap --dry-run" in done.err


def test_frozen(ccc: Ccc, service: Service) -> None:
    """A frozen reaper that should have acted is exit code 5; a dry run that says so is not."""
    service.runs["run-1"] = reap_run(frozen="the table was restored", did=[])
    done = ccc("reap")
    assert done.code == 5
    assert "the table was restored" in done.err
    service.runs["run-1"] = reap_run(frozen="the table was restored", dry_run=True)
    assert ccc("reap", "--dry-run").code == 0


def test_json(ccc: Ccc, service: Service) -> None:
    """The run is one document."""
    service.runs["run-1"] = reap_run()
    assert json.loads(ccc("reap", "--output", "json").out) == reap_run()


def test_without_a_location(ccc: Ccc, service: Service) -> None:
    """An answer that does not name the run is an error in words."""
    service.reply_next(Reply(status=202, document={}))
    assert ccc("reap").code == 1


def test_not_for_guests(ccc: Ccc, service: Service) -> None:
    """A token that may not is exit code 4."""
    service.reply_next(problem(403, "forbidden"))
    assert ccc("reap").code == 4


def orphan_cost(number: int, **changes: Any) -> dict[str, Any]:
    """Return what a server without a row has cost, with changes."""
    return {
        "server_id": number, "instance_id": "0123456789ab", "server_type": "cx23", "location": "nbg1",
        "created_at": "2026-11-23T12:00:00Z", "deleted_at": "2026-11-23T13:30:00Z", "hours": 2, "eur": "0.02",
        **changes,
    }  # fmt: skip


def test_what_orphans_have_cost(ccc: Ccc, service: Service) -> None:
    """A line for each server, page after page; a price that nobody knows is a dash, and no run is started."""
    service.page_size = 2
    service.orphans = [orphan_cost(43), orphan_cost(42, eur=None, server_type=None), orphan_cost(41)]
    done = ccc("reap", "--orphans")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert [line[0] for line in lines] == ["SERVER", "43", "42", "41"]
    assert lines[1][5:] == ["2", "0.02", "0123456789ab"]
    assert (lines[2][1], lines[2][6]) == ("-", "-")
    assert set(service.methods()) == {"GET /reap/orphans"}


def test_no_orphan_was_deleted(ccc: Ccc) -> None:
    """It is said so."""
    done = ccc("reap", "--orphans")
    assert (done.code, "No server without a row" in done.err) == (0, True)


def test_what_orphans_have_cost_as_json(ccc: Ccc, service: Service) -> None:
    """All pages are one document."""
    service.page_size = 1
    service.orphans = [orphan_cost(43), orphan_cost(42)]
    assert json.loads(ccc("reap", "--orphans", "--output", "json").out) == {"orphans": service.orphans}


@pytest.mark.parametrize("other", [["--dry-run"], ["--confirm", "1"]])
def test_a_list_is_no_run(ccc: Ccc, service: Service, other: list[str]) -> None:
    """With what only a run can do it is a mistake, and nothing is asked."""
    assert ccc("reap", "--orphans", *other).code == 2
    assert service.methods() == []
