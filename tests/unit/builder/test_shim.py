"""The two shell programs: the ssh that pins, and the leash that lets nothing outlive the builder."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import IO

import pytest

from builder.child import LEASH, Child
from builder.known_hosts import known_hosts_line
from builder.nixos_anywhere import SHIM, environment
from builder.settings import read
from builder.workplace import Workplace
from tests.unit.builder.processes import running, sleeper, until
from tests.unit.builder.world import SOON, World, fresh_key


def asked(world: World, *arguments: str) -> list[str]:
    """What the real ssh is called with when somebody calls `ssh` in a run's environment."""
    place = Workplace(root=world.folder / "a place")
    answer = subprocess.run(
        ["ssh", *arguments],
        env=environment(read(world.environment), place),
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.splitlines()


def test_our_options_come_before_those_of_a_caller(world: World) -> None:
    """OpenSSH keeps the first value it meets, so the pinned ones stand first; a caller's words stay as they were."""
    said = asked(world, "-o", "StrictHostKeyChecking=no", "root@192.0.2.1", "echo 'a  b' $HOME; *")
    assert said == [
        *("-F", "none"),
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", f'UserKnownHostsFile="{world.folder}/a place/known_hosts"'),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "BatchMode=yes"),
        *("-o", "ServerAliveInterval=15"),
        *("-o", "ServerAliveCountMax=4"),
        *("-o", "StrictHostKeyChecking=no"),
        "root@192.0.2.1",
        "echo 'a  b' $HOME; *",
    ]


def openssh(world: World, host_key: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Call the real OpenSSH through the shim, as nixos-anywhere does, with a host key pinned."""
    place = Workplace(root=world.folder / "a place")
    place.root.mkdir()
    place.scratch.mkdir()
    place.install_key.touch(mode=0o600)
    place.install_key.write_text(world.order.install_key.private)
    place.known_hosts.write_text(known_hosts_line("127.0.0.1", world.machine.port, host_key))
    (world.programs.folder / "ssh").unlink()
    careless = ["-i", str(place.install_key), "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    return subprocess.run(
        ["ssh", *careless, "-p", str(world.machine.port), "root@127.0.0.1", *command],
        env=environment(read(world.environment), place),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_openssh_lets_the_pinned_machine_in_through_the_shim(world: World) -> None:
    """With the planted key the real ssh runs the command, whatever it was told about checking."""
    world.machine.files["greeting"] = b"hello"
    answer = openssh(world, world.bootstrap.public, "cat greeting")
    assert (answer.returncode, answer.stdout) == (0, "hello"), answer.stderr


def test_openssh_stops_at_another_machine_through_the_shim(world: World) -> None:
    """With another key the real ssh ends before any login, although its caller turned the check off."""
    answer = openssh(world, fresh_key().public, "cat greeting")
    assert answer.returncode == 255
    assert "Host key verification failed." in answer.stderr
    assert world.machine.seen.users == []


@pytest.mark.parametrize(("port", "host"), [(22, "192.0.2.1"), (2222, "[192.0.2.1]:2222")])
def test_a_port_of_its_own_is_part_of_the_known_host(port: int, host: str) -> None:
    """OpenSSH looks a host up with its port unless that is 22."""
    assert known_hosts_line("192.0.2.1", port, "ssh-ed25519 AAAA") == f"{host} ssh-ed25519 AAAA\n"


def test_a_child_gives_its_lines_and_its_code(tmp_path: Path) -> None:
    """Both streams arrive line by line, a carriage return ends a line too, and the exit code is the program's."""
    with Child(["/bin/sh", "-c", "printf 'a\\rb\\n'; echo c >&2; exit 5"], {"PATH": str(tmp_path)}, 0.2) as child:
        lines = [line for line in child.output(0.05) if line is not None]
    assert lines == ["a", "b", "c"]
    assert child.code == 5


def test_the_last_lines_of_a_child_are_never_lost(tmp_path: Path) -> None:
    """Even a reader that comes late, after the program has ended, gets everything that was said."""

    class Late(Child):
        def _read(self, pipe: IO[bytes]) -> None:
            time.sleep(0.3)
            super()._read(pipe)

    with Late(["/bin/sh", "-c", "echo first; echo last"], {"PATH": str(tmp_path)}, 0.2) as child:
        lines = [line for line in child.output(0.02) if line is not None]
    assert lines == ["first", "last"]


def test_a_child_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    """Silence is not the end."""
    with Child(["/bin/sh", "-c", "exec >&- 2>&-; /bin/sleep 0.3; exit 4"], {"PATH": str(tmp_path)}, 0.2) as child:
        assert set(child.output(0.05)) <= {None}
    assert child.code == 4


def test_a_grandchild_that_keeps_the_output_open_holds_nobody_up(tmp_path: Path) -> None:
    """The end of the program is the end, and what it left behind is killed."""
    begun = time.monotonic()
    with Child(["/bin/sh", "-c", "/bin/sleep 90 & echo a"], {"PATH": str(tmp_path)}, 0.2) as child:
        assert "a" in list(child.output(0.05))
    assert time.monotonic() - begun < SOON


def test_a_grandchild_in_a_group_of_its_own_is_ended_too(tmp_path: Path) -> None:
    """timeout(1) makes a group for its command: leaving a run ends that as well."""
    child = sleeper()
    shell = f"timeout 100 sleep {child} & sleep 0.1"
    with Child(["/bin/sh", "-c", shell], {"PATH": os.defpath}, 0.2) as run:
        assert set(run.output(0.05)) <= {None}
    until(lambda: not running(child))


def test_the_leash_kills_the_group_when_its_holder_is_gone(tmp_path: Path) -> None:
    """Once standard input ends, the program and all that it started are dead."""
    child = sleeper()
    leash = subprocess.Popen(
        [str(LEASH), "/bin/sh", "-c", f"sleep {child} & sleep 90"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    until(lambda: running(child))
    assert leash.stdin
    leash.stdin.close()
    assert leash.wait(SOON) == -9
    until(lambda: not running(child))


def test_the_shims_can_be_started() -> None:
    """Both files carry the executable bit."""
    assert all(os.access(SHIM / name, os.X_OK) for name in ("ssh", "leash"))
