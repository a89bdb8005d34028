"""What every `Probe` promises, and what the real one promises beyond: bounded time, no login, nothing left behind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import asyncssh
import pytest

from chalicelib.adapters.ssh_probe import SshProbe
from chalicelib.operations.ports import Probe
from tests.fakes.probe import ScriptedProbe
from tests.standstill import standstill

ADDRESS = "127.0.0.1"
WITHIN = 0.6


@dataclass
class Servers:
    """SSH servers on a loop of their own, and the user names that anybody told them."""

    loop: asyncio.AbstractEventLoop
    users: list[str] = field(default_factory=list)
    _open: list[asyncssh.SSHAcceptor] = field(default_factory=list)

    def start(self, *keys: asyncssh.SSHKey) -> int:
        """Start a server with these host keys and return its port."""
        return asyncio.run_coroutine_threadsafe(self._start(list(keys)), self.loop).result(10)

    async def _start(self, keys: list[asyncssh.SSHKey]) -> int:
        users = self.users

        class Door(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                users.append(username)
                return False

        acceptor = await asyncssh.listen(ADDRESS, 0, server_factory=Door, server_host_keys=keys)
        self._open.append(acceptor)
        return acceptor.get_port()

    async def stop(self) -> None:
        """Close all servers."""
        for acceptor in self._open:
            acceptor.close()
            await acceptor.wait_closed()


@pytest.fixture
def servers() -> Iterator[Servers]:
    """A place to start SSH servers in."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = Servers(loop)
    yield made
    asyncio.run_coroutine_threadsafe(made.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def public(key: asyncssh.SSHKey) -> str:
    """`type base64` of a key."""
    return " ".join(key.export_public_key().decode().split()[:2])


@pytest.fixture
def key() -> asyncssh.SSHKey:
    """A host key that nobody has seen before."""
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(params=["real", "fake"])
def answering(request: pytest.FixtureRequest, servers: Servers, key: asyncssh.SSHKey) -> Probe:
    """Each probe, with a machine that answers with `key`."""
    if request.param == "fake":
        return ScriptedProbe({ADDRESS: public(key)})
    return SshProbe(servers.start(key), 60)


@pytest.fixture(params=["real", "fake"])
def silent(request: pytest.FixtureRequest, closed_port: int) -> Probe:
    """Each probe, with no machine at all."""
    return ScriptedProbe() if request.param == "fake" else SshProbe(closed_port, WITHIN)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and that nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        yield taken.getsockname()[1]


def test_a_machine_that_answers_shows_its_host_key(answering: Probe, key: asyncssh.SSHKey) -> None:
    """The key comes as `type base64`, as rows and orders hold it."""
    assert answering.host_key(ADDRESS) == public(key)


def test_a_look_can_be_repeated(answering: Probe, key: asyncssh.SSHKey) -> None:
    """A second look sees the same."""
    assert [answering.host_key(ADDRESS), answering.host_key(ADDRESS)] == [public(key)] * 2


def test_a_machine_that_does_not_answer_is_none(silent: Probe) -> None:
    """Nothing is raised for what has not come up yet."""
    assert silent.host_key(ADDRESS) is None


def test_no_login_is_tried(servers: Servers, key: asyncssh.SSHKey) -> None:
    """The machine hears no user name: the look ends with the key exchange."""
    SshProbe(servers.start(key), 60).host_key(ADDRESS)
    assert servers.users == []


def test_the_ed25519_key_is_asked_for_among_others(servers: Servers, key: asyncssh.SSHKey) -> None:
    """A machine with several host keys shows the one that rows know."""
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    assert SshProbe(servers.start(other, key), 60).host_key(ADDRESS) == public(key)


def test_a_machine_without_an_ed25519_key_is_none(servers: Servers) -> None:
    """Another kind of key is no answer."""
    assert SshProbe(servers.start(asyncssh.generate_private_key("ecdsa-sha2-nistp256")), 60).host_key(ADDRESS) is None


def _silence(_: socket.socket) -> None:
    """Say nothing."""


def _drip(visitor: socket.socket) -> None:
    """Say a banner's line again and again, one byte after the other."""
    for byte in b"still starting up, please wait\r\n" * 100:
        visitor.sendall(bytes([byte]))
        time.sleep(0.02)


def _hang_up(visitor: socket.socket) -> None:
    """Hang up at once."""
    visitor.close()


def _web(visitor: socket.socket) -> None:
    """Answer as another kind of server."""
    visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _garbage(visitor: socket.socket) -> None:
    """Begin well, then send what is no packet."""
    visitor.sendall(b"SSH-2.0-x\r\n" + bytes(range(256)) * 4)


def _no_text(visitor: socket.socket) -> None:
    """Begin with bytes that are no text."""
    visitor.sendall(b"\xff\xfe\xfd\r\n" * 3)


@pytest.mark.parametrize("manners", [_silence, _drip, _hang_up, _web, _garbage, _no_text])
def test_a_stranger_costs_no_more_than_the_time_it_is_given(manners: Callable[[socket.socket], None]) -> None:
    """Whatever a listener does, the look ends in time with None, and its thread and its socket with it."""
    visitors: list[socket.socket] = []
    with socket.create_server((ADDRESS, 0)) as door, standstill() as machine:
        before = set(threading.enumerate())
        host = threading.Thread(target=_receive, args=(door, manners, visitors))
        host.start()
        begun = time.monotonic()
        assert SshProbe(door.getsockname()[1], WITHIN).host_key(ADDRESS) is None
        assert time.monotonic() - begun < WITHIN + 0.5 + 5 * machine.seconds
        end = time.monotonic() + 60
        while not set(threading.enumerate()) - before <= {host}:
            assert time.monotonic() < end
            time.sleep(0.01)
        host.join()
    for visitor in visitors:
        visitor.close()


def _receive(door: socket.socket, manners: Callable[[socket.socket], None], visitors: list[socket.socket]) -> None:
    visitors.append(door.accept()[0])
    try:
        manners(visitors[0])
    except OSError:
        return


def test_a_look_says_nothing_in_the_log(closed_port: int, caplog: pytest.LogCaptureFixture) -> None:
    """A machine that is not up yet is no event: nothing of it is logged, above all no address."""
    with socket.create_server((ADDRESS, 0)) as door:
        visitors: list[socket.socket] = []
        host = threading.Thread(target=_receive, args=(door, _garbage, visitors))
        host.start()
        SshProbe(door.getsockname()[1], WITHIN).host_key(ADDRESS)
        host.join()
        visitors[0].close()
    SshProbe(closed_port, WITHIN).host_key(ADDRESS)
    assert caplog.records == []


def test_a_fake_fails_when_it_is_told_to() -> None:
    """The error comes once, and the fake remembers where it was asked to look."""
    fake = ScriptedProbe()
    fake.fail_next(RuntimeError("once"))
    with pytest.raises(RuntimeError, match="once"):
        fake.host_key(ADDRESS)
    fake.answer(ADDRESS, "ssh-ed25519 AAAA")
    assert fake.host_key(ADDRESS) == "ssh-ed25519 AAAA"
    fake.answer(ADDRESS, None)
    assert fake.host_key(ADDRESS) is None
    assert fake.looked_at == [ADDRESS] * 3
