"""`make smoke`: each thing that can be wrong with a running service is one failed line, and the status tells."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from operate.look_from_outside import looked
from operate.progress import Pace
from operate.stage import Stage

from tests.quiet_server import QuietServer
from tests.unit.packaging.account import NOW, Account, CloudFormation, Person

SCRIPT = Path(__file__).resolve().parents[3] / "packaging" / "smoke.py"
TOKEN = "ccc_operator_" + "t" * 43
PROBLEM = "application/problem+json"


def stamp(moment: datetime) -> str:
    """RFC 3339."""
    return moment.isoformat().replace("+00:00", "Z")


@dataclass
class Site:
    """A service whose answers a test may change: path to status, kind, document."""

    url: str = ""
    answers: dict[str, tuple[int, str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def wrong(self, path: str, status: int = 200, document: Any = None, kind: str = "application/json") -> None:
        """Answer this instead."""
        self.answers[path] = (status, kind, document)

    def look(self, *, token: str = "", account: Account | None = None) -> tuple[bool, dict[str, str]]:
        """Whether all is well, and the word before each check's name."""
        person = Person(variables={"CCC_TOKEN": token})
        url = None if account else self.url
        patience = Pace(every=0, longest=0.05)
        well = looked(account or Account(), Stage(name="dev"), person, url=url, patience=patience)
        return well, {line[5:27].strip(): line[:4].strip() for line in person.lines[1:]}


@pytest.fixture
def site() -> Iterator[Site]:
    """A service that is well."""
    made = Site()
    with QuietServer(_handler(made)) as server:
        made.url = f"{server.root}/api"
        made.answers = _well(made.url)
        yield made


def _well(url: str) -> dict[str, tuple[int, str, Any]]:
    good = "application/json"
    run: dict[str, Any] = {
        "state": "done",
        "errors": [],
        "frozen": None,
        "looked_at": {"rows": 2, "servers": 2},
        "did": [],
    }
    stack = {
        "frozen": None,
        "paused": False,
        "swept_at": stamp(NOW - timedelta(minutes=9)),
        "marker": {"state": "ours"},
    }
    return {
        "/health": (200, good, {"status": "ok"}),
        "/health/ready": (200, good, {"status": "ok", "checks": {"store": "ok"}}),
        "/types": (200, good, {"types": [{}], "read_at": stamp(NOW - timedelta(minutes=4))}),
        "/openapi.json": (200, good, {"openapi": "3.1.0", "paths": {"/": {}}, "servers": [{"url": url}]}),
        "/": (200, "text/html; charset=utf-8", "<!doctype html>"),
        "/instances": (401, PROBLEM, {"code": "unauthorized", "title": "x", "status": 401}),
        "/reap": (202, good, {"id": "run-1"}),
        "/reap/runs/run-1": (200, good, run),
        "/operator/state": (200, good, {"now": stamp(NOW), "stack": stack}),
    }


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    unknown = (404, PROBLEM, {"code": "not_found", "title": "x", "status": 404})
    method = (405, PROBLEM, {"code": "method_not_allowed", "title": "x", "status": 405})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/api")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            site.asked.append((self.command, path, body))
            found = site.answers.get(path, unknown)
            if self.command == "DELETE":
                found = site.answers.get("DELETE", method)
            if path.startswith(("/reap", "/operator")) and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                found = site.answers["/instances"]
            status, kind, document = found
            raw = (document if isinstance(document, str) else json.dumps(document)).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(NOW, usegmt=True))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", "default-src 'none'")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_DELETE = do_GET  # noqa: N815 -- the names http.server calls

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler


def test_a_service_that_is_well_passes(site: Site) -> None:
    """Without a token what needs one is skipped and said, which is no failure."""
    well, lines = site.look()
    assert well
    assert (lines.pop("a dry reap run"), lines.pop("the marker")) == ("-", "-")
    assert set(lines.values()) == {"ok"}
    assert len(lines) == 8


def test_with_a_token_the_reaper_explains_itself_and_nothing_is_bought(site: Site) -> None:
    """The one request that is no GET, beside the refused DELETE, asks for a dry run."""
    well, lines = site.look(token=TOKEN)
    assert well
    assert set(lines.values()) == {"ok"}
    changing = [each for each in site.asked if each[0] not in {"GET", "DELETE"}]
    assert [(method, path, json.loads(body)) for method, path, body in changing] == [
        ("POST", "/reap", {"dry_run": True})
    ]


@pytest.mark.parametrize(
    ("path", "status", "document", "name"),
    [
        ("/health", 502, {}, "GET /health"),
        ("/types", 200, {"types": [{}], "read_at": stamp(NOW - timedelta(hours=1))}, "GET /types"),
        ("/health/ready", 503, {"detail": "Not ready: store."}, "GET /health/ready"),
        ("/openapi.json", 200, {"paths": {}, "servers": [{"url": "https://else.example"}]}, "GET /openapi.json"),
        ("/", 200, {"not": "a page"}, "GET /"),
        ("DELETE", 403, {"message": "Missing Authentication Token"}, "a wrong method"),
        ("/instances", 200, {"instances": []}, "a bad token"),
        ("/instances", 401, {"message": "Unauthorized"}, "a bad token"),
    ],
)
def test_one_wrong_thing_is_one_failed_line(site: Site, path: str, status: int, document: Any, name: str) -> None:
    """The others are still looked at."""
    site.wrong(path, status, document)
    well, lines = site.look()
    assert not well
    assert [each for each, word in lines.items() if word == "FAIL"] == [name]
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "failed"}, "a dry reap run"),
        ({"errors": ["no answer"]}, "a dry reap run"),
        ({"frozen": "restored"}, "a dry reap run"),
    ],
)
def test_a_dry_run_that_fails_is_a_failed_line(site: Site, changes: dict[str, Any], name: str) -> None:
    """Errors and a freeze too."""
    _, kind, run = site.answers["/reap/runs/run-1"]
    site.wrong("/reap/runs/run-1", 200, {**run, **changes}, kind)
    well, lines = site.look(token=TOKEN)
    assert (well, lines[name]) == (False, "FAIL")


@pytest.mark.parametrize(
    "changes",
    [
        {"frozen": "restored"},
        {"marker": {"state": "missing"}},
        {"marker": None},
        {"swept_at": stamp(NOW - timedelta(hours=2))},
    ],
)
def test_a_marker_that_is_not_ours_is_a_failed_line(site: Site, changes: dict[str, Any]) -> None:
    """A freeze and a sweep that is long ago as well."""
    state = site.answers["/operator/state"][2]
    site.wrong("/operator/state", 200, {**state, "stack": {**state["stack"], **changes}})
    well, lines = site.look(token=TOKEN)
    assert (well, lines["the marker"]) == (False, "FAIL")


def deployed(site: Site, *, state: str = "ENABLED", calls: float = 5.0) -> Account:
    """An account with the stack of this site."""
    cloud = CloudFormation(outputs={"PublicUrl": site.url})
    cloud.have("ccc-dev", "UPDATE_COMPLETE")
    account = cloud.serve(Account())

    def rule(Name: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        when = "rate(1 minute)" if "Tick" in Name else "cron(0 * * * ? *)"
        return {"Name": Name, "ScheduleExpression": when, "State": state}

    account.put("events.describe_rule", rule)
    points = [{"Timestamp": datetime(2026, 11, 23, tzinfo=UTC), "Sum": calls}] if calls else []
    account.put("cloudwatch.get_metric_statistics", {"Datapoints": points})
    return account


def test_a_deployed_stage_is_found_by_its_stack(site: Site) -> None:
    """The address is the stack's output; schedules and ticks are looked at too."""
    well, lines = site.look(account=deployed(site))
    assert well
    assert (lines["the schedules"], lines["the last ticks"]) == ("ok", "ok")


@pytest.mark.parametrize(
    ("wrong", "name"), [({"state": "DISABLED"}, "the schedules"), ({"calls": 0.0}, "the last ticks")]
)
def test_a_schedule_that_is_off_is_a_failed_line(site: Site, wrong: dict[str, Any], name: str) -> None:
    """So is one that calls nobody."""
    well, lines = site.look(account=deployed(site, **wrong))
    assert not well
    assert [each for each, word in lines.items() if word == "FAIL"] == [name]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"])
def test_what_a_rehearsal_has_not_is_not_tried(site: Site, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Stand-ins on this machine call the functions themselves: no schedule is looked for, and it is said so."""
    account = deployed(site, state="DISABLED", calls=0.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    well, lines = site.look(account=account)
    assert (well, lines["the schedules"], lines["the last ticks"]) == (True, "-", "-")
    assert not {"events.describe_rule", "cloudwatch.get_metric_statistics"} & {*account.asked}


@pytest.mark.parametrize(
    ("variable", "endpoint"),
    [
        ("AWS_ENDPOINT_URL", "https://vpce-1.events.eu-central-1.vpce.amazonaws.com"),
        ("AWS_ENDPOINT_URL", "http://10.1.2.3"),
        ("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_EVENTS", "http://127.0.0.1:9"),
    ],
)
def test_another_way_to_aws_is_no_rehearsal(
    site: Site, monkeypatch: pytest.MonkeyPatch, variable: str, endpoint: str
) -> None:
    """Whatever else is set, a schedule that is off is a failed line unless both are asked on this machine."""
    account = deployed(site, state="DISABLED")
    monkeypatch.setenv(variable, endpoint)
    well, lines = site.look(account=account)
    assert (well, lines["the schedules"]) == (False, "FAIL")


def test_the_first_tick_is_waited_for(site: Site) -> None:
    """Right after a deployment CloudWatch knows nothing yet; a little later it does."""
    account = deployed(site, calls=0.0)
    silent, told = account.handlers["cloudwatch.get_metric_statistics"], iter([False, False])
    heard = deployed(site).handlers["cloudwatch.get_metric_statistics"]

    def statistics(**asked: Any) -> dict[str, Any]:
        return heard(**asked) if next(told, True) else silent(**asked)

    account.put("cloudwatch.get_metric_statistics", statistics)
    well, lines = site.look(account=account)
    assert (well, lines["the last ticks"]) == (True, "ok")


@pytest.mark.parametrize(("status", "code"), [(200, 0), (502, 1)])
def test_the_command_ends_with_what_it_found(site: Site, status: int, code: int) -> None:
    """As `make smoke` calls it, from any folder, without an account."""
    site.answers["/types"] = (200, "application/json", {"types": [{}], "read_at": stamp(NOW)})
    site.wrong("/health", status, {"status": "ok"})
    arguments = [sys.executable, str(SCRIPT), "--stage", "dev", "--url", site.url]
    done = subprocess.run(arguments, cwd="/", env={}, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\nok ") == (8 if code == 0 else 7)
