"""The parts of the real run, checked where nothing is bought: its permission, its script, its clean-up."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain import labels
from tests.e2e.permission import CAPS, refusal, settings
from tests.e2e.project import Project, stack_of
from tests.e2e.seed_script import seed_script
from tests.emulator_process import EmulatorProcess, emulator_process
from tests.stack.box import CHECKOUT, running
from tests.unit.ccc.command_line import fresh_private_key, fresh_public_key

ALLOWED = {"E2E_REAL": "1", "HCLOUD_TOKEN": "t"}
NAMES = ("E2E_REAL", "HCLOUD_TOKEN", "HCLOUD_ENDPOINT")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator without SSH whose servers are ready at once."""
    with emulator_process(tmp_path_factory.mktemp("emulator"), "--ssh", "off", "--latency", "0") as started:
        yield started


@pytest.fixture
def project(emulator: EmulatorProcess) -> Project:
    """A project of a test's own, looked at without a pause."""
    return Project(token=emulator.new_project(), endpoint=emulator.endpoint, pause=0.05, per_page=1)


def furnish(emulator: EmulatorProcess, project: Project, stack: str, *, servers: int) -> None:
    """Put so many servers of a stack into the project, and the stack's marker."""
    for _ in range(servers):
        instance_id = secrets.token_hex(6)
        wish = {
            "name": labels.server_name(instance_id),
            "server_type": "cpx22",
            "image": "ubuntu-24.04",
            "location": "nbg1",
            "labels": labels.server_labels(stack=stack, instance_id=instance_id),
        }
        emulator.request(project.token, "POST", "/servers", wish)
    marker = {"name": labels.marker_name(stack), "labels": labels.marker_labels(stack=stack, epoch=1)}
    emulator.request(project.token, "POST", "/ssh_keys", {**marker, "public_key": fresh_public_key()})


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"E2E_REAL": "1"},
        {"HCLOUD_TOKEN": "t"},
        {**ALLOWED, "E2E_REAL": "0"},
        {**ALLOWED, "HCLOUD_ENDPOINT": "http://127.0.0.1:1/v1"},
    ],
)
def test_nothing_is_bought_unasked(variables: dict[str, str]) -> None:
    """It takes a token, E2E_REAL=1 and no other endpoint."""
    assert refusal(variables)
    assert refusal(ALLOWED) is None


def test_the_caps_cannot_be_lifted() -> None:
    """Whatever the caller's environment says, the box may spend one euro on one machine."""
    given = settings({**ALLOWED, "CCC_MAX_LIVE": "50", "CCC_MAX_MONTHLY_EUR": "500", "CCC_KEXEC": "/k"})
    assert given == {"HCLOUD_TOKEN": "t", "CCC_KEXEC": "/k", **CAPS}
    assert (CAPS["CCC_MAX_MONTHLY_EUR"], CAPS["CCC_MAX_LIVE"]) == ("1", "1")


@pytest.mark.parametrize(("asked", "said"), [("tests/e2e", "test_parts.py"), ("tests/e2e/test_real.py", "1 skipped")])
def test_the_real_run_is_not_collected_by_a_run_of_everything(asked: str, said: str) -> None:
    """In a run of all tests it is not there; named by itself without permission it is skipped, with the reason."""
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}  # noqa: TID251 -- the child's PATH
    command = [sys.executable, "-m", "pytest", "-q", asked]
    command += ["--collect-only"] if asked == "tests/e2e" else []
    done = subprocess.run(command, cwd=CHECKOUT, env=kept, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert said in done.stdout
    assert ("E2E_REAL is not 1" in done.stdout) is (asked != "tests/e2e")
    assert "test_the_seed_script_on_a_real_machine" not in done.stdout


def test_everything_of_the_stack_is_removed_and_nothing_else(emulator: EmulatorProcess, project: Project) -> None:
    """Servers and marker of the stack go, also those on a second page; another stack's in the same project stay."""
    mine, other = "11111111-aaaa", "22222222-bbbb"
    furnish(emulator, project, mine, servers=2)
    furnish(emulator, project, other, servers=1)
    assert (len(project.left(mine)), len(project.servers(mine))) == (3, 2)
    project.remove(mine)
    assert project.left(mine) == []
    assert len(project.left(other)) == 2


def test_a_refusal_is_asked_again(emulator: EmulatorProcess, project: Project) -> None:
    """A locked server, an error page and a lost deletion hold the clean-up up, and do not end it."""
    furnish(emulator, project, "stack", servers=1)
    for fault in ("locked", "delete_lost"):
        emulator.fault(do=fault, method="DELETE", path="^/servers/")
    emulator.fault(do="html_502", method="GET", path="^/ssh_keys")
    project.remove("stack")
    assert project.left("stack") == []


def test_what_stays_is_named(emulator: EmulatorProcess, project: Project) -> None:
    """A server that cannot be deleted fails the run, named with the label to find it by; all else is removed."""
    furnish(emulator, project, "stack", servers=2)
    server, _ = project.servers("stack")
    emulator.fault(do="locked", method="DELETE", path=f"^{server.split()[0]}$", times=0)
    with pytest.raises(AssertionError, match=rf"ccc-stack=stack: .*{server.split()[1]}"):
        project.remove("stack", within=0.5)
    assert project.left("stack") == [server]


def test_the_script_passes_on_an_emulated_machine(tmp_path: Path) -> None:
    """What is typed at the real provider is typed here too, caps included, and leaves the marker alone behind."""
    key = fresh_private_key(tmp_path)
    with running(tmp_path / "var", **CAPS) as box:
        assert "Claude Code" in seed_script(box, key)
        given = box.variables()
        project = Project(token=given["HCLOUD_TOKEN"], endpoint=given["HCLOUD_ENDPOINT"], pause=0.05)
        stack = stack_of(box.home)
        assert stack is not None
        assert [line.split()[1] for line in project.left(stack)] == [labels.marker_name(stack)]
        project.remove(stack)


def test_a_box_that_never_started_has_no_stack(tmp_path: Path) -> None:
    """Where nothing was founded there is nothing to remove."""
    assert stack_of(tmp_path) is None
