"""The packaged functions, each a process that records its requests, with all that they need around them.

That is DynamoDB Local, an emulated provider and stand-ins. Who calls which function is the test's matter: there is no
gateway, no clock that rings, and nobody who tries again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from lint.functions import DEPLOYED, KIND
from lint.resolved import Stack

from onebox import dynamodb_local
from onebox.aws.artefact import Artefact
from onebox.gateway.routes import Routes
from tests.emulator_process import EmulatorProcess, emulator_process
from tests.stack.aws import recorded_stand_ins
from tests.stack.aws.recorded_stand_ins import StandIns
from tests.stack.box import CHECKOUT

PUBLIC_URL = "https://dev.ccc.example.org/api"
NOBODY = ""
"""The token of a request that has none."""

TOOLS = CHECKOUT / "packaging"
_OF_A_TABLE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@dataclass
class Function:
    """A packaged function as a process; `seconds` is its time limit."""

    name: str
    seconds: float
    process: subprocess.Popen[str]

    def call(self, handler: str, event: Any) -> Any:
        """What the handler returns; AssertionError when it raises."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"handler": handler, "event": event, "seconds": self.seconds}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "raised" not in answer, (self.name, answer)
        return answer["result"]


@dataclass
class Recorded:
    """A stack in its life; `record` is what its functions were heard to ask."""

    template: Stack
    functions: Mapping[str, Function]
    stand_ins: StandIns
    emulator: EmulatorProcess
    record: Path
    clock: Path
    operator: str = field(repr=False)
    provider_token: str = field(repr=False)
    routes: Routes

    def wait(self, seconds: float) -> None:
        """Let time pass for everybody."""
        moved = self.clock.with_suffix(".moved")
        moved.write_text(str(float(self.clock.read_text()) + seconds))
        moved.replace(self.clock)

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """One request through the API's function, as an operator if no other token is given."""
        path, _, query = path.partition("?")
        asked = dict(each.split("=") for each in query.split("&") if each) or None
        match = self.routes.match(path)
        assert match is not None, path
        given: dict[str, str] = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
        if token != NOBODY:
            given["authorization"] = f"Bearer {token or self.operator}"
        event = {
            "resource": match.resource,
            "path": path,
            "httpMethod": method,
            "headers": given,
            "multiValueHeaders": {name: [value] for name, value in given.items()},
            "queryStringParameters": asked,
            "multiValueQueryStringParameters": {name: [value] for name, value in asked.items()} if asked else None,
            "pathParameters": match.values or None,
            "stageVariables": None,
            "requestContext": {
                "httpMethod": method, "resourcePath": match.resource, "path": path, "stage": "api", "requestId": "r",
                "identity": {"sourceIp": f"192.0.2.{secrets.randbelow(250) + 1}", "userAgent": "a test"},
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }  # fmt: skip
        answer = self.functions["api"].call("app", event)
        raw = answer.get("body") or "null"
        text = base64.b64decode(raw) if answer.get("isBase64Encoded") else raw
        return int(answer["statusCode"]), json.loads(text)

    def scheduled(self, name: str) -> None:
        """Call `tick` or `reap` as EventBridge does."""
        fields = dict.fromkeys(("version", "id", "source", "account", "time", "region", "detail-type"), "")
        event = {**fields, "resources": [], "detail": {}}
        self.functions[name].call(name, event)

    def provider(self, method: str, path: str, body: object) -> dict[str, Any]:
        """One request at the emulated provider."""
        answer: dict[str, Any] = self.emulator.request(self.provider_token, method, path, body)
        return answer


@contextmanager
def recorded_stack(folder: Path, artefact: Artefact, **parameters: str) -> Iterator[Recorded]:
    """The artefact's stage `dev`, open to guests and founded, its template set with these parameters."""
    template = Stack(template=json.loads(artefact.sam.read_text()), name="ccc-dev", parameters=parameters)
    clock, record, operator = folder / "clock", folder / "recorded.jsonl", f"ccc_operator_{secrets.token_urlsafe(32)}"
    clock.write_text("0")
    record.touch()
    with contextlib.ExitStack() as places:
        emulator = places.enter_context(
            emulator_process(folder, "--ssh", "off", "--latency", "0", "--clock", str(clock))
        )
        token = emulator.new_project()
        kept = folder / "platform"
        kept.mkdir()
        builders = recorded_stand_ins.fargate(template.account) if parameters else recorded_stand_ins.codebuild(kept)
        platform, given = places.enter_context(builders)
        stand_ins = StandIns(
            account=template.account, parameters=_parameters(operator, token), platform=platform, given=given
        )
        url = places.enter_context(recorded_stand_ins.serving(stand_ins))
        table = places.enter_context(dynamodb_local.running(CHECKOUT / dynamodb_local.DIRECTORY))
        _make_tables(template, table)
        around = _around(url, table) | {
            "CCC_CLOCK": f"file://{clock}",
            "CCC_HETZNER_ENDPOINT": emulator.endpoint,
            "CCC_SIGNUP": "open",
        }
        functions = {
            short: places.enter_context(_function(template, logical, artefact.code, around, record))
            for logical, short in DEPLOYED.items()
        }
        functions["advance"].call("advance", {"found_stack": True})
        paths = template.template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        stack = Recorded(
            template=template, functions=functions, stand_ins=stand_ins, emulator=emulator, record=record, clock=clock,
            operator=operator, provider_token=token, routes=Routes(paths),
        )  # fmt: skip
        stack.scheduled("tick")  # reads types and prices, without which nobody can order
        yield stack


def _parameters(operator: str, token: str) -> dict[str, str]:
    def made() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    digest = hashlib.sha256(operator.encode()).hexdigest()
    keyring = {"secrets": [{"id": "k1", "secret": made()}], "pepper": made(), "operators": [digest]}
    return {"keyring": json.dumps(keyring), "hetzner_token": token, "public_url": PUBLIC_URL}


def _around(url: str, table: str) -> dict[str, str]:
    """What leads botocore to the stand-ins, and nowhere else."""
    services = ("CODEBUILD", "ECS", "LAMBDA", "SESV2", "SSM")
    return {
        **{f"AWS_ENDPOINT_URL_{name}": url for name in services},
        "AWS_ENDPOINT_URL_DYNAMODB": table,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(8),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def _make_tables(template: Stack, url: str) -> None:
    """The template's table, as far as DynamoDB Local takes its definition."""
    client = botocore.session.Session().create_client(
        "dynamodb", template.region, endpoint_url=url, aws_access_key_id="nobody", aws_secret_access_key="none"
    )
    for logical, properties in template.resources("AWS::DynamoDB::Table").items():
        wanted = {name: properties[name] for name in _OF_A_TABLE if name in properties}
        client.create_table(TableName=template.reference(logical), **wanted)


@contextmanager
def _function(template: Stack, logical: str, code: Path, around: Mapping[str, str], record: Path) -> Iterator[Function]:
    properties = template.resources(KIND)[logical]
    program = Path(__file__).with_name("recorded_function.py")
    words = [str(code), str(TOOLS), properties["FunctionName"], template.account, template.region, str(record)]
    environment = {
        "PATH": os.defpath,
        "AWS_REGION": template.region,
        "AWS_DEFAULT_REGION": template.region,
        **{name: str(value) for name, value in properties["Environment"]["Variables"].items()},
        **around,
    }
    with (
        (record.parent / f"{logical}.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(program), *words],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield Function(name=logical, seconds=float(properties["Timeout"]), process=process)
        finally:
            process.kill()
