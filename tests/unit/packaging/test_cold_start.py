"""A function that starts while SSM is down says so in one error and at once, and the next invocation tries again.

Without SSM there is neither keyring nor provider's token nor address, so there is nothing less that it could do (R21).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws.parameters import PATIENCE
from onebox.gateway.event import Request, event_of
from onebox.gateway.routes import Match
from tests.emulator_process import emulator_process
from tests.quiet_server import QuietServer
from tests.unit.packaging.test_alone import SCHEDULED
from tests.unit.test_config import COMPLETE

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(__file__).with_name("lambda_program.py")
INIT_SECONDS = 10.0
"""What Lambda gives a function to load: AWS's manual, "Understanding the Lambda execution environment lifecycle"."""

LONGEST_PAUSE = 1.0
"""Before the first second try, in botocore's standard mode."""

GET = Request(
    method="GET",
    path="/health",
    query="",
    headers={"host": "localhost", "accept": "*/*"},
    body=b"",
    peer="127.0.0.1",
    id="11111111-1111-1111-1111-111111111111",
)
CALLS: dict[str, Any] = {
    "app": event_of(GET, Match(resource="/health", values={})),
    "advance": {"found_stack": True},
    "tick": SCHEDULED,
    "reap": SCHEDULED,
    "mail_feedback": {"Records": []},
}
"""Every function with an event; the stack is founded before tick and reaper look for it."""


@dataclass
class Ssm:
    """SSM on 127.0.0.1 that answers one question with these parameters, or fails as it is told."""

    parameters: dict[str, str] = field(default_factory=dict)
    fails: str = ""
    asked: int = 0

    def answer(self) -> tuple[int, dict[str, Any]] | None:
        """Status and document; None to hang up."""
        self.asked += 1
        if self.fails == "hangs up":
            return None
        if self.fails:
            return 500 if self.fails == "InternalServerError" else 400, {"__type": self.fails, "message": "no"}
        told = [{"Name": f"/ccc/dev/{name}", "Value": value} for name, value in self.parameters.items()]
        return 200, {"Parameters": told}


@pytest.fixture
def ssm() -> Iterator[tuple[Ssm, str]]:
    """The stand-in and its address."""
    told = Ssm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = told.answer()
            if answer is None:
                self.close_connection = True
                return
            raw = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with QuietServer(Handler) as server:
        yield told, server.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A process that loads `app.py` when it is called, and again when that failed."""

    process: subprocess.Popen[str]

    def call(self, handler: str, event: Any) -> Any:
        """What the handler returned, or `{"raised": …}`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"handler": handler, "event": event}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def function(ssm: tuple[Ssm, str], tmp_path: Path) -> Iterator[Function]:
    """The checkout's own handlers with keyring and address in SSM, one box's store, and an emulated provider."""
    told, address = ssm
    with emulator_process(tmp_path, "--latency", "0", "--ssh", "off") as provider:
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        operators = [hashlib.sha256(secrets.token_bytes(8)).hexdigest()]
        keyring = {"secrets": [{"id": "k1", "secret": secret}], "pepper": secret, "operators": operators}
        told.parameters = {
            "keyring": json.dumps(keyring),
            "hetzner_token": provider.new_project(),
            "public_url": "https://box.example.org",
        }
        variables = {name: value.replace("/home/box", str(tmp_path)) for name, value in COMPLETE.items()} | {
            "CCC_KEYRING": "ssm:///ccc/dev",
            "CCC_PUBLIC_URL": "ssm:///ccc/dev/public_url",
            "CCC_HETZNER_ENDPOINT": provider.endpoint,
            "CCC_CLOCK": "system:",
            "AWS_ENDPOINT_URL_SSM": address,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        process = subprocess.Popen(
            [sys.executable, "-B", str(PROGRAM), str(ROOT)],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        yield Function(process=process)
        process.communicate(timeout=120)


@pytest.mark.parametrize("fails", ["hangs up", "InternalServerError", "ThrottlingException", "AccessDeniedException"])
def test_a_start_without_ssm_is_one_error_and_the_next_one_works(
    ssm: tuple[Ssm, str], function: Function, fails: str
) -> None:
    """Whichever way SSM fails, a function raises the one error by name; when it is back, every one works."""
    told, _ = ssm
    told.fails = fails
    for handler in ("reap", "app") if fails == "hangs up" else ("reap",):
        raised = function.call(handler, CALLS[handler])["raised"]
        assert raised.startswith("StoreUnavailable: SSM does not give /ccc/dev (")
    assert told.asked <= PATIENCE.tries * 2
    told.fails = ""
    answers = {handler: function.call(handler, event) for handler, event in CALLS.items()}
    assert answers.pop("app")["statusCode"] == 200
    assert answers == dict.fromkeys(answers)


def test_the_error_comes_before_lambda_gives_up() -> None:
    """At its longest a look at SSM ends within the time that Lambda gives a function to load."""
    assert PATIENCE.tries == 2
    assert PATIENCE.tries * (PATIENCE.connect + PATIENCE.read) + LONGEST_PAUSE < INIT_SECONDS


def test_without_its_address_a_stage_ends_machines_all_the_same(ssm: tuple[Ssm, str], function: Function) -> None:
    """Somebody deletes the parameter: every function starts, and only who needs it is told that it is missing."""
    told, _ = ssm
    url = told.parameters.pop("public_url")
    answers = {handler: function.call(handler, event) for handler, event in CALLS.items()}
    assert answers.pop("app")["statusCode"] == 200
    assert answers == dict.fromkeys(answers)
    page = function.call("app", event_of(replace(GET, path="/"), Match(resource="/", values={})))
    assert (page["statusCode"], json.loads(page["body"])["code"]) == (503, "public_url_unknown")
    assert url not in json.dumps(page)
