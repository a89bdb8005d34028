"""A function's host as a process: what the packaged code finds around it, how it fails, how many work at once."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from onebox.aws.invoke import NotReached, Outcome
from tests.unit.onebox.aws.house import hosted, invoker
from tests.unit.onebox.until import until

CODE = """
import os, signal, sys, time
def work(event, context):
    match event:
        case "pid": return os.getpid()
        case "path": return sys.path
        case "loaded": return sorted(name for name in sys.modules if name.split(".")[0] in ("chalicelib", "botocore"))
        case "raise": raise KeyError("gone")
        case "die": os.kill(os.getpid(), signal.SIGKILL)
        case "exit": os._exit(3)
        case "object": return object()
        case {"sleep": seconds, "begun": path}: open(path, "w").close(); time.sleep(seconds); return os.getpid()
        case {"sleep": seconds}: time.sleep(seconds); return os.getpid()
        case "context":
            return [context.function_name, context.aws_request_id, context.get_remaining_time_in_millis() // 1000,
                    context.memory_limit_in_mb, context.invoked_function_arn.rpartition(":")[2]]
"""


def ask(folder: Path, event: Any, **more: Any) -> Outcome:
    """One invocation."""
    return invoker(folder).invoke("work", event, **more)


def test_the_code_finds_the_artefact_and_python_alone(tmp_path: Path) -> None:
    """The artefact is first on the path, and nothing on it is of this checkout or of any site-packages."""
    with hosted(tmp_path, CODE):
        path = ask(tmp_path, "path").result
        assert path[0] == str(tmp_path / "code")
        assert not [each for each in path if "site-packages" in each or each == str(Path(__file__).parents[4])]
        assert ask(tmp_path, "loaded").result == []


def test_the_context_says_what_lambda_says(tmp_path: Path) -> None:
    """Name, request id, remaining time, memory and ARN are the invocation's."""
    with hosted(tmp_path, CODE):
        told = ask(tmp_path, "context", request_id="the-id").result
        assert told == ["ccc-dev-work", "the-id", 29, "128", "ccc-dev-work"]


def test_an_exception_is_told_and_the_environment_lives_on(tmp_path: Path) -> None:
    """What the function raises is the outcome's error, in Lambda's shape; the same process serves the next one."""
    with hosted(tmp_path, CODE, at_once=1):
        before = ask(tmp_path, "pid").result
        error = ask(tmp_path, "raise").error
        assert error is not None
        assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'gone'")
        assert 'raise KeyError("gone")' in error["stackTrace"][-1]
        assert ask(tmp_path, "pid").result == before


@pytest.mark.parametrize(
    ("event", "timeout", "kind", "why"),
    [
        ("die", 60, "Runtime.ExitError", "RequestId: r Error: Runtime exited with error: signal: killed"),
        ("exit", 60, "Runtime.ExitError", "RequestId: r Error: Runtime exited with error: exit status 3"),
        ({"sleep": 90}, 3, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 3.00 seconds"),
        (
            "object",
            60,
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type object is not JSON serializable",
        ),
    ],
    ids=["killed", "exited", "late", "no JSON"],
)
def test_an_invocation_that_cannot_end_fails(tmp_path: Path, event: Any, timeout: float, kind: str, why: str) -> None:
    """A death, an exit, the end of the time and an answer that is no JSON fail that invocation and no other."""
    with hosted(tmp_path, CODE, timeout=timeout):
        error = ask(tmp_path, event, request_id="r").error
        assert error is not None
        assert (error["errorType"], error["errorMessage"]) == (kind, why)
        assert ask(tmp_path, "pid").error is None


def test_as_many_work_at_once_as_may(tmp_path: Path) -> None:
    """Four invocations of a function that may run twice at once are served by two processes, and all are served."""
    with hosted(tmp_path, CODE, at_once=2):
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.append(ask(tmp_path, {"sleep": 0.6}).result)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(found)) == 2


def test_the_hosts_death_fails_what_goes_on_and_takes_all_along(tmp_path: Path) -> None:
    """SIGKILL to the host: the invocation fails, its environment dies too, nobody is reached until the next life."""
    with hosted(tmp_path, CODE) as process:
        environment = ask(tmp_path, "pid").result
        outcomes: list[Outcome] = []
        begun = tmp_path / "begun"
        event = {"sleep": 90, "begun": str(begun)}
        thread = threading.Thread(target=lambda: outcomes.append(ask(tmp_path, event)))
        thread.start()
        assert until(begun.exists)
        process.send_signal(signal.SIGKILL)
        thread.join(60)
        assert outcomes[0].error is not None
        assert outcomes[0].error["errorType"] == "Runtime.ExitError"
        assert until(lambda: not _lives(environment))
        with pytest.raises(NotReached):
            ask(tmp_path, "pid")
    with hosted(tmp_path, CODE):
        assert ask(tmp_path, "pid").error is None


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("kind", "status"), [("ConfigError", 2), ("OSError", None)])
def test_a_function_that_cannot_be_loaded(tmp_path: Path, kind: str, status: int | None) -> None:
    """Wrong settings end the host for good (status 2); whatever else may go away fails the invocation alone."""
    named = f"class {kind}(Exception): pass\n" if kind == "ConfigError" else ""
    with hosted(tmp_path, f"{named}raise {kind}('the reason')\n") as process:
        error = ask(tmp_path, "pid").error
        assert error is not None
        assert error["errorType"] == "Runtime.ExitError"
        assert process.stdout is not None
        if status is not None:
            assert process.wait(60) == status
        else:
            assert ask(tmp_path, "pid").error is not None
            assert process.poll() is None
            process.kill()
        assert b"the reason" in process.stdout.read()


def test_calls_of_aws_are_recorded(tmp_path: Path) -> None:
    """What the code asks AWS for is written down by IAM's names, once per environment, although no AWS is there."""
    (tmp_path / "code").mkdir()
    package = tmp_path / "code" / "botocore"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "session.py").write_text(_SESSION)
    code = "import botocore.session\ndef work(event, context):\n    botocore.session.Session().call()\n"
    with hosted(tmp_path, code):
        for _ in range(2):
            assert ask(tmp_path, None).error is None
    lines = [json.loads(line) for line in (tmp_path / "recorded.jsonl").read_text().splitlines()]
    assert lines == [{"function": "ccc-dev-work", "action": "ssm:GetParametersByPath"}]


_SESSION = """
from types import SimpleNamespace as N
class Session:
    def __init__(self): self.heard = []
    def register(self, name, heard): self.heard.append((name, heard))
    def call(self):
        model = N(name="GetParametersByPath", service_model=N(signing_name="ssm"))
        for name, heard in self.heard:
            assert name == "provide-client-params"
            heard(params={"Path": "/"}, model=model, context={})
"""
