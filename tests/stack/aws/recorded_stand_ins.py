"""SES, SSM, Lambda and a platform of builders on one port: what the packaged functions reach over HTTP in their lives.

CodeBuild and ECS behave as the stand-ins that the installers' contract is held against. Lambda takes events and invokes
nobody: whoever drives a life decides which function works. Nothing that a builder does happens here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from onebox.codebuild import buildspec
from onebox.codebuild.build import Project
from onebox.codebuild.builds import TARGET as CODEBUILD
from onebox.codebuild.builds import Builds
from onebox.codebuild.refusal import Refusal
from tests.contract.codebuild_house import SLEEPS
from tests.contract.fargate_house import TARGET as ECS
from tests.contract.fargate_house import TASK, Ecs
from tests.quiet_server import QuietServer

Operation = Callable[[dict[str, Any]], dict[str, Any]]
Given = dict[str, str]
"""The variables that a builder was started with."""

FAMILY = "ccc-dev-builder"
"""What cluster, task definition and project of the rehearsed stage are called."""


@dataclass
class StandIns:
    """`parameters` are the stage's, all but the URL secret; `letters` are raw messages, `events` Lambda's payloads."""

    account: str
    parameters: Mapping[str, str] = field(repr=False)
    platform: Mapping[str, Operation]
    given: Callable[[], list[Given]]
    letters: list[bytes] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and document."""
        if path.startswith("/2015-03-31/functions/"):
            self.events.append(json.loads(body))
            return 202, {}
        asked = json.loads(body)
        if path == "/v2/email/outbound-emails":
            self.letters.append(base64.b64decode(asked["Content"]["Raw"]["Data"]))
            return 200, {"MessageId": f"letter-{len(self.letters)}"}
        if target == "AmazonSSM.GetParametersByPath":
            return 200, {"Parameters": [self._parameter(asked["Path"], name) for name in self.parameters]}
        try:
            return 200, self.platform[target](asked)
        except Refusal as refusal:
            return refusal.status, {"__type": refusal.code, "message": refusal.message, **refusal.fields}

    def _parameter(self, path: str, name: str) -> dict[str, str]:
        kind = "String" if name == "public_url" else "SecureString"
        return {"Name": f"{path}/{name}", "Type": kind, "Value": self.parameters[name]}


@contextmanager
def serving(stand_ins: StandIns) -> Iterator[str]:
    """The URL at which they answer, for as long as the block lasts."""
    with QuietServer(_handler(stand_ins)) as server:
        yield server.root


def _handler(stand_ins: StandIns) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            status, document = stand_ins.answer(self.path.partition("?")[0], target, body)
            raw = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler


@contextmanager
def codebuild(folder: Path) -> Iterator[tuple[dict[str, Operation], Callable[[], list[Given]]]]:
    """CodeBuild with the stage's project, whose builds sleep until they are stopped; what each was given."""
    project = Project(name=FAMILY, buildspec=buildspec.read(SLEEPS), source=folder, image={"PATH": "/usr/bin:/bin"})
    builds = Builds([project], folder / "builds")
    started: list[Given] = []

    def start(request: dict[str, Any]) -> dict[str, Any]:
        started.append({each["name"]: each["value"] for each in request["environmentVariablesOverride"]})
        return builds.start(request)

    served = {f"{CODEBUILD}.{name}": operation for name, operation in builds.operations().items()}
    try:
        yield {**served, f"{CODEBUILD}.StartBuild": start}, lambda: started
    finally:
        builds.close()


@contextmanager
def fargate(account: str) -> Iterator[tuple[dict[str, Operation], Callable[[], list[Given]]]]:
    """ECS with the stage's cluster and task definition; what each task was given."""
    ecs = Ecs(slots=20)

    def named(operation: Operation) -> Operation:
        def asked(request: dict[str, Any]) -> dict[str, Any]:
            inner = _renamed(request, {FAMILY: TASK.cluster, account: "000000000000"})
            if "taskDefinition" in inner:
                inner["taskDefinition"] = TASK.definition
            return _renamed(operation(inner), {f":task/{TASK.cluster}/": f":task/{FAMILY}/", "000000000000": account})

        return asked

    def given() -> list[Given]:
        containers = [each["overrides"]["containerOverrides"][0] for each in ecs.asked]
        return [{each["name"]: each["value"] for each in one["environment"]} for one in containers]

    yield {f"{ECS}.{name}": named(operation) for name, operation in ecs.operations().items()}, given


def _renamed(document: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The document with names of the stand-in's one cluster instead of the stage's, or the other way round."""
    text = json.dumps(document)
    for old, new in names.items():
        text = text.replace(old, new)
    renamed: dict[str, Any] = json.loads(text)
    return renamed
