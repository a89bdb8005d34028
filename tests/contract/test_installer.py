"""What every `Installer` promises: a start is the same job for ever, slots are counted, and an end is told."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chalicelib.adapters.process_installer import ProcessInstaller
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import BuildStart, BuildState, Installer
from tests.contract import codebuild_house, fargate_house
from tests.fakes.installer import FakeInstaller

HOUSE = Path(__file__).with_name("builder_house.py")
CHECKOUT = HOUSE.parents[2]
ID = "0123456789ab"
SECRET = secrets.token_bytes(16)


def _start(instance_id: str = ID, attempt: int = 1) -> BuildStart:
    """The same claim code for the same attempt, as the service derives them."""
    claim = hashlib.sha256(SECRET + f"{instance_id}-{attempt}".encode()).hexdigest()[:32]
    return BuildStart(
        instance_id=instance_id, attempt=attempt, api_url="http://127.0.0.1:1", claim_code=f"ccc_claim_{claim}"
    )


@pytest.fixture(params=["fake", "process", "codebuild", "fargate"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[int], Installer]]:
    """A maker of installers by their number of slots, one kind after the other."""
    with ExitStack() as places:
        if request.param == "fake":
            yield FakeInstaller
        elif request.param == "process":
            yield from _process(tmp_path)
        elif request.param == "codebuild":
            yield lambda slots: places.enter_context(codebuild_house.house(tmp_path, slots))
        else:
            yield lambda slots: places.enter_context(fargate_house.house(fargate_house.Ecs(slots)))


def _process(tmp_path: Path) -> Iterator[Callable[[int], Installer]]:
    deep = tmp_path / ("d" * 90)  # longer than a unix socket's name may be
    deep.mkdir()
    command = [sys.executable, str(HOUSE), str(deep)]
    environment = {"PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as house:
        assert house.stdin is not None
        assert house.stdout is not None
        assert house.stdout.readline() == b"open\n"
        yield lambda slots: ProcessInstaller(deep / "supervisor.sock", slots)
        house.stdin.close()


def _becomes(installer: Installer, reference: str, wanted: BuildState) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if installer.state(ID, 1, reference) is wanted:
            return True
        time.sleep(0.01)
    return False


def test_a_job_is_started_once(make: Callable[[int], Installer]) -> None:
    """Starting an attempt again gives the same reference and takes no second slot."""
    installer = make(1)
    reference = installer.start(_start())
    assert installer.start(_start()) == reference
    assert _becomes(installer, reference, BuildState.RUNNING)


def test_a_job_that_was_never_started_is_unknown(make: Callable[[int], Installer]) -> None:
    """The platform says so when it never heard of an attempt."""
    assert make(1).state(ID, 1, "") is BuildState.UNKNOWN


def test_a_full_house_starts_nothing(make: Callable[[int], Installer]) -> None:
    """Beyond the slots a start is BuilderFull, and the attempt stays unknown."""
    installer = make(1)
    installer.start(_start())
    with pytest.raises(BuilderFull):
        installer.start(_start("ba9876543210"))
    assert installer.state("ba9876543210", 1, "") is BuildState.UNKNOWN


def test_a_job_that_is_stopped_says_so_and_frees_its_slot(make: Callable[[int], Installer]) -> None:
    """After a stop the state becomes STOPPED, stays so when started again, and another job finds room."""
    installer = make(1)
    reference = installer.start(_start())
    installer.stop(ID, 1, reference)
    assert _becomes(installer, reference, BuildState.STOPPED)
    assert installer.start(_start()) == reference
    assert installer.state(ID, 1, reference) is BuildState.STOPPED
    second = installer.start(_start(attempt=2))
    assert second != reference
    assert installer.state(ID, 2, second) in {BuildState.QUEUED, BuildState.RUNNING}


def test_stopping_what_never_ran_does_nothing(make: Callable[[int], Installer]) -> None:
    """A stop of an unknown attempt is no error, and leaves it unknown."""
    installer = make(1)
    installer.stop(ID, 7, "")
    assert installer.state(ID, 7, "") is BuildState.UNKNOWN


def test_stopping_twice_is_stopping_once(make: Callable[[int], Installer]) -> None:
    """A job that has ended may be stopped again; it stays ended."""
    installer = make(1)
    reference = installer.start(_start())
    installer.stop(ID, 1, reference)
    assert _becomes(installer, reference, BuildState.STOPPED)
    installer.stop(ID, 1, reference)
    assert installer.state(ID, 1, reference) is BuildState.STOPPED


def test_a_build_that_waits_is_queued(tmp_path: Path) -> None:
    """CodeBuild's queue is the state QUEUED, which takes a slot, and a stop ends it there."""
    with codebuild_house.house(tmp_path, slots=1, queued_seconds=60) as installer:
        reference = installer.start(_start())
        assert installer.state(ID, 1, reference) is BuildState.QUEUED
        with pytest.raises(BuilderFull):
            installer.start(_start("ba9876543210"))
        installer.stop(ID, 1, reference)
        assert _becomes(installer, reference, BuildState.STOPPED)


def test_nobody_listening_is_unknown(tmp_path: Path) -> None:
    """Without a supervisor, or with a dead one's socket, nothing is known: BuilderUnknown."""
    installer = ProcessInstaller(tmp_path / "supervisor.sock", 1)
    with pytest.raises(BuilderUnknown):
        installer.start(_start())
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "supervisor.sock"))
    with pytest.raises(BuilderUnknown):
        installer.state(ID, 1, "")


@pytest.mark.parametrize(
    "answer", [b"", b"not json\n", b"[]\n", b"{}\n", b'{"state": "purple"}\n', b'{"error": "ending"}\n']
)
def test_an_answer_that_is_none_is_unknown(answer: bytes, tmp_path: Path) -> None:
    """Whatever cannot be understood is BuilderUnknown, never a guess."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "supervisor.sock"))
        listening.listen()
        thread = threading.Thread(target=_answer_once, args=(listening, answer))
        thread.start()
        with pytest.raises(BuilderUnknown):
            ProcessInstaller(tmp_path / "supervisor.sock", 1).state(ID, 1, "")
        thread.join()


def test_a_builder_gets_what_it_needs_to_claim(tmp_path: Path) -> None:
    """The request carries URL, id, attempt and claim code under the names that the builder reads."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "supervisor.sock"))
        listening.listen()
        answer = b'{"reference": "r", "state": "running"}\n'
        thread = threading.Thread(target=lambda: heard.append(_answer_once(listening, answer)))
        thread.start()
        start = _start()
        assert ProcessInstaller(tmp_path / "supervisor.sock", 3).start(start) == "r"
        thread.join()
    request = json.loads(heard[0])
    assert request["slots"] == 3
    assert request["env"] == {
        "CCC_API_URL": start.api_url,
        "CCC_INSTANCE_ID": ID,
        "CCC_ATTEMPT": "1",
        "CCC_CLAIM_CODE": start.claim_code,
    }


def test_fake_fails_with_and_without_effect() -> None:
    """The fake can refuse a start, and can lose the reply of one that happened."""
    installer = FakeInstaller()
    installer.fail_next(BuilderUnknown("no"))
    with pytest.raises(BuilderUnknown):
        installer.start(_start())
    assert installer.started == []
    installer.start_then_fail(BuilderUnknown("lost"))
    with pytest.raises(BuilderUnknown):
        installer.start(_start())
    assert installer.state(ID, 1, "") is BuildState.RUNNING


def _answer_once(listening: socket.socket, answer: bytes) -> bytes:
    caller, _ = listening.accept()
    with caller, caller.makefile("rb") as lines:
        said = lines.readline()
        caller.sendall(answer)
    return said
