"""One box as its user runs it: what `make up` starts, in a folder of its own, driven over HTTP, `bin/ccc` and ssh."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from mailbox import Maildir
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from onebox import marks
from tests.letters import ReadLetter, read

CHECKOUT = Path(__file__).resolve().parents[2]
READY_WITHIN = {"onebox": 240.0, "aws": 900.0}
"""Seconds by stack: in the cloud packaging is part of it."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _delivered(name: str) -> tuple[int, int]:
    """Second and microsecond of a maildir file's delivery, out of its name."""
    match = re.match(r"(\d+)\.M(\d+)", name)
    assert match is not None
    return int(match[1]), int(match[2])


STACK = os.environ.get("STACK", "onebox")  # noqa: TID251 -- which stack the tests are run on is said from outside
"""`aws` runs the same tests on the packaged functions."""

FOR_GUESTS = {
    "CCC_SIGNUP": "open",
    "CCC_MAX_LIVE": "50",
    "CCC_MAX_MONTHLY_EUR": "500",
    "CCC_MAX_CREATES_PER_HOUR": "200",
}
"""What one box composes for itself; the stage that is rehearsed is small and takes no guests."""


class Box:
    """A stack with state in `home`; `start` and `kill` may be called again and again."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port, self.emulator_port = free_port(), free_port()
        self.stack = settings.get("ONEBOX_STACK", STACK)
        self.settings = {**(FOR_GUESTS if self.stack == "aws" else {}), "ONEBOX_STACK": self.stack, **settings}
        self.lines: list[str] = []
        self._letters: dict[str, ReadLetter] = {}
        self._process: subprocess.Popen[str] | None = None

    def start(self, **once: str) -> None:
        """Start `python -m onebox`, what `make up` runs, and wait for its `ready`."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CCC_", "HCLOUD_", "AWS_"))}  # noqa: TID251 -- the caller's PATH and the like are the child's
        environment = {
            **kept,
            "CCC_HOME": str(self.home),
            "CCC_PORT": str(self.port),
            "CCC_EMULATOR_PORT": str(self.emulator_port),
            "CCC_EMULATOR_LATENCY": "0.002",
            "XDG_CONFIG_HOME": str(self.home.parent / "config"),
            "XDG_CACHE_HOME": str(self.home.parent / "cache"),
            **self.settings,
            **once,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "onebox"],
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self._process, ready), daemon=True).start()
        if not ready.wait(READY_WITHIN[self.stack]):
            raise AssertionError("never ready:\n" + "\n".join(self.lines[-60:]))

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready"):
                ready.set()
        process.stdout.close()

    def stop(self) -> int:
        """SIGTERM, as Ctrl-C does it; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(90)

    def kill(self) -> None:
        """SIGKILL to the supervisor; everything else must die with it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(90)

    @property
    def running(self) -> bool:
        """Whether the supervisor lives."""
        return self._process is not None and self._process.poll() is None

    def descendants(self) -> list[int]:
        """Every process of this stack, known by CCC_HOME or the state's path in its command line or environment."""
        mark, found = str(self.home).encode(), []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    seen = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                except OSError:
                    continue
                if mark in seen:
                    found.append(int(entry.name))
        return found

    def marked(self) -> dict[int, str]:
        """Every process of this stack by its id, with the name that its mark gives it (`gateway`, `codebuild/…`)."""
        wanted = f"{marks.VARIABLE}={marks.of_home(self.home)}".encode()
        found: dict[int, str] = {}
        for pid in marks.marked(marks.of_home(self.home)):
            try:
                told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:  # gone meanwhile
                continue
            name = next((one for one in told if one.startswith(wanted)), None)
            if name is not None:
                found[pid] = name.decode().rpartition("|")[2]
        return found

    def variables(self) -> dict[str, str]:
        """What `onebox.env` exports."""
        text = (self.home / "onebox.env").read_text()
        return dict(re.findall(r"^export (\w+)=[\"']?([^\"'\n]*)", text, re.MULTILINE))

    @property
    def prefix(self) -> str:
        """The path below which the service is, empty or `/like-this`."""
        return urlsplit(self.variables()["CCC_URL"]).path

    def processes(self) -> dict[str, int]:
        """The ids of the supervisor's processes by name; 0 for one between two lives."""
        _, state = self.patient(lambda: self.call("GET", "/onebox/state"))
        return {process["name"]: process["pid"] or 0 for process in state["processes"]}

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """One request as the operator; the status and the JSON answer."""
        given = self.variables()
        request = Request(  # noqa: S310 -- our own server on 127.0.0.1
            given["CCC_URL"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {given['CCC_TOKEN']}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        try:
            with urlopen(request, timeout=120) as answer:  # noqa: S310 -- same
                return int(answer.status), json.loads(answer.read() or b"null")
        except HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read() or b"null")

    def provision(self, public_key: str, *, hours: int = 1, key: str | None = None, **more: str) -> str:
        """Order an instance; its id. Asked again under the same key until somebody answers, as `ccc` does."""
        body = {"email": "test@example.com", "ssh_public_key": public_key, "hours": hours, **more}
        key = key or os.urandom(8).hex()
        status, answer = self.patient(lambda: self.call("POST", "/instances", body, Idempotency_Key=key))
        assert status == 202, answer
        return str(answer["id"])

    def patient(self, ask: Callable[[], tuple[int, Any]], seconds: float = 120) -> tuple[int, Any]:
        """Ask again while nobody answers (the gateway was killed) or something behind it is down."""
        end = time.monotonic() + seconds
        while True:
            try:
                status, answer = ask()
                if status < 500 or time.monotonic() > end:
                    return status, answer
            except (OSError, HTTPException):
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def show(self, instance_id: str) -> dict[str, Any]:
        """The instance object."""
        status, answer = self.patient(lambda: self.call("GET", f"/instances/{instance_id}"))
        assert status == 200, answer
        return dict(answer)

    def until(self, instance_id: str, *statuses: str, seconds: float = 240) -> dict[str, Any]:
        """Wait until the instance has one of these statuses."""
        end = time.monotonic() + seconds
        while True:
            seen = self.show(instance_id)
            if seen["status"] in statuses:
                return seen
            if time.monotonic() > end:
                tail = "\n".join([line for line in self.lines if "http.answered" not in line][-40:])
                raise AssertionError(f"{seen['status']} and not {statuses}: {seen}\n{tail}")
            time.sleep(0.05)

    def advance_clock(self, amount: str) -> None:
        """Move the shared clock."""
        status, answer = self.patient(lambda: self.call("POST", "/onebox/clock", {"advance": amount}))
        assert status == 200, answer

    def servers(self) -> list[dict[str, Any]]:
        """The servers at the emulated provider."""
        return list(self.provider("GET", "/servers")["servers"])

    def provider(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request to the emulated provider, with the stack's own token."""
        given = self.variables()
        request = Request(  # noqa: S310 -- our own emulator on 127.0.0.1
            given["HCLOUD_ENDPOINT"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {given['HCLOUD_TOKEN']}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=90) as answer:  # noqa: S310 -- same
            return dict(json.loads(answer.read() or b"{}"))

    def fault(self, **fault: Any) -> None:
        """Order a fault at the emulated provider."""
        request = Request(
            f"http://127.0.0.1:{self.emulator_port}/_emulator/faults",
            method="POST",
            data=json.dumps(fault).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=90) as answer:  # noqa: S310 -- same
            assert answer.status < 300

    def header(self, url: str, name: str) -> str:
        """One header of an answer, whatever its status."""
        try:
            with urlopen(url, timeout=90) as answer:  # noqa: S310 -- our own servers on 127.0.0.1
                return str(answer.headers[name])
        except HTTPError as refused:
            with refused:
                return str(refused.headers[name])

    def bill(self) -> list[dict[str, Any]]:
        """What the emulated provider bills, server by server."""
        answer = urlopen(f"http://127.0.0.1:{self.emulator_port}/_emulator/bill", timeout=90)
        with answer:
            return [
                server for project in json.loads(answer.read())["projects"].values() for server in project["servers"]
            ]

    def letters(self) -> list[ReadLetter]:
        """Every mail in the maildir, oldest first."""
        if not (self.home / "mail" / "cur").exists():
            return []  # nobody has delivered yet, or somebody is just making the folders
        kept = Maildir(self.home / "mail", create=False)
        keys = sorted(kept.keys(), key=_delivered)
        for key in keys:
            if key not in self._letters:  # a mail in a maildir never changes, and there may be hundreds
                self._letters[key] = read(kept.get_bytes(key))
        return [self._letters[key] for key in keys]

    def mails(self) -> list[tuple[str, str]]:
        """Subject and plain text of every mail, oldest first."""
        return [(letter.subject, letter.text) for letter in self.letters()]

    def ccc(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """`bin/ccc` as typed, with this box's context."""
        environment = {
            **os.environ,  # noqa: TID251 -- the caller's PATH is the child's
            "XDG_CONFIG_HOME": str(self.home.parent / "config"),
            "XDG_CACHE_HOME": str(self.home.parent / "cache"),
        }
        return subprocess.run(
            [str(CHECKOUT / "bin" / "ccc"), *arguments],
            env=environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Box]:
    """A started box that is gone at the end, whatever happened."""
    box = Box(home, **settings)
    try:
        box.start()
        yield box
    finally:
        if box.running:
            box.stop()
