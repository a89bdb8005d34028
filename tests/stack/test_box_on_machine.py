"""ccc-box on a machine of one box: the guest's login, the end by the real API, more time, and the last hour."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from tests.stack.box import CHECKOUT, Box, running
from tests.stack.conftest import GuestKey
from tests.stack.guest import until
from tests.unit.hetzner_emulator.without_bubblewrap import clear_shelter, path_without_bubblewrap

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("jq") is None, reason="ccc-box needs curl and jq"
)
LINE = re.compile(
    r"This machine ends in (?P<left>.+), at (?P<day>\S+) (?P<time>\S+) UTC, and everything on it is deleted"
)


class Guest:
    """Somebody who has a running machine, and an ssh that knows its host key."""

    def __init__(self, box: Box, key: GuestKey, *, hours: int = 2) -> None:
        self.box, self.key = box, key
        self.id = box.provision(key.public, hours=hours)
        seen = box.until(self.id, "running", "failed")
        assert seen["status"] == "running", seen["failure"]
        known_hosts = box.home.parent / f"known_hosts_{self.id}"
        known_hosts.write_text(seen["host_key"]["known_hosts"] + "\n")
        options = [f'UserKnownHostsFile="{known_hosts}"', "GlobalKnownHostsFile=/dev/null", "BatchMode=yes"]
        self._words = [*seen["ssh_command"].split(), "-F", "none", "-i", str(key.path)]
        self._words += [word for option in options for word in ("-o", option)]

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the machine."""
        return subprocess.run(
            [*self._words, command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240, check=False
        )

    @contextmanager
    def terminal(self) -> Iterator[Terminal]:
        """A login shell on a terminal, as typed."""
        master, slave = pty.openpty()
        with subprocess.Popen([*self._words, "-tt"], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL) as shell:
            os.close(slave)
            try:
                yield Terminal(master)
            finally:
                shell.kill()
        os.close(master)

    def end(self) -> datetime:
        """The end as the API tells it."""
        return datetime.fromisoformat(self.box.show(self.id)["expires_at"])


class Terminal:
    """What a person sees and types."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.seen = ""
        os.set_blocking(master, False)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, text.encode() + b"\n")

    def until(self, pattern: str, seconds: float = 90) -> re.Match[str]:
        """Read on until something is there."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self.seen)) is None:
            assert time.monotonic() < end, self.seen
            try:
                self.seen += os.read(self._master, 65536).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)
        return found


def shown_end(text: str) -> str:
    """The end in a line of ccc-box, as day and time."""
    found = LINE.search(text)
    assert found is not None, text
    return f"{found['day']} {found['time']}"


def shown(moment: datetime) -> str:
    """A moment as ccc-box shows it."""
    return moment.strftime("%Y-%m-%d %H:%M")


@pytest.fixture(scope="module")
def guest(box: Box, guest_key: GuestKey) -> Guest:
    """A guest on a box where machines may not extend themselves."""
    return Guest(box, guest_key)


def test_the_login_tells_the_time_left(guest: Guest) -> None:
    """The first thing a person sees on the machine is when it ends."""
    with guest.terminal() as terminal:
        found = terminal.until(LINE.pattern)
        assert f"{found['day']} {found['time']}" == shown(guest.end())
        assert re.fullmatch(r"\d hours? \d+ minutes?", found["left"])
        terminal.type("echo still $((40 + 2))")
        terminal.until("still 42")


def test_a_command_over_ssh_is_not_disturbed(guest: Guest) -> None:
    """What is no terminal gets no greeting: output is the command's alone."""
    done = guest.ssh("echo one")
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\n", "")


def test_it_is_the_same_script_and_the_same_record(guest: Guest) -> None:
    """The emulated machine runs the script that is built into real ones, and reads what the builder wrote."""
    root = guest.ssh('echo "$EMULATED_ROOT"').stdout.strip()
    script = guest.ssh(f"cat '{root}/opt/system/lib/ccc-box.sh'").stdout
    assert script == (CHECKOUT / "nix" / "box" / "ccc-box.sh").read_text()
    record = json.loads(guest.ssh(f"cat '{root}/var/lib/cloud-instance/instance.json'").stdout)
    assert record["instance_id"] == guest.id
    assert record["api_url"] == guest.box.variables()["CCC_URL"]
    assert record["box_token"].startswith("ccc_box_")


def test_refresh_is_roots(guest: Guest) -> None:
    """The guest cannot write what all shells read."""
    if guest.ssh("pwd").stdout != "/home/claude\n":
        pytest.skip("without a sandbox the guest is the user who runs the jobs")
    done = guest.ssh("ccc-box refresh")
    assert (done.returncode, done.stderr) == (4, "ccc-box: only root may do this: sudo ccc-box refresh\n")


def test_an_end_moved_by_the_owner_is_seen(guest: Guest) -> None:
    """After an extension by its owner the machine tells the new end, a minute later."""
    old = guest.end()
    assert shown_end(guest.ssh("ccc-box").stdout) == shown(old)
    assert guest.box.ccc("extend", guest.id, "3").returncode == 0
    guest.box.advance_clock("61s")
    assert guest.end() == old + timedelta(hours=3)
    until(lambda: shown_end(guest.ssh("ccc-box").stdout) == shown(guest.end()), "the machine tells the old end")


def test_the_end_is_on_the_machines_disk(guest: Guest) -> None:
    """What was told is kept beside the record, where a reboot does not take it away, and only the jobs write there."""
    kept = '"$EMULATED_ROOT/var/lib/cloud-instance/learnt-end"'
    assert guest.ssh(f"cat {kept}").stdout == guest.end().strftime("%Y-%m-%dT%H:%M:%SZ\n")
    if guest.ssh("pwd").stdout == "/home/claude\n":
        assert guest.ssh(f"echo > {kept}").returncode != 0


def test_the_machine_may_not_extend_itself_by_default(guest: Guest) -> None:
    """The refusal says what to do instead, and the end stays."""
    end = guest.end()
    done = guest.ssh("ccc-box extend 1")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "ccc-box: The operator does not let machines extend themselves. Use the link in your mail.\n"
    )
    assert guest.end() == end


def test_status_line_and_tmux_know_it_too(guest: Guest) -> None:
    """Claude Code's status line and tmux show the same time in a few characters."""
    assert re.fullmatch(r"ends in \d+h\d\dm\n", guest.ssh("ccc-box tmux").stdout)
    given = json.dumps({"model": {"display_name": "Opus"}, "workspace": {"current_dir": "/home/claude/work"}})
    line = guest.ssh(f"echo '{given}' | ccc-box status-line").stdout
    assert re.fullmatch(r"Opus · work · ends in \d+h\d\dm\n", line)


def test_a_person_on_the_machine_is_warned(guest: Guest) -> None:
    """An hour before the end the terminal says so, once, while it is being used."""
    with guest.terminal() as terminal:
        terminal.until(LINE.pattern)
        left = int(guest.box.show(guest.id)["seconds_left"])
        guest.box.advance_clock(f"{left - 59 * 60}s")
        terminal.until(r"Broadcast message from root@cc-\w+:")
        terminal.until(r"This machine ends in 5\d minutes")
        terminal.until("Push your work now")
        guest.box.advance_clock("61s")
        terminal.type("sleep 1.5; echo waited $((40 + 2))")
        terminal.until("waited 42")
        assert terminal.seen.count("Broadcast message") == 1


def test_where_it_is_allowed_the_machine_extends_itself(
    tmp_path_factory: pytest.TempPathFactory, guest_key: GuestKey
) -> None:
    """`ccc-box extend` moves the end that everybody sees, up to the cap, which it tells."""
    allowed = {"CCC_BOX_EXTEND": "true", "CCC_MAX_LIFE_HOURS": "6", "CCC_MAX_HOURS": "5", "CCC_DEFAULT_HOURS": "1"}
    with running(tmp_path_factory.mktemp("extending") / "var", **allowed) as box:
        guest = Guest(box, guest_key, hours=1)
        assert "More time: ccc-box extend HOURS" in guest.ssh("ccc-box").stdout
        before = guest.end()
        done = guest.ssh("ccc-box extend 2")
        assert done.returncode == 0, done.stderr
        after = guest.end()
        assert (after - before).total_seconds() == 2 * 3600
        assert f"at {shown(after)} UTC. 2 more hours can be added." in done.stdout
        refused = guest.ssh("ccc-box extend 3")
        assert (refused.returncode, refused.stdout) == (5, "")
        assert "2 more can be added" in refused.stderr
        assert guest.ssh("ccc-box extend 99").returncode == 5
        assert guest.end() == after


def test_without_a_sandbox_the_login_is_the_same(tmp_path_factory: pytest.TempPathFactory, guest_key: GuestKey) -> None:
    """Where there is no bubblewrap, a person sees the same line and the same commands, in a plain shell."""
    folder = tmp_path_factory.mktemp("plain")
    with running(folder / "var", PATH=path_without_bubblewrap(folder / "bin")) as box:
        guest = Guest(box, guest_key)
        assert guest.ssh("pwd").stdout != "/home/claude\n"
        with guest.terminal() as terminal:
            found = terminal.until(LINE.pattern)
            assert f"{found['day']} {found['time']}" == shown(guest.end())
            terminal.type("claude --version; ccc-box tmux")
            terminal.until(r"emulated\s+ends in \d+h\d\dm")
        assert guest.ssh("ccc-box extend 1").returncode == 4
    clear_shelter(folder / "var" / "emulator")


def test_a_machine_that_nobody_deleted_powers_itself_off(box: Box, guest_key: GuestKey) -> None:
    """More than an hour after an end that was not acted upon, the machine's own refresh switches it off."""
    guest = Guest(box, guest_key, hours=1)
    box.fault(do="error", method="DELETE", path="/servers/.*", status=503, code="unavailable", message="no", times=0)
    box.advance_clock(f"{int(box.show(guest.id)['seconds_left']) + 59 * 60}s")
    over = guest.ssh("ccc-box")
    assert over.stdout.startswith("The time of this machine was over 59 minutes ago"), over
    box.advance_clock("3m")
    guest.ssh("true")
    end = time.monotonic() + 90
    while _status(box, guest.id) != "off":
        assert time.monotonic() < end
        time.sleep(0.05)


def _status(box: Box, instance_id: str) -> str:
    return next(str(server["status"]) for server in box.servers() if server["name"] == f"cc-{instance_id}")
