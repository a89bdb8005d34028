"""The artefact alone is the whole product: unpacked anywhere, its handlers work with nothing beside it but Python."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from artefact import botocore_data, eager

from onebox.gateway.event import Request, answer_of, event_of
from onebox.gateway.problems import Answer
from onebox.gateway.routes import Match
from tests.emulator_process import emulator_process
from tests.unit.api.world import public_key
from tests.unit.test_config import COMPLETE

PROGRAM = Path(__file__).with_name("lambda_program.py")
OPERATOR = "ccc_operator_in-tests"
ASSET = re.compile(r"/assets/([A-Za-z0-9._-]+)")
SCHEDULED = {
    "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0",
    "time": "2026-11-23T10:00:00Z", "region": "eu-central-1", "resources": [], "detail": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A process with the artefact and nothing else; `folder` is where it lies, `home` where it keeps its state."""

    process: subprocess.Popen[str]
    folder: Path
    home: Path

    def ask(self, **line: Any) -> Any:
        """One line there, one line back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def http(self, method: str, path: str, resource: str | None = None, body: Any = None, **values: str) -> Answer:
        """A request as API Gateway hands it to `app.app`."""
        request = Request(
            method=method,
            path=path,
            query="",
            headers={
                "host": "localhost", "content-type": "application/json", "accept": "*/*", "idempotency-key": "k-1",
            },
            body=b"" if body is None else json.dumps(body).encode(),
            peer="127.0.0.1",
            id="11111111-1111-1111-1111-111111111111",
        )  # fmt: skip
        return answer_of(
            self.ask(handler="app", event=event_of(request, Match(resource=resource or path, values=values)))
        )


def keyring(path: Path, token: str) -> None:
    """A keyring file with made-up secrets and the provider's token."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    operator = hashlib.sha256(OPERATOR.encode()).hexdigest()
    document = {"secrets": [{"id": "k1", "secret": secret}], "pepper": secret, "operators": [operator]}
    path.write_text(json.dumps({**document, "hetzner_token": token}), encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture(scope="module")
def alone(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unpacked]:
    """The unpacked artefact in a process of its own, with one box's settings and an emulated provider, founded."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(artefact / "deployment.zip") as archive:
        archive.extractall(folder)
    with emulator_process(home, "--latency", "0", "--ssh", "off") as provider:
        keyring(home / "keyring", provider.new_project())
        settings = {**COMPLETE, "CCC_HETZNER_ENDPOINT": provider.endpoint, "CCC_CLOCK": "system:", "CCC_SIGNUP": "open"}
        variables = {name: value.replace("/home/box", str(home)) for name, value in settings.items()}
        command = [sys.executable, "-I", "-S", "-B", str(PROGRAM), str(folder)]
        process = subprocess.Popen(
            command, cwd=home, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        unpacked = Unpacked(process=process, folder=folder, home=home)
        assert unpacked.ask(handler="advance", event={"found_stack": True}) is None
        assert unpacked.ask(handler="tick", event=SCHEDULED) is None
        yield unpacked
        process.communicate(timeout=120)


def test_the_api_answers(alone: Unpacked) -> None:
    """All that health asks for is well, and the types are those that the tick has read from the provider."""
    ready = alone.http("GET", "/health/ready")
    assert (ready.status, json.loads(ready.body)["status"]) == (200, "ok")
    types = {each["name"] for each in json.loads(alone.http("GET", "/types").body)["types"]}
    assert types
    assert types <= {"cx23", "cpx22"}


def test_the_pages_are_there(alone: Unpacked) -> None:
    """The first page is rendered from its template, and every asset that it names is served."""
    page = alone.http("GET", "/")
    assert page.status == 200
    assets = set(ASSET.findall(page.body.decode()))
    assert {Path(name).suffix for name in assets} >= {".css", ".js"}
    served = {name: alone.http("GET", f"/assets/{name}", "/assets/{name}", name=name) for name in assets}
    assert {name: answer.status for name, answer in served.items() if answer.status != 200 or not answer.body} == {}


def test_a_stranger_gets_a_letter(alone: Unpacked) -> None:
    """A signup is taken, and the worker writes its letter, with templates and libraries of the artefact alone."""
    body = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 2}
    answer = alone.http("POST", "/instances", body=body)
    assert answer.status == 202, answer.body
    assert alone.ask(handler="advance", event={"advance": json.loads(answer.body)["id"]}) is None
    letters = [path.read_text(encoding="utf-8") for path in (alone.home / "mail" / "new").iterdir()]
    assert any("guest@example.com" in letter for letter in letters)


def test_a_run_of_the_reaper_ends(alone: Unpacked) -> None:
    """The scheduled reaper looks at the provider and has nothing to complain of."""
    assert alone.ask(handler="reap", event=SCHEDULED) is None


def test_whatever_is_put_off_can_be_loaded(alone: Unpacked) -> None:
    """Every module of ours and all that any of them imports, at any time, is in the artefact."""
    names = eager.modules(alone.folder)
    assert {"app", "paramiko", "hcloud", "pydantic", "icalendar", "chalicelib.wiring"} <= set(names)
    assert alone.ask(**{"import": names}) == {}


def test_every_service_has_its_description(alone: Unpacked) -> None:
    """Out of the archive, botocore makes a client of each service that is used."""
    assert alone.ask(clients=botocore_data.SERVICES) == list(botocore_data.SERVICES)


def test_nothing_else_was_loaded(alone: Unpacked) -> None:
    """After all of that, each loaded module lies in the artefact or in the standard library."""
    alone.ask(**{"import": eager.modules(alone.folder)})
    assert alone.ask(foreign=str(alone.folder)) == []
    assert f"app from {alone.folder / 'app.py'}" in alone.ask(foreign=str(alone.home))
