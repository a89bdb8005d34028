"""Answers and records that nobody should send: none of them is believed, carried out, or switches the machine off."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.box.machine import Machine
from tests.unit.box.service import Answer, Service, serving

HOUR = timedelta(hours=1)
NOBODY = 65534
HTML = b"<html><body>Please log in to the airport's network</body></html>"

NO_ANSWERS: dict[str, Answer] = {
    "a page": Answer(body=HTML, headers={"Content-Type": "text/html"}),
    "nothing": Answer(body=b""),
    "half of it": Answer(body=b'{"expires_at": "2030-01-'),
    "two of them": Answer(body=b'{"expires_at": null, "hours_left": 0} {"expires_at": null, "hours_left": 0}'),
    "a list": Answer(body=b"[]"),
    "null": Answer(body=b"null"),
    "no end": Answer(body=b'{"hours_left": 3}'),
    "a number": Service.honest(1893456000),
    "an object": Service.honest({"$date": 0}),
    "another form of time": Service.honest("31.01.2030 12:00"),
    "a zone": Service.honest("2030-01-31T12:00:00+02:00"),
    "no such day": Service.honest("2030-02-31T12:00:00Z"),
    "a line behind it": Service.honest("2030-01-31T12:00:00Z\nx"),
    "a command": Service.honest("$(systemctl poweroff)"),
    "another command": Service.honest("`systemctl poweroff`; systemctl poweroff"),
    "an index": Service.honest("a[$(systemctl poweroff)]"),
    "bytes": Answer(body=bytes(range(256)) * 8),
    "nothing of HTTP": Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a cut connection": Answer(raw=b""),
    "a body that is cut": Answer(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"expires_at": null'),
    "gigabytes": Answer(body=b" " * 10_000_000 + b'{"expires_at": null, "hours_left": 0}'),
    "depth": Answer(body=b'{"expires_at":' * 3000),
    "a redirect": Answer(status=302, headers={"Location": "/elsewhere"}),
    "gone": Service.problem(410),
    "a failure": Service.problem(500),
    "a proxy's failure": Answer(status=502, body=HTML),
    "too much asked": Service.problem(429),
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_is_no_answer_is_an_error_and_no_more(machine: Machine, service: Service, answer: Answer) -> None:
    """One line, an exit code, and the end that was learnt stays; nothing is switched off, no redirect followed."""
    end = service.tells(5 * HOUR)
    assert machine.run("refresh").code == 0
    service.says(answer)
    done = machine.run("refresh")
    assert done.code in {5, 7}
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert done.err.startswith("ccc-box: ")
    assert "<html" not in done.err
    assert machine.expires_at() == end
    assert machine.done("systemctl") == []
    assert {asked.path for asked in service.asked} == {"/instances/0123456789ab/box"}


@pytest.mark.parametrize("status", [401, 404])
def test_a_machine_that_is_not_known_is_told_so(machine: Machine, service: Service, status: int) -> None:
    """The wrong token and the purged row: exit code 3, one line, and the machine stays on until its learnt end."""
    service.tells(HOUR)
    machine.run("refresh")
    service.says(service.problem(status))
    done = machine.run("refresh")
    assert (done.code, done.err) == (3, "ccc-box: the service does not know this machine, or not by this token.\n")
    assert machine.done("systemctl") == []
    machine.uptime += 2 * 3600 + 1
    assert machine.run("refresh").code == 3
    assert machine.done("systemctl") == ["systemctl poweroff"]


RECORDS: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "instance_id=0123456789ab",
    "half of it": '{"instance_id": "01234',
    "a list": "[]",
    "a text": '"api_url"',
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_is_none_is_an_error(machine: Machine, service: Service, record: str | bytes) -> None:
    """One line that names the file, exit code 1, nobody is asked."""
    machine.record.write_bytes(record if isinstance(record, bytes) else record.encode())
    for words in (["refresh"], ["extend", "1"]):
        done = machine.run(*words)
        assert (done.code, done.out) == (1, "")
        assert done.err == f"ccc-box: the record of this machine, {machine.record}, is not one.\n"
    assert service.asked == []


def test_a_missing_record_is_an_error(machine: Machine, service: Service) -> None:
    """A machine without a record says so, and what was learnt before stays."""
    end = service.tells(5 * HOUR)
    machine.run("refresh")
    machine.record.unlink()
    done = machine.run("refresh")
    assert (done.code, done.err) == (1, f"ccc-box: the record of this machine, {machine.record}, cannot be read.\n")
    assert machine.expires_at() == end


@pytest.mark.parametrize(
    "field",
    [
        {"api_url": "file:///etc/passwd"},
        {"api_url": "http://127.0.0.1/?x=1"},
        {"api_url": "http://127.0.0.1/ -o /tmp/x"},
        {"api_url": "http://127.0.0.1/\n"},
        {"api_url": "-K/etc/passwd"},
        {"api_url": "$(systemctl poweroff)"},
        {"api_url": None},
        {"instance_id": "../0123456789"},
        {"instance_id": "0123456789AB"},
        {"instance_id": 7},
        {"box_token": "ccc_manage_" + "A" * 43},
        {"box_token": "ccc_box_" + "A" * 42 + "\n"},
        {"box_token": "ccc_box_" + "A" * 43 + "\r\nX-More: 1"},
        {"box_token": None},
    ],
    ids=str,
)
def test_a_record_with_a_strange_value_is_not_used(machine: Machine, service: Service, field: dict[str, Any]) -> None:
    """Each value must have its shape from its first character to its last before curl is told any of it."""
    machine.keep_record(service.url, **field)
    done = machine.run("refresh")
    assert (done.code, machine.curl_was_given()) == (1, "")
    assert "is not one" in done.err
    assert machine.done("systemctl") == []


@pytest.mark.skipif(shutil.which("jq") is None, reason="ccc-box needs jq, and the machine has it not")
def test_the_guest_gets_through_sudo_what_is_roots() -> None:
    """Who may not read the record asks again as root, with the same hours; `refresh` says what to type."""
    with serving() as service, _for_anybody() as folder:
        machine = Machine(folder / "machine")
        machine.keep_record(service.url)
        machine.record.chmod(0o000)
        machine.state.mkdir(mode=0o555)
        (machine.folder / "log").touch()
        (machine.folder / "log").chmod(0o666)
        guest: dict[str, Any] = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        machine.program("curl", "#!/bin/sh\nexit 1\n")
        assert machine.run("extend", "2", **guest).code == 0
        assert machine.done("sudo") == [f"sudo -n -- {_script()} extend 2"]
        done = machine.run("refresh", **guest)
        assert (done.code, done.err) == (4, "ccc-box: only root may do this: sudo ccc-box refresh\n")
        assert service.asked == []


def _script() -> Path:
    return Path(__file__).resolve().parents[3] / "nix" / "box" / "ccc-box.sh"


@contextmanager
def _for_anybody() -> Iterator[Path]:
    """A folder that another user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        subprocess.run(["chmod", "-R", "u+rwX", name], check=True)


@pytest.mark.parametrize("tool", ["curl", "flock", "jq"])
def test_a_missing_tool_is_named(machine: Machine, tool: str) -> None:
    """A machine without one of the tools says which, instead of blaming the record or the network."""
    (machine.bin / tool).unlink()
    for words in (["refresh"], ["extend", "1"]):
        done = machine.run(*words)
        assert (done.code, done.err) == (1, f"ccc-box: {tool} is needed for this and is not on PATH.\n")


def test_a_record_of_ones_own_has_nobody_to_ask_for_time(machine: Machine) -> None:
    """Without a service nothing can be extended, and that is said."""
    machine.record.write_text(json.dumps({"instance_id": "0123456789ab"}))
    done = machine.run("extend", "1")
    assert done.code == 1
    assert done.err == "ccc-box: no service keeps this machine: there is nobody to ask for more time.\n"
