"""What SIGKILL at the worst moment leaves behind, and how the emulator ends."""

import http.client
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hetzner_emulator.running import Api, Emulator, Json

_WISH: Json = {"name": "two", "server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator that may be killed."""
    running = Emulator(tmp_path / "mortal", "--ssh", "off", "--latency", "1")
    yield running
    running.end()


def test_everything_is_there_again(mortal: Emulator, public_key: str) -> None:
    """After SIGKILL servers, actions, keys, addresses and blocks are as they were, and new ids are new."""
    api = mortal.project()
    api.ok("POST", "/ssh_keys", {"name": "k", "public_key": public_key})
    made = api.create("one", ssh_keys=["k"])
    before = api.ok("GET", "/servers")
    blocks = api.call("GET", "/_emulator").body["addresses"]
    mortal.kill_and_restart()
    api = Api(mortal.url, api.token)
    assert api.ok("GET", "/servers") == before
    assert api.ok("GET", "/ssh_keys")["ssh_keys"][0]["name"] == "k"
    assert api.ok("GET", f"/actions/{made['action']['id']}")["action"]["status"] == "running"
    assert api.call("GET", "/_emulator").body["addresses"] == blocks
    after = api.create("two")["server"]
    assert after["id"] > made["server"]["id"]
    assert after["public_net"]["ipv4"]["ip"] != made["server"]["public_net"]["ipv4"]["ip"]


def test_killed_right_after_the_commit(mortal: Emulator) -> None:
    """The fault kills the emulator once: the server exists, the client was told nothing, the restart lives."""
    api = mortal.project()
    api.create("one")
    api.fault(do="kill_after_commit", method="POST", path="^/servers$")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        api.call("POST", "/servers", _WISH)
    assert mortal.wait_for_death() == -signal.SIGKILL
    mortal.start()
    api = Api(mortal.url, api.token)
    assert [server["name"] for server in api.ok("GET", "/servers")["servers"]] == ["one", "two"]
    assert api.call("POST", "/servers", _WISH).body["error"]["code"] == "uniqueness_error"


def test_stock_and_faults_survive(mortal: Emulator) -> None:
    """Changes of the stock and faults that are left are part of the state."""
    api = mortal.project()
    api.call("PUT", "/_emulator/stock", {"cx33": {"nbg1": True}})
    api.fault(do="locked", path="^/locations$", times=2)
    api.call("GET", "/locations")
    mortal.kill_and_restart()
    api = Api(mortal.url, api.token)
    api.create("one", server_type="cx33")
    assert [api.call("GET", "/locations").status for _ in range(2)] == [423, 200]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end it with status 0."""
    assert Emulator(tmp_path, "--ssh", "off").end(number) == 0


def test_a_block_of_addresses_is_held_once(mortal: Emulator, tmp_path: Path) -> None:
    """Two emulators side by side have blocks of their own."""
    other = Emulator(tmp_path / "other", "--ssh", "off")
    try:
        first, second = (e.project().call("GET", "/_emulator").body["addresses"] for e in (mortal, other))
        assert not set(first) & set(second)
    finally:
        other.end()
