"""What holds after a reboot: the end that was learnt is on the disk, and the machine's own clock counts by then."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.box.machine import SCRIPT, Machine
from tests.unit.box.service import NOON, Service, written

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OFF = ["systemctl poweroff"]
_READER = Path(SCRIPT).parents[1] / "modules" / "record.sh"
NOBODY_THERE = "http://127.0.0.1:1"


def rebooted(machine: Machine, service: Service, *, left: timedelta, later: timedelta) -> None:
    """Let the machine learn an end at noon, and be up again so much later; its clock has gone on."""
    service.tells(left)
    assert machine.run("refresh").code == 0
    machine.reboot()
    machine.now = int((NOON + later).timestamp())


def test_the_end_is_kept_on_the_disk(machine: Machine, service: Service) -> None:
    """As it was told, for everybody to read, whole: beside the record and no more than that."""
    end = service.tells(HOUR)
    assert machine.run("refresh", umask=0o077).code == 0
    assert machine.learnt_end.read_text() == f"{end}\n"
    assert machine.learnt_end.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in machine.folder.iterdir() if path.name.startswith(".")] == []


def test_the_disk_is_written_to_once_an_end(machine: Machine, service: Service) -> None:
    """A refresh each minute for a week is no reason to write ten thousand times."""
    service.tells(HOUR)
    machine.run("refresh")
    first = machine.learnt_end.stat().st_ino
    machine.run("refresh")
    assert machine.learnt_end.stat().st_ino == first
    end = service.tells(2 * HOUR)
    machine.run("extend", "1")
    assert machine.learnt_end.read_text() == f"{end}\n"


@pytest.mark.parametrize(
    ("later", "off"), [(2 * HOUR, []), (2 * HOUR + SECOND, OFF), (10_000 * HOUR, OFF)], ids=["not yet", "just", "long"]
)
def test_it_powers_off_after_a_reboot_with_the_service_gone(
    machine: Machine, service: Service, later: timedelta, off: list[str]
) -> None:
    """An hour after the end by the machine's own clock, with nothing in memory and nobody to ask."""
    rebooted(machine, service, left=HOUR, later=later)
    machine.keep_record(NOBODY_THERE)
    assert machine.run("refresh").code == 7
    assert machine.done("systemctl") == off


def test_it_does_so_where_the_service_only_makes_errors(machine: Machine, service: Service) -> None:
    """An error says nothing about the end."""
    rebooted(machine, service, left=HOUR, later=3 * HOUR)
    service.says(service.problem(500))
    assert machine.run("refresh").code == 7
    assert machine.done("systemctl") == OFF


@pytest.mark.parametrize("left", [MINUTE, None], ids=["a later end", "no end"])
def test_it_does_not_while_the_service_says_otherwise(
    machine: Machine, service: Service, left: timedelta | None
) -> None:
    """Whatever the disk and the clock say; what is told now is on the disk from now on, or nothing is."""
    rebooted(machine, service, left=HOUR, later=10_000 * HOUR)
    end = service.tells(left)
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == []
    assert machine.learnt_end.exists() == (end is not None)
    assert end is None or machine.learnt_end.read_text() == f"{end}\n"


@pytest.mark.parametrize(("uptime", "off"), [(20, []), (599, []), (600, OFF)])
def test_it_waits_ten_minutes_for_the_network(machine: Machine, service: Service, uptime: int, off: list[str]) -> None:
    """A machine that was off for long may have been given more time: it must have had the chance to hear of it."""
    rebooted(machine, service, left=HOUR, later=100 * HOUR)
    machine.keep_record(NOBODY_THERE)
    machine.uptime = uptime
    assert machine.run("refresh").code == 7
    assert machine.done("systemctl") == off


def test_the_time_left_is_told_from_the_disk(machine: Machine, service: Service) -> None:
    """A login before the first answer is told the end that was learnt before the boot."""
    rebooted(machine, service, left=HOUR, later=20 * MINUTE)
    assert "in 40 minutes, at 2030-01-31 13:00 UTC" in machine.run().out
    assert machine.run("tmux").out == "ends in 40m\n"


@pytest.mark.parametrize("text", ["", "soon\n", "2030-99-31T12:00:00Z\n", "$(systemctl poweroff)\n", "\0\n"])
def test_a_spoilt_file_is_no_end(machine: Machine, text: str) -> None:
    """What is no time on the disk is the same as none."""
    machine.learnt_end.write_text(text)
    machine.keep_record(NOBODY_THERE)
    machine.now = 999_999_999_999
    assert machine.run("refresh").code == 7
    assert machine.run().code == 1
    assert machine.done("systemctl") == []


def test_a_disk_that_is_full_is_told(machine: Machine, service: Service) -> None:
    """What was told counts and is kept in memory; that it will not outlive a reboot is said in one line."""
    end = service.tells(HOUR)
    machine.learnt_end.mkdir()
    machine.program("mv", '#!/bin/sh\n[ "${4##*/}" != learnt-end ] && exec /bin/mv "$@"\n')
    done = machine.run("refresh")
    assert done.code == 0
    assert done.err == f"ccc-box: the end cannot be kept for the next start, in {machine.learnt_end}.\n"
    assert machine.expires_at() == end
    assert [path.name for path in machine.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("learnt", "applied"),
    [
        ("2030-02-28T00:00:00Z\n", "2030-02-28T00:00:00Z\n"),
        (None, written(NOON) + "\n"),
        ("soon\n", written(NOON) + "\n"),
    ],
    ids=["learnt", "never asked", "spoilt"],
)
def test_the_start_prefers_what_was_learnt_to_the_record(machine: Machine, learnt: str | None, applied: str) -> None:
    """The record's end is older than what the service said before the reboot, and must not switch anything off."""
    machine.record.write_text(json.dumps({"instance_id": "0123456789ab", "expires_at": written(NOON)}))
    if learnt is not None:
        machine.learnt_end.write_text(learnt)
    root = machine.folder / "root"
    for folder in ("etc", "proc/sys/kernel", "run"):
        (root / folder).mkdir(parents=True)
    environment = {
        "PATH": str(machine.bin),
        "CLOUD_INSTANCE_RECORD": str(machine.record),
        "CLOUD_INSTANCE_ROOT": str(root),
    }
    subprocess.run([str(machine.bin / "bash"), str(_READER), "apply"], env=environment, check=True, timeout=240)
    assert (root / "run/ccc-box/expires_at").read_text() == applied


def test_a_record_of_ones_own_waits_for_no_network(machine: Machine) -> None:
    """Where there is no service there is nothing to wait for."""
    machine.record.write_text(json.dumps({"instance_id": "0123456789ab"}))
    machine.state.mkdir()
    (machine.state / "expires_at").write_text(written(NOON - 2 * HOUR) + "\n")
    machine.uptime = 20
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == OFF
