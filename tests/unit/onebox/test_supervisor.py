"""A whole life of a stack, with stand-ins for its programs: ready, kept alive, and gone without a trace."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccc.contexts import save_context
from onebox import marks
from onebox.gateway.supervisor_line import SupervisorLine
from tests.standstill import standstill
from tests.unit.onebox.until import until

SCRIPT = Path(__file__).with_name("stand_in_stack.py")
CHECKOUT = SCRIPT.parents[3]


class _Stack:
    """A running stack and what it said so far."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home = folder / "home"
        self.config = folder / "config"
        self.output = folder / "output"
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(CHECKOUT),
            "XDG_CONFIG_HOME": str(self.config),
            "CCC_PORT": "18999",
            **variables,
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(self.home)], env=environment, stdout=output, stderr=output
            )

    def said(self) -> list[str]:
        return self.output.read_text().splitlines()

    def is_ready(self) -> bool:
        return any(line.startswith("ready ") for line in self.said())

    def given(self) -> list[str]:
        return [line.removeprefix("gateway  | given ") for line in self.said() if "| given " in line]

    def living(self) -> list[int]:
        return marks.marked(marks.of_home(self.home))

    def child(self, name: str) -> int:
        (pid,) = marks.marked(marks.mark(self.home, "life", name))
        return pid


@pytest.fixture
def stack(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[_Stack]:
    """A stack that is ready; afterwards nothing of it lives, whatever the test did."""
    with _running(tmp_path, **getattr(request, "param", {})) as running:
        yield running


@contextmanager
def _running(folder: Path, **variables: str) -> Iterator[_Stack]:
    running = _Stack(folder, **variables)
    try:
        assert until(running.is_ready), running.said()
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert until(lambda: not running.living())


def test_ready_comes_last_and_alone(stack: _Stack) -> None:
    """When the line is there, the shell's file is complete and private and the CLI knows the stack."""
    (line,) = [line for line in stack.said() if line.startswith("ready")]
    assert "http://localhost:1" in line
    assert "emulator" in line
    assert line.endswith(f"(for scripts: . {stack.home}/onebox.env)")
    assert "onebox   | the CLI's current context is onebox-18999: bin/ccc talks to this box" in stack.said()
    file = stack.home / "onebox.env"
    assert file.stat().st_mode & 0o777 == 0o600
    exports = dict(shlex.split(line)[1].split("=", 1) for line in file.read_text().splitlines())
    assert set(exports) == {"CCC_URL", "CCC_TOKEN", "HCLOUD_ENDPOINT", "HCLOUD_TOKEN"}
    assert exports["HCLOUD_ENDPOINT"].endswith("/v1")
    contexts = json.loads((stack.config / "ccc" / "config.json").read_text())
    assert contexts["current"] == "onebox-18999"
    assert contexts["contexts"]["onebox-18999"] == {"url": "http://localhost:1", "token": exports["CCC_TOKEN"]}


def test_the_gateway_gets_the_emulators_ssh_port(stack: _Stack) -> None:
    """It is started after the emulator has said where machines answer, and frees the leases of the dead."""
    assert stack.given() == ["2222 None 1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_on_request_leaves_nothing(stack: _Stack, number: signal.Signals) -> None:
    """Also a child that is deaf to SIGTERM and a grandchild in a session of its own are gone within two seconds."""
    assert until(lambda: len(stack.living()) >= 5)
    began = time.monotonic()
    with standstill() as machine:
        stack.process.send_signal(number)
        assert stack.process.wait(60) == 0
    assert time.monotonic() - began < 2.5 + 5 * machine.seconds
    assert stack.living() == []


def test_an_end_on_request_says_where_the_state_is(stack: _Stack) -> None:
    """The last line tells how to go on."""
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(60) == 0
    assert stack.said()[-1] == f"onebox   | stopped; state is kept in {stack.home}, start again with make up"


def test_the_gateways_lines_are_kept_and_the_rare_ones_shown(stack: _Stack) -> None:
    """A usual answer is in the file alone, an event is short at the terminal, and other lines are as they were."""
    kept = (stack.home / "log" / "gateway.log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in kept if line.startswith("{")] == ["http.answered", "instance.raised"]
    assert any(line.startswith("given ") for line in kept)
    assert "gateway  | 04:27:17 instance.raised instance_id=0123456789ab" in stack.said()
    assert not any("http.answered" in line for line in stack.said())


def test_another_current_context_is_said_before_ready(tmp_path: Path) -> None:
    """Whoever has a context of their own is told how to reach this box."""
    (tmp_path / "config").mkdir()
    save_context("mine", "https://example.com", "made-up", path=tmp_path / "config" / "ccc" / "config.json")
    with _running(tmp_path) as stack:
        said = stack.said()
    told = "onebox   | the CLI's current context is mine; for this box: bin/ccc context use onebox-18999"
    assert said.index(told) < next(at for at, line in enumerate(said) if line.startswith("ready "))


def test_a_current_context_of_a_box_that_was_ended_is_called_so(tmp_path: Path) -> None:
    """Another box of this machine that does not listen any more stays current, and it is said that nothing answers."""
    (tmp_path / "config").mkdir()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        save_context("onebox-1", url, "made-up", path=tmp_path / "config" / "ccc" / "config.json")
        with _running(tmp_path) as stack:
            said = stack.said()
    told = "the CLI's current context is onebox-1, where nothing answers now; for this box: bin/ccc context use"
    assert any(told in line for line in said)


def test_sudden_death_leaves_nothing(stack: _Stack) -> None:
    """After SIGKILL of the supervisor everything else goes by itself."""
    assert until(lambda: len(stack.living()) >= 5)
    stack.process.kill()
    assert until(lambda: not stack.living())


@pytest.mark.parametrize("stack", [{"ONEBOX_KILL_AFTER": "A.b:1,Builder.claim:1,C.d:2"}], indirect=True)
def test_the_next_failpoint_of_a_list_is_the_next_life_s(stack: _Stack) -> None:
    """Failpoints with commas between them are given out one a life, to whom they name."""
    os.kill(stack.child("gateway"), signal.SIGKILL)
    assert until(lambda: len(stack.given()) == 2)
    os.kill(stack.child("gateway"), signal.SIGKILL)
    assert until(lambda: len(stack.given()) == 3)
    assert stack.given() == ["2222 A.b:1 1", "2222 C.d:2 1", "2222 None 1"]


@pytest.mark.parametrize("stack", [{"ONEBOX_KILL_AFTER": "Servers.create:1"}], indirect=True)
def test_a_gateway_that_dies_lives_again_without_its_failpoint(stack: _Stack) -> None:
    """Its death is said, `ready` is not said again, and the failpoint was for the first life only."""
    os.kill(stack.child("gateway"), signal.SIGKILL)
    assert until(lambda: len(stack.given()) == 2)
    assert stack.given() == ["2222 Servers.create:1 1", "2222 None 1"]
    assert "onebox   | gateway was ended by SIGKILL" in stack.said()
    assert sum(line.startswith("ready") for line in stack.said()) == 1


def test_an_emulator_that_dies_lives_again(stack: _Stack) -> None:
    """The gateway stays as it is meanwhile."""
    gateway = stack.child("gateway")
    os.kill(stack.child("emulator"), signal.SIGKILL)
    assert until(lambda: sum("listening on" in line for line in stack.said()) == 2)
    assert stack.child("gateway") == gateway


def test_a_builder_that_dies_is_told_to_who_asks(stack: _Stack) -> None:
    """The gateway learns of it at its next question."""
    line = SupervisorLine(path=stack.home / "run" / "supervisor.sock")
    assert line.ask("ended") == {"ended": []}
    for pid in marks.marked(marks.mark(stack.home, "life", "0123456789ab-1")):
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: line.ask("ended") == {"ended": ["0123456789ab"]})


def test_a_warden_that_dies_is_replaced(stack: _Stack) -> None:
    """The tree stays guarded."""
    first = stack.child("warden")
    os.kill(first, signal.SIGKILL)
    assert until(lambda: marks.marked(marks.mark(stack.home, "life", "warden")) not in ([], [first]))


def _refusal(folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "onebox"],
        env={"PATH": "/usr/bin:/bin", "CCC_HOME": str(folder), **variables},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("name", ["CCC_PORT", "CCC_EMULATOR_PORT"])
def test_a_busy_port_is_named_by_its_variable(tmp_path: Path, name: str) -> None:
    """The sentence says which port is in use, and which variable to set."""
    with socket.socket() as busy, socket.socket() as free:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        free.bind(("127.0.0.1", 0))
        other = "CCC_EMULATOR_PORT" if name == "CCC_PORT" else "CCC_PORT"
        taken, port = busy.getsockname()[1], free.getsockname()[1]
        free.close()
        said = _refusal(tmp_path / "home", **{name: str(taken), other: str(port)})
    assert said == f"Port {taken} is in use: set {name} to a free one.\n"


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """A second start says who has the folder and what to do."""
    (tmp_path / "lock").write_text("")
    with subprocess.Popen(["flock", str(tmp_path / "lock"), "sh", "-c", "echo; cat"], stdin=-1, stdout=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        assert "is in use by another process: stop it, or set CCC_HOME" in _refusal(tmp_path)
        holder.stdin.close()


def test_a_real_token_without_nix_is_refused(tmp_path: Path) -> None:
    """Nothing is started, nothing is bought."""
    said = _refusal(tmp_path / "home", HCLOUD_TOKEN="made-up", PATH=str(tmp_path))
    assert "see https://nixos.org/download" in said
    assert "made-up" not in said
    assert not (tmp_path / "home").exists()
