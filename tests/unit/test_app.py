"""The application that Lambda calls: its handlers reach the verbs, and a failed verb is a failed handler."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib
import io
import json
import logging
import math
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib import invocation, log
from chalicelib.config import ConfigError
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import ProviderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.ports import Run, RunState, StackState
from chalicelib.operations.services import Services
from chalicelib.operations.suppression import is_suppressed
from chalicelib.operations.tick import WorkFailed
from onebox.gateway.lambda_context import LambdaContext
from tests.fakes.market import market_at
from tests.unit.adapters.hetzner_stub import Say, stub_server
from tests.unit.api.test_mail_feedback import TO, bounced, records
from tests.unit.api.world import NOT_YET, event, running
from tests.unit.test_config import COMPLETE

OPERATOR = "ccc_operator_in-tests"


@dataclass(slots=True)
class Context:
    """What Lambda gives a handler beside the event."""

    milliseconds: int = 10_000
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is cut off."""
        return self.milliseconds


def keyring(path: Path) -> None:
    """A keyring file with made-up secrets."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    operator = hashlib.sha256(OPERATOR.encode()).hexdigest()
    document = {
        "secrets": [{"id": "k1", "secret": secret}],
        "pepper": secret,
        "operators": [operator],
        "hetzner_token": "t",
    }
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture(autouse=True)
def leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Importing `app` configures the log and marks the environment; afterwards both are as they were."""
    monkeypatch.setenv("AWS_EXECUTION_ENV", "test")
    ours = logging.getLogger("ccc")
    before = (ours.handlers, ours.level, ours.propagate)
    sys.modules.pop("app", None)
    yield
    sys.modules.pop("app", None)
    ours.handlers, ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`app.py`, imported anew with the settings of one box in a folder of its own; no provider can be reached."""
    return imported(tmp_path, monkeypatch, "http://127.0.0.1:9/v1")


def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> ModuleType:
    """`app.py`, imported anew with that provider."""
    keyring(tmp_path / "keyring")
    settings = {**COMPLETE, "CCC_HETZNER_ENDPOINT": endpoint}
    for name, value in settings.items():
        monkeypatch.setenv(name, value.replace("/home/box", str(tmp_path)))
    return importlib.import_module("app")


def founded(module: ModuleType) -> Services:
    """The services behind the module, with a market and a stack item."""
    services: Services = module.services
    services.catalogue.keep(market_at(services.clock.now()))
    services.stack.write(StackState(uuid="u", epoch=1, swept_at=services.clock.now()), None)
    return services


def stack_of(services: Services) -> StackState:
    """The `stack` item."""
    stack = services.stack.get()
    assert stack is not None
    return stack


def scheduled() -> dict[str, Any]:
    """What EventBridge sends."""
    return {
        "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0",
        "time": "2026-11-23T10:00:00Z", "region": "eu-central-1", "resources": [], "detail": {},
    }  # fmt: skip


def test_http_reaches_the_verbs(module: ModuleType) -> None:
    """A request as API Gateway sends it is answered out of the store."""
    founded(module)
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    answer = module.app(event(module.app, "GET", "/instances", None, headers), Context())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"instances": [], "next_cursor": None})


def test_a_nudge_advances_one_row(module: ModuleType) -> None:
    """`{"advance": id}` makes the worker look at that row: without a builder it has to wait, and is put off."""
    services = founded(module)
    now = services.clock.now()
    times = dict.fromkeys(("status_since", "requested_at", "created_at", "due_at"), now)
    row = services.instances.write(running(services, status=Status.REQUESTED, **NOT_YET, **times), before=None)
    module.advance({"advance": row.id}, Context())
    after = services.instances.get(row.id)
    assert after is not None
    assert after.version > row.version


def test_a_nudge_carries_out_a_run(module: ModuleType) -> None:
    """`{"reap": id}` carries out the run that was asked for."""
    services = founded(module)
    services.runs.save(Run(id="r1", state=RunState.REQUESTED, dry_run=True, requested_at=services.clock.now()))
    module.advance({"reap": "r1"}, Context())
    run = services.runs.get("r1")
    assert run is not None
    assert run.state in {RunState.DONE, RunState.FAILED}


def test_a_deployment_founds_the_stack(module: ModuleType) -> None:
    """`{"found_stack": true}` makes the stack's item and asks the provider for its marker; here nobody answers."""
    with pytest.raises(ProviderUnknown):
        module.advance({"found_stack": True}, Context())
    services: Services = module.services
    stack = services.stack.get()
    assert stack is not None
    assert stack.epoch == 1


def test_an_event_that_asks_for_nothing_fails(module: ModuleType) -> None:
    """A worker that is invoked with something else says so by failing."""
    with pytest.raises(KeyError):
        module.advance({"found_stack": False}, Context())


def test_a_letter_that_came_back_is_recorded(module: ModuleType) -> None:
    """What SES tells by SNS reaches the verb: the address is not written to again."""
    services = founded(module)
    module.mail_feedback(records(bounced()), Context())
    assert is_suppressed(services, EmailAddress(value=TO))


def test_lines_of_every_function_name_their_invocation(module: ModuleType) -> None:
    """Worker, schedule and HTTP alike: the id that Lambda prints stands in our lines, too, and in no other."""
    services: Services = module.services
    services.stack.write(StackState(uuid="u", epoch=1, swept_at=services.clock.now()), None)
    log.configure(stream := io.StringIO())
    module.mail_feedback(records(bounced()), Context(aws_request_id="a"))
    with pytest.raises(WorkFailed):
        module.tick(scheduled(), Context(aws_request_id="b"))
    module.app(event(module.app, "GET", "/health", None, {}), Context(aws_request_id="c"))
    logging.getLogger("ccc.after").info("of none")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    by_event = {line["event"]: line.get("aws_request_id") for line in told}
    assert by_event["mail.feedback"] == by_event["mail.bounced"] == "a"
    assert by_event["catalogue.not_read"] == "b"
    assert by_event["http.answered"] == "c"
    assert by_event["of none"] is None


def test_every_function_knows_how_long_it_may_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for somebody outside asks it: within each of the four kinds of function, and in none of them after."""
    left: list[float] = []

    def note(*_: Any, **__: Any) -> Run:
        left.append(invocation.seconds_left())
        return Run(id="1", state=RunState.DONE, dry_run=True, requested_at=datetime(2026, 11, 23, tzinfo=UTC))

    monkeypatch.setattr(module.tick_verb, "tick", note)
    monkeypatch.setattr(module.reap_verb, "reap", note)
    monkeypatch.setattr(module.advance_verb, "advance", note)
    monkeypatch.setattr(module, "record_mail_feedback", note)
    module.tick(scheduled(), Context(55_000))
    module.reap(scheduled(), Context(600_000))
    module.advance({"advance": "1"}, Context(110_000))
    module.mail_feedback({}, Context(20_000))
    assert left == [55.0, 600.0, 110.0, 20.0]
    assert invocation.seconds_left() == math.inf


def test_a_tick_with_nothing_to_do_is_silent(module: ModuleType) -> None:
    """A minute in which nothing is due ends without an error and without a provider request."""
    founded(module)
    module.tick(scheduled(), Context())


def test_a_tick_that_fails_raises(module: ModuleType) -> None:
    """When the provider cannot be asked for the market, the handler fails, so that the error metric shows it."""
    services: Services = module.services
    services.stack.write(StackState(uuid="u", epoch=1, swept_at=services.clock.now()), None)
    with pytest.raises(WorkFailed):
        module.tick(scheduled(), Context())


def test_a_tick_ends_in_time_while_the_provider_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is never answered waits for half a minute, but not in a function that has four seconds."""
    released, began = threading.Event(), time.monotonic()
    with stub_server() as stub:
        module = imported(tmp_path, monkeypatch, stub.endpoint)
        services = founded(module)
        services.stack.write(replace(stack := stack_of(services), marker_id=7), stack)
        stub.says(Say(before=lambda: released.wait(60)))
        module.tick(scheduled(), LambdaContext("tick", 4.0))
        assert time.monotonic() - began < 25
        released.set()
    assert [heard.method for heard in stub.heard] == ["GET"]
    assert stack_of(services).marker_silent_until is not None


def test_a_reap_that_fails_raises(module: ModuleType) -> None:
    """A run that could not look at the provider's servers is a failed handler, with its record kept."""
    services = founded(module)
    with pytest.raises(RuntimeError, match="reap run"):
        module.reap(scheduled(), Context())
    assert services.runs.newest(1)[0].errors


def test_work_stops_before_lambda_stops_it(module: ModuleType) -> None:
    """Nothing new is begun in the last fifth of a function's time."""
    context = Context(milliseconds=10_000)
    left = module._left(context)
    assert left() == pytest.approx(8.0)
    context.milliseconds = 2_000
    assert left() <= 0


def test_without_settings_the_import_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without its settings fails at once, and says which ones are missing."""
    for name in COMPLETE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="CCC_STORE is not set"):
        importlib.import_module("app")


def test_the_app_names_no_adapter() -> None:
    """`app.py` imports the edge, the verbs and the wiring, and nothing behind them (import-linter cannot see it)."""
    tree = ast.parse(Path("app.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    rooms = {name.split(".")[1] for name in imported if name.startswith("chalicelib.")}
    assert rooms <= {"api", "operations"}
    assert imported - {name for name in imported if name.startswith("chalicelib")} <= {
        "__future__",
        "collections.abc",
        "typing",
        "chalice.app",
    }


def test_a_keyring_that_is_gone_is_an_answer(module: ModuleType, tmp_path: Path) -> None:
    """When the keyring cannot be read, a request is 503 and not a crash."""
    (tmp_path / "keyring").unlink()
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    answer = module.app(event(module.app, "GET", "/instances", None, headers), Context())
    assert answer["statusCode"] == 503


def test_a_cold_start_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    """Importing the app loads none of the slow libraries: they are loaded by the first call that needs them."""
    keyring(tmp_path / "keyring")
    variables = {name: value.replace("/home/box", str(tmp_path)) for name, value in COMPLETE.items()}
    slow = (
        "pydantic",
        "jinja2",
        "hcloud",
        "requests",
        "paramiko",
        "cryptography",
        "email_validator",
        "pynamodb",
        "boto3",
        "botocore",
    )
    said = f"import sys, app; print([name for name in {slow!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", said], env=variables, cwd=Path.cwd(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
