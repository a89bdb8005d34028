"""The parts of the real run, checked where nothing is bought: its permission, its script, its clean-up."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import labels
from tests.e2e.permission import CAPS, refusal, settings
from tests.e2e.project import Project, stack_of
from tests.e2e.run import run
from tests.e2e.seed_script import seed_script
from tests.e2e.spend import spend_refusal, worst_case
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


def test_without_a_token_the_run_is_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    """`make e2e-real` says so and is content, whatever else is set; with a token it wants to be asked twice."""
    assert run({"E2E_REAL": "1"}) == 0
    assert capsys.readouterr().out.startswith("skipped: ")
    assert run({"HCLOUD_TOKEN": "t"}) == 2
    assert "E2E_REAL is not 1" in capsys.readouterr().out


def test_the_worst_is_reckoned_by_todays_prices(project: Project) -> None:
    """Three machines for three hours, each with an address, at the dearest place: some cents, and allowed."""
    sold = project.call("GET", "/server_types?name=cpx11")["server_types"][0]["prices"]
    dearest = max(Decimal(each["price_hourly"]["gross"]) for each in sold)
    worst = worst_case(project)
    assert 9 * dearest < worst < 9 * dearest + Decimal("0.02")
    assert spend_refusal(project, {}) is None


@pytest.mark.parametrize(
    ("allowed", "said"), [("0.01", "may cost 0."), ("0", "may cost 0."), ("nan", "may cost"), ("much", "is no amount")]
)
def test_a_run_that_may_cost_more_is_refused(
    allowed: str, said: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What E2E_MAX_EUR does not cover is not begun, neither by make nor by the test itself."""
    variables = {**ALLOWED, "E2E_MAX_EUR": allowed}
    assert said in (spend_refusal(project, variables) or "")
    assert run(variables, project) == 2
    assert said in capsys.readouterr().out


def test_a_price_that_rose_stops_the_run(emulator: EmulatorProcess, project: Project) -> None:
    """The prices are the provider's at this moment, and one that does not tell them sells nothing."""
    dear = [{"location": "nbg1", "price_hourly": {"gross": "0.06"}}]
    emulator.fault(do="mutate", method="GET", path="^/server_types", patch={"server_types": [{"prices": dear}]})
    assert "may cost 0.5" in (spend_refusal(project, {}) or "")
    nothing: list[dict[str, Any]] = [{"server_types": []}, {"server_types": [{"prices": []}]}]
    for answer in nothing:
        emulator.fault(do="mutate", method="GET", path="^/server_types", patch=answer)
        assert "does not tell what a cpx11 costs" in (spend_refusal(project, {}) or "")
    away = replace(project, endpoint="http://127.0.0.1:9/v1")
    assert "does not tell what a cpx11 costs" in (spend_refusal(away, {}) or "")


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
        left = project.new_since(frozenset())
        assert [line.split()[1] for line in left] == [labels.marker_name(stack)]
        assert project.left(stack) == left
        project.remove(stack)
        assert project.new_since(frozenset()) == []


def test_what_is_new_is_found_without_labels(emulator: EmulatorProcess, project: Project) -> None:
    """A server's addresses are new with it and gone with it; what was there before, or is another's, is not new."""
    furnish(emulator, project, "older", servers=1)
    before = project.everything()
    assert project.new_since(before) == []
    furnish(emulator, project, "stack", servers=1)
    kinds = sorted(line.split("/")[1] for line in project.new_since(before))
    assert kinds == ["primary_ips", "primary_ips", "servers", "ssh_keys"]
    assert project.left_since(before, but=labels.marker_name("stack"), within=0.2) == [
        line for line in project.new_since(before) if not line.startswith("/ssh_keys/")
    ]
    project.remove("stack")
    assert project.left_since(before, within=0.2) == []


@pytest.mark.parametrize(
    "kind", ["volumes", "firewalls", "floating_ips", "networks", "load_balancers", "placement_groups", "images"]
)
def test_whatever_costs_money_is_looked_for(kind: str, emulator: EmulatorProcess, project: Project) -> None:
    """A thing that nobody labelled is seen, whatever kind it is of."""
    before = project.everything()
    emulator.fault(do="mutate", method="GET", path=f"^/{kind}", patch={kind: [{"id": 7, "name": "left"}]})
    assert project.new_since(before) == [f"/{kind}/7 left"]


def test_a_box_that_never_started_has_no_stack(tmp_path: Path) -> None:
    """Where nothing was founded there is nothing to remove."""
    assert stack_of(tmp_path) is None
