"""A small real HTTP server that speaks the service's contract, for one test at a time.

It keeps instances in memory, moves them on by a `plan` (one change for every look of a client that is up to
date), holds requests briefly, and records what it was asked. Sockets on 127.0.0.1 only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.quiet_server import QuietServer

TOKEN = f"ccc_operator_{secrets.token_urlsafe(32)}"
MANAGE_TOKEN = f"ccc_manage_{secrets.token_urlsafe(32)}"
HOST_KEY = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + secrets.token_bytes(32)
KNOWN_HOSTS = f"[127.0.0.9]:2222 ssh-ed25519 {base64.b64encode(HOST_KEY).decode()}"


def instance(instance_id: str = "0123456789ab", **changes: Any) -> dict[str, Any]:
    """Return an instance object that has just been ordered, with changes."""
    return {
        "id": instance_id, "name": f"cc-{instance_id}", "server_id": None, "status": "requested", "stage": "queued",
        "stages": [], "email": "guest@example.org", "server_type": "cpx22", "location": "nbg1", "ip": None,
        "ssh_command": None, "host_key": None, "created_at": "2026-11-23T12:00:00Z", "running_at": None,
        "expires_at": None, "seconds_left": None, "extension": {"hours_left": 144},
        "cost": {"so_far_eur": "0.00", "projected_eur": "0.31"}, "failure": None, "end_reason": None,
        "links": {}, **changes,
    }  # fmt: skip


RUNNING: dict[str, Any] = {
    "status": "running",
    "stage": None,
    "ip": "127.0.0.9",
    "ssh_command": "ssh -p 2222 claude@127.0.0.9",
    "host_key": {"fingerprint": "SHA256:made-up-fingerprint", "known_hosts": KNOWN_HOSTS},
    "expires_at": "2026-11-24T12:00:00Z",
    "seconds_left": 86340,
}
INSTALLING: dict[str, Any] = {
    "status": "installing",
    "stage": "install",
    "stages": [
        {"name": "boot", "started_at": "2026-11-23T12:00:05Z", "seconds": 21, "usual_seconds": 20},
        {"name": "install", "started_at": "2026-11-23T12:00:26Z", "seconds": None, "usual_seconds": 90},
    ],
}
FAILED: dict[str, Any] = {
    "status": "failed",
    "stage": None,
    "failure": {"code": "no_ssh", "message": "The machine never answered.", "hint": "Try another location."},
}


ATTEMPT: dict[str, Any] = {"number": 2, "most": 3, "begun_again": "The installation stopped without a word."}
STACK: dict[str, Any] = {
    "uuid": "11111111-2222-3333-4444-555555555555", "epoch": 7, "paused": False, "frozen": None, "swept_at": None,
    "marker": {"id": 4712, "state": "ours", "epoch": 7, "seen_at": "2026-11-23T11:59:00Z"},
}  # fmt: skip
STATE: dict[str, Any] = {
    "now": "2026-11-23T12:00:00Z", "stack": STACK, "signup": "open", "late": [], "undelivered": [], "more": False,
    "breaker": {"open_until": None, "cause": None, "failures_in_a_row": 0, "held_back_from": 3, "reason": None},
    "failed_builds": {"hours": 24, "count": 0, "more": False, "by_cause": {}, "newest_at": None},
    "live": {"now": 2, "most": 50}, "creates": {"this_hour": 1, "most": 30},
    "provider_requests": {
        "this_hour": 41, "most": 3000, "kept_for_creates": 300, "resets_at": "2026-11-23T13:00:00Z",
    },
    "spend": {
        "month": "2026-11", "reserved_eur": "1.20", "cap_eur": "500.00", "so_far_eur": "0.04", "projected_eur": "0.08",
    },
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "at": "2026-11-23T12:00:00Z", "who": "operator", "token": "operator", "token_name": "0a1b2c3d", "did": "ended",
    "instance_id": "0123456789ab", "about": "released",
}  # fmt: skip
WHY: dict[str, Any] = {
    "answer": "A run of 2026-11-23T12:00:00Z: deleted: no row owns it; seen twice, unchanged.", "instance": None,
    "told": [
        {
            "what": "deleted", "why": "no row owns it; seen twice, unchanged", "instance_id": "0123456789ab",
            "server_id": 42, "first_at": "2026-11-23T12:00:00Z", "last_at": "2026-11-23T12:00:00Z", "times": 1,
            "run": "run-2",
        },
        {
            "what": "left alone", "why": "it is younger than half an hour", "instance_id": None,
            "server_id": 42, "first_at": "2026-11-23T11:15:00Z", "last_at": "2026-11-23T11:30:00Z", "times": 2,
            "run": "run-1",
        },
    ],
    "audit": [ENTRY], "looked_at": {"runs": 8, "since": "2026-11-23T10:00:00Z"},
}  # fmt: skip
SWITCHES: dict[str, dict[str, Any]] = {
    "/operator/pause": {**STACK, "paused": True},
    "/operator/resume": {**STACK, "was_paused": True, "breaker_was_open": False},
    "/operator/accept-restore": STACK,
    "/operator/state": STATE,
    "/operator/audit": {"entries": [ENTRY]},
    "/operator/why": WHY,
    "/owners/deprovision": {"ended": [], "newly_excluded": True},
    "/owners/admit": {"was_excluded": True},
}
"""What operators' routes answer, by their paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; `raw` replaces the JSON document, `cut` closes the connection without any."""

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: bool = False
    after_seconds: float = 0.0


def problem(status: int, code: str, detail: str = "A sentence for a person.", **more: Any) -> Reply:
    """Return a problem document as the service writes it."""
    document = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, **more}
    return Reply(status=status, document=document, headers={"Content-Type": "application/problem+json"})


class Service(QuietServer):
    """The state of the service and its server."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.instances: dict[str, dict[str, Any]] = {}
        self.plan: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.next_replies: list[Reply] = []
        self.types: list[dict[str, Any]] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.orphans: list[dict[str, Any]] = []
        self.switches: dict[str, dict[str, Any]] = {path: dict(document) for path, document in SWITCHES.items()}
        self.holds = True
        self.hold_seconds = 0.1
        self.page_size = 2
        self._changing = threading.Lock()

    @property
    def url(self) -> str:
        """The address, with a path prefix like an API stage's."""
        return f"{self.root}/api"

    def add(self, *documents: dict[str, Any]) -> None:
        """Put instances into the table."""
        self.instances.update({one["id"]: one for one in documents})

    def reply_next(self, *replies: Reply) -> None:
        """Answer the next requests with these, whatever they ask."""
        self.next_replies.extend(replies)

    def methods(self) -> list[str]:
        """Return method and path of every request so far."""
        return [f"{one.method} {one.path}" for one in self.asked]

    def until_asked(self) -> None:
        """Return when a request has come; raises TimeoutError after ten seconds without."""
        end = time.monotonic() + 60
        while not self.asked:
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.02)

    def answer(self, asked: Asked) -> Reply:
        """Return the reply to one request."""
        self.asked.append(asked)
        if self.next_replies:
            return self.next_replies.pop(0)
        if asked.path == "/types":
            return Reply(status=200, document={"types": self.types})
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        refused = None if bearer == TOKEN else self._guest(asked, bearer)
        return refused or self._routed(asked)

    def _guest(self, asked: Asked, bearer: str) -> Reply | None:  # noqa: ARG002 what a service with guests looks at
        """Return the answer to a caller without the operator's token."""
        return problem(401, "unauthorized", "A token is needed.")

    def _routed(self, asked: Asked) -> Reply:
        match [asked.method, *asked.path.strip("/").split("/")]:
            case ["POST", "instances"]:
                return self._order(asked)
            case ["GET", "instances"]:
                return self._page(asked)
            case [method, "instances", instance_id, *rest] if instance_id in self.instances:
                return self._one(method, instance_id, rest, asked)
            case ["POST" | "GET", "operator" | "owners", *_] if asked.path in self.switches:
                return Reply(status=200, document=self.switches[asked.path])
            case ["POST", "reap"]:
                return Reply(status=202, document={}, headers={"Location": "/api/reap/runs/run-1"})
            case ["GET", "reap", "orphans"]:
                return self._orphans(asked)
            case ["GET", "reap", "runs", run] if run in self.runs:
                return Reply(status=200, document=self.runs[run])
            case _:
                pass
        return problem(404, "not_found", "There is no such thing.")

    def _order(self, asked: Asked) -> Reply:
        made = instance("abcdefabcdef", email=asked.body["email"])
        self.add(made)
        return Reply(status=202, document={**made, "manage_token": MANAGE_TOKEN})

    def _orphans(self, asked: Asked) -> Reply:
        start = int(asked.query.get("cursor", "0"))
        end = start + self.page_size
        cursor = str(end) if end < len(self.orphans) else None
        return Reply(status=200, document={"orphans": self.orphans[start:end], "next_cursor": cursor})

    def _page(self, asked: Asked) -> Reply:
        gone = {"deleted", "failed"}
        found = [one for one in self.instances.values() if asked.query.get("all") or one["status"] not in gone]
        start = int(asked.query.get("cursor", "0"))
        end = start + self.page_size
        cursor = str(end) if end < len(found) else None
        return Reply(status=200, document={"instances": found[start:end], "next_cursor": cursor})

    def _one(self, method: str, instance_id: str, rest: list[str], asked: Asked) -> Reply:
        known = self.instances[instance_id]
        match [method, *rest]:
            case ["GET"]:
                return self._look(instance_id, asked)
            case ["DELETE"]:
                if known["status"] in {"deleted", "failed"}:
                    return Reply(status=200, document=known)
                known.update(status="deleting", stage=None)
                return Reply(status=202, document=known)
            case ["POST", "extend"]:
                ends = {"old_expires_at": known["expires_at"], "expires_at": "2026-11-24T16:00:00Z", "hours_left": 140}
                return Reply(status=200, document={**known, **ends})
            case ["GET", "log"]:
                return Reply(status=200, document={"attempt": ATTEMPT, "log": "first line\n\x1b[2Jsecond line\n"})
            case _:
                pass
        return problem(405, "method_not_allowed")

    def _look(self, instance_id: str, asked: Asked) -> Reply:
        if "wait" in asked.query and not self.holds:
            return problem(400, "invalid_input", "This service does not hold requests.")
        known = self.instances[instance_id]
        with self._changing:
            if self.plan and asked.headers.get("if-none-match") == _etag(known):
                known.update(self.plan.pop(0))
        if asked.headers.get("if-none-match") == _etag(known):
            time.sleep(self.hold_seconds if "wait" in asked.query else 0)
            return Reply(status=304, headers={"ETag": _etag(known)})
        return Reply(status=200, document=known, headers={"ETag": _etag(known)})


def _etag(document: dict[str, Any]) -> str:
    return f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16]}"'


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = parts.path.removeprefix("/api")
            self._reply(service.answer(Asked(method=self.command, path=path, query=query, headers=headers, body=body)))

        do_POST = do_DELETE = do_GET  # noqa: N815 the names http.server calls

        def _reply(self, reply: Reply) -> None:
            time.sleep(reply.after_seconds)
            if reply.cut:
                self.close_connection = True
                return
            raw = reply.raw if reply.raw is not None else json.dumps(reply.document).encode()
            self.send_response(reply.status)
            known = {"Content-Type": "application/json", "X-Request-Id": "req-7", **reply.headers}
            for name, value in known.items():
                self.send_header(name, value)
            if reply.status != 304:
                self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            if reply.status != 304:
                self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler
