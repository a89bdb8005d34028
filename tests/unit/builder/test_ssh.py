"""Contacts with the machine: only with the right key, only for as long as allowed, and none is left open."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from builder.job import FAILED, READY
from tests.unit.builder.world import FAST, SOON, World, fresh_key


def cause(world: World) -> str:
    """The cause that the terminal report named."""
    assert world.control.last["outcome"] == "failed", world.everything_told
    return str(world.control.last["cause"])


def test_a_machine_that_comes_up_late_is_waited_for(world: World) -> None:
    """Refused connections are no failure while there is time."""
    world.machine.power_off()
    later = threading.Timer(0.4, world.machine.boot_stock, (world.bootstrap, world.order.install_key))
    later.start()
    assert world.build() == READY
    later.join()


def test_a_machine_that_never_comes_up_is_named_so(world: World) -> None:
    """The wait for SSH has its own limit and its own cause."""
    world.machine.power_off()
    assert world.build(replace(FAST, ssh_within=0.5)) == FAILED
    assert cause(world) == "ssh_never_up"
    assert world.control.heard == ["claim", "ssh", "failed"]


def test_b13_another_host_key_ends_the_build_at_the_key_exchange(world: World) -> None:
    """A machine with another key gets one connection, no user name, no key and no command."""
    world.machine.boot(fresh_key().private, {"root": world.order.install_key.public})
    assert world.build() == FAILED
    assert cause(world) == "wrong_host_key"
    assert world.machine.seen.connections == 1
    assert world.machine.seen.users == []
    assert world.machine.seen.commands == []
    assert world.programs.calls == []


def test_a_machine_without_an_ed25519_host_key_gets_no_login(world: World) -> None:
    """No other kind of host key is negotiated, so nothing is sent, and it counts as not there."""
    world.machine.boot_with_rsa()
    assert world.build(replace(FAST, ssh_within=0.5)) == FAILED
    assert cause(world) == "ssh_never_up"
    assert world.machine.seen.users == []


def test_a_machine_that_refuses_the_install_key_is_not_installed(world: World) -> None:
    """The right host key is not enough: without a login no run begins."""
    world.machine.boot(world.bootstrap.private, {"root": fresh_key().public})
    assert world.build() == FAILED
    assert cause(world) == "key_rejected"
    assert world.control.last["detail"].endswith("in a row at the first contact")
    assert world.programs.calls == []


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n" + b"\x00" * 64])
def test_something_that_is_no_ssh_server_counts_as_not_there(world: World, greeting: bytes) -> None:
    """Silence, another protocol and garbage are waited out like a refused connection."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        world.change(ssh_port=door.getsockname()[1])
        stop = threading.Event()
        greeter = threading.Thread(target=_greet, args=(door, greeting, stop))
        greeter.start()
        assert world.build(replace(FAST, ssh_within=0.5, handshake=0.3)) == FAILED
        stop.set()
        greeter.join()
    assert cause(world) == "ssh_never_up"


def _greet(door: socket.socket, greeting: bytes, stop: threading.Event) -> None:
    door.settimeout(0.05)
    open_doors: list[socket.socket] = []
    while not stop.is_set():
        try:
            open_doors.append(door.accept()[0])
            open_doors[-1].sendall(greeting)
        except OSError:
            continue
    for visitor in open_doors:
        visitor.close()


def test_a_host_key_that_changes_during_the_installation_ends_it(world: World) -> None:
    """The look at authorized_keys is pinned as well."""
    world.control.when["disko"] = lambda: world.machine.boot(
        fresh_key().private, {"root": world.order.install_key.public}
    )
    assert world.build() == FAILED
    assert cause(world) == "wrong_host_key"
    assert world.machine.seen.commands == []


def test_openssh_refusing_the_host_key_ends_a_run_at_once(world: World) -> None:
    """nixos-anywhere would try for ever; its ssh says why, and that is heard."""
    world.programs.run("disko,install", "echo 'Host key verification failed.' >&2; sleep 90")
    assert world.build() == FAILED
    assert cause(world) == "wrong_host_key"


@pytest.mark.parametrize("end", ["exit 1", "sleep 90"])
def test_b13_another_key_before_the_reboot_is_no_reboot(world: World, end: str) -> None:
    """The last run too looks at the machine under its first key, until it says that it reboots (row B13)."""
    world.programs.run("reboot", f"echo 'Host key verification failed.' >&2; {end}")
    begun = time.monotonic()
    assert world.build() == FAILED
    assert time.monotonic() - begun < SOON
    assert cause(world) == "wrong_host_key"


def test_openssh_refusing_the_host_key_after_the_reboot_is_how_it_ends(world: World) -> None:
    """The final key that answers already is no wrong one."""
    world.programs.run("reboot", "echo '### Rebooting ###'; echo 'Host key verification failed.' >&2")
    assert world.build() == READY


def test_b9_a_machine_that_does_not_come_back_is_named_so(world: World) -> None:
    """After the reboot the final host key has to answer within its limit."""
    world.control.when["reboot"] = world.machine.power_off
    assert world.build(replace(FAST, reboot_within=0.5)) == FAILED
    assert cause(world) == "never_back"


def test_a_machine_that_comes_back_with_the_installers_key_is_not_ready(world: World) -> None:
    """The bootstrap key is what answers before the reboot: it proves nothing, and it is no stranger's."""
    world.control.when["reboot"] = bool
    assert world.build(replace(FAST, reboot_within=0.5)) == FAILED
    assert cause(world) == "never_back"


def test_a_machine_that_comes_back_with_a_third_key_is_a_stranger(world: World) -> None:
    """A key that is neither the installer's nor the final one ends the build at once, without a login."""
    world.control.when["reboot"] = lambda: world.machine.boot(fresh_key().private, {})
    assert world.build() == FAILED
    assert cause(world) == "wrong_host_key"


@pytest.mark.parametrize("user", ["root", "claude"])
def test_b14_a_machine_that_still_lets_us_in_is_not_handed_over(world: World, user: str) -> None:
    """After the reboot the install key must open neither root nor the guest's user."""
    world.control.when["reboot"] = lambda: world.machine.boot(
        world.order.final_host_key.private, {user: world.order.install_key.public}
    )
    assert world.build() == FAILED
    assert cause(world) == "wrong_keys"
    assert user in world.control.last["detail"]


def test_the_installed_machine_is_tried_as_root_and_as_the_guest(world: World) -> None:
    """Both users are knocked at with the install key before `ready` is said."""
    assert world.build() == READY
    assert world.machine.seen.users[-2:] == ["root", "claude"]


def test_no_thread_outlives_a_build(world: World) -> None:
    """Connections and readers end with the step that needed them."""
    before = set(threading.enumerate())
    assert world.build() == READY
    left = {thread for thread in set(threading.enumerate()) - before if "process_request" not in thread.name}
    assert left == set()


def test_a_connection_that_breaks_in_a_login_is_no_refusal(world: World) -> None:
    """A machine that goes away while it is tried as the guest has refused nothing: it is not handed over."""
    world.machine.dies_at_login_of = "claude"
    assert world.build(replace(FAST, reboot_within=2)) == FAILED
    assert cause(world) == "never_back"
    assert world.machine.seen.users[-1] == "claude"
