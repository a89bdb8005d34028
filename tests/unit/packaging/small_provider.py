"""A provider with servers, markers and tokens of two projects, over HTTP on 127.0.0.1: what these tools ask."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.quiet_server import QuietServer


@dataclass
class Project:
    """What is in a project, each with its labels."""

    servers: list[dict[str, Any]] = field(default_factory=list)
    ssh_keys: list[dict[str, Any]] = field(default_factory=list)


class SmallProvider(QuietServer):
    """Two projects and who opens them; `token` opens the first."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.token = secrets.token_hex(32)
        self.first = Project()
        self.tokens: dict[str, Project] = {self.token: self.first}
        self.asked: list[str] = []
        self.fails: int | None = None

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{self.root}/v1"

    def another_token(self) -> str:
        """One more token of the first project."""
        token = secrets.token_hex(32)
        self.tokens[token] = self.first
        return token

    def other_project(self) -> str:
        """A token of a project of its own."""
        token = secrets.token_hex(32)
        self.tokens[token] = Project()
        return token

    def plant(self, stack: str) -> None:
        """A marker in the first project."""
        labels = {"managed-by": "ccc", "ccc-stack": stack, "ccc-epoch": "1"}
        key = {"id": 100 + len(self.first.ssh_keys), "name": f"ccc-stack-{stack}", "labels": labels}
        self.first.ssh_keys.append(key)

    def run(self, name: str, stack: str) -> None:
        """A server of a stack in the first project."""
        labels = {"managed-by": "ccc", "ccc-stack": stack}
        self.first.servers.append({"id": 7, "name": name, "labels": labels})

    def answer(self, method: str, path: str, query: dict[str, str], token: str) -> tuple[int, dict[str, Any]]:
        """Status and document."""
        self.asked.append(f"{method} {path}")
        if self.fails is not None:
            return self.fails, {}
        project = self.tokens.get(token)
        if project is None:
            return 401, {"error": {"code": "unauthorized"}}
        kind, _, number = path.strip("/").partition("/")
        if method == "DELETE":
            project.ssh_keys = [each for each in project.ssh_keys if str(each["id"]) != number]
            return 204, {}
        wanted = dict(each.split("=") for each in query.get("label_selector", "").split(",") if each)
        found = [each for each in getattr(project, kind) if wanted.items() <= each["labels"].items()]
        at = int(query.get("page", "1"))
        after = at + 1 if at < len(found) else None
        return 200, {kind: found[at - 1 : at], "meta": {"pagination": {"next_page": after}}}


def _handler(provider: SmallProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            path = parts.path.removeprefix("/v1")
            status, document = provider.answer(self.command, path, query, token)
            raw = b"" if status == 204 else json.dumps(document).encode()
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_DELETE = do_GET  # noqa: N815 -- the name http.server calls

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler
