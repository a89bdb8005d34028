"""How the process behaves: closed readers, full disks, interrupts, and what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.ccc.command_line import CHECKOUT, CTRL_C, finished, on_terminal, start
from tests.unit.ccc.service import RUNNING, Service, instance

ID = "0123456789ab"


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["list", "--output", "json"], ["completion", "bash"]])
def test_line_140_a_reader_that_went_away(environment: dict[str, str], service: Service, arguments: list[str]) -> None:
    """When nobody reads stdout any more, the command ends quietly."""
    service.add(instance(ID, **RUNNING))
    reading, writing = os.pipe()
    os.close(reading)
    process = start(environment, *arguments, stdout=writing)
    os.close(writing)
    done = finished(process)
    assert (done.code, done.err) == (0, "")


def test_line_140_a_closed_stdout(environment: dict[str, str], service: Service) -> None:
    """A command started without any stdout does not break."""
    service.add(instance(ID, **RUNNING))
    command = f'exec "{sys.executable}" -P -m ccc list >&-'
    chosen = {**environment, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(["/bin/sh", "-c", command], env=chosen, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk(environment: dict[str, str]) -> None:
    """When the answer cannot be written, that is an error in words."""
    with Path("/dev/full").open("w") as full:
        done = finished(start(environment, "completion", "bash", stdout=full.fileno()))
    assert done.code == 1
    assert done.err == "Error: No space left on device.\n"


def test_an_impatient_interrupt_ends_like_a_single_one(environment: dict[str, str], service: Service) -> None:
    """Who presses Ctrl-C again while the process ends gets the same exit code, and no traceback."""
    service.add(instance(ID))
    service.hold_seconds = 5
    process = start(environment, "wait", ID)
    assert process.stderr
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert any("Stopped waiting" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert (done.code, "Traceback" in done.err) == (130, False)


def test_an_interrupt_during_a_request(environment: dict[str, str], service: Service) -> None:
    """Ctrl-C while an answer is awaited is exit code 130 without a traceback."""
    service.add(instance(ID))
    service.hold_seconds = 5
    process = start(environment, "wait", ID)
    assert process.stderr
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert "Traceback" not in done.err


def test_a_live_display_is_undone_by_an_interrupt(environment: dict[str, str], service: Service) -> None:
    """After Ctrl-C on a terminal the cursor is visible again and the next command is said."""
    service.add(instance(ID))
    code, screen = on_terminal(environment, "wait", ID, answers=(("requested", CTRL_C),))
    assert code == 130
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")
    assert f"ccc status {ID} --watch" in screen


@pytest.mark.parametrize("arguments", [["--help"], ["provision", "--help"], ["context", "list"]])
def test_nothing_slow_is_imported_early(environment: dict[str, str], arguments: list[str]) -> None:
    """Help and local commands import neither rich nor urllib3."""
    code = (
        "import sys; from ccc.entry import run; "
        f"code = run({arguments!r}); sys.exit(code or bool({{'rich', 'urllib3'}} & sys.modules.keys()))"
    )
    chosen = {**environment, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=chosen, capture_output=True, check=False)
    assert done.returncode == 0


def test_a_half_made_installation(environment: dict[str, str]) -> None:
    """Without its libraries the program says what is missing and how to mend it."""
    chosen = {**environment, "PYTHONPATH": str(CHECKOUT)}
    alone = [sys.executable, "-S", "-P", "-m", "ccc", "list"]
    done = subprocess.run(alone, env=chosen, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: click is not installed beside ccc.\nNext: make .venv    (in the checkout)\n"


def test_the_service_is_not_imported() -> None:
    """No file of the command line imports anything of the service."""
    others = ("chalicelib", "builder", "onebox", "hetzner_emulator", "app")
    for path in (CHECKOUT / "ccc").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not [
            line
            for line in lines
            if line.strip().startswith(tuple(f"{w} {o}" for w in ("import", "from") for o in others))
        ]
