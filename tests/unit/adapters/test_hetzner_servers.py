"""What the adapter sends to Hetzner, how often, and what it does with the answer."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hcloud
import pytest
import requests
from requests.adapters import HTTPAdapter

from chalicelib.adapters.hetzner_servers import HetznerServers
from chalicelib.adapters.hetzner_servers.clients import HetznerClients
from chalicelib.domain import labels
from chalicelib.domain.errors import (
    CccError,
    NameTaken,
    ProviderError,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    TokenRejected,
)
from chalicelib.domain.instance import Machine
from chalicelib.operations.ports import Marker, MarkerState
from tests.unit.adapters.hetzner_stub import DATE, Heard, Say, Stub, stub_server
from tests.unit.adapters.hetzner_world import (
    INSTANCE,
    NAME,
    QUICK,
    STACK,
    adapter,
    created,
    listing,
    order,
    refused,
    server,
)

GONE = refused(404, "not_found", "server with ID '4711' not found")
PUBLIC_KEY = "ssh-ed25519 AAAA"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def sent(stub: Stub) -> list[tuple[str, str]]:
    """Method and path of every request that arrived."""
    return [(heard.method, heard.path.partition("?")[0]) for heard in stub.heard]


def key(stack: str = STACK, epoch: str = "3") -> dict[str, object]:
    """A marker as Hetzner shows it."""
    shown = {labels.MANAGED_BY: labels.OURS, labels.STACK: stack, labels.EPOCH: epoch}
    return {"id": 77, "name": labels.marker_name(STACK), "labels": shown, "public_key": PUBLIC_KEY}


def test_create_is_one_post_with_everything_in_it() -> None:
    """Labels, marker, user_data and addresses travel in the request that makes the server, never in a later one."""
    with adapter() as (servers, stub):
        stub.says(created())
        made = servers.create(order())
        (heard,) = stub.heard
    assert (heard.method, heard.path) == ("POST", "/v1/servers")
    assert heard.body == {
        "name": NAME,
        "labels": {"managed-by": "ccc", "ccc-stack": STACK, "ccc-instance": INSTANCE},
        "image": "ubuntu-24.04",
        "server_type": "cpx22",
        "location": "nbg1",
        "ssh_keys": [77],
        "user_data": "#cloud-config\n",
        "start_after_create": True,
        "public_net": {"enable_ipv4": True, "enable_ipv6": True},
    }
    assert made == Machine(
        server_id=4711,
        ip="198.18.0.7",
        ipv6_network="2001:db8:1::/64",
        created_at=datetime(2026, 11, 1, 11, 59, 30, tzinfo=UTC),
    )


def test_a_life_costs_one_request_a_verb() -> None:
    """Create, find, get, rebuild and delete are one request each; the library adds none of its own."""
    with adapter() as (servers, stub):
        stub.says(created(), listing("servers", server()), Say(body={"server": server()}), Say())
        servers.create(order())
        assert servers.find(NAME) == servers.get(4711)
        servers.rebuild(4711)
        servers.delete(4711)
        assert sent(stub) == [
            ("POST", "/v1/servers"),
            ("GET", "/v1/servers"),
            ("GET", "/v1/servers/4711"),
            ("POST", "/v1/servers/4711/actions/rebuild"),
            ("DELETE", "/v1/servers/4711"),
        ]
        assert stub.heard[3].body == {"image": "ubuntu-24.04"}


def test_the_library_has_the_attribute_that_switches_its_retries_off() -> None:
    """The private attribute exists with retries on, and a client of ours has them off."""
    assert hcloud.Client(token=secrets.token_hex(8))._client._retry_max_retries > 0
    with HetznerClients("http://127.0.0.1/v1").lent(secrets.token_hex(8)) as client:
        assert client._client._retry_max_retries == 0


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        (refused(409, "conflict"), ServerLocked),
        (refused(429, "rate_limit_exceeded"), RateLimited),
        (refused(504, "timeout"), ProviderUnknown),
        (Say(status=502, body=b"<html>"), ProviderUnknown),
        (Say(status=504, body=b"<html>"), ProviderUnknown),
    ],
)
def test_what_the_library_would_repeat_is_sent_once(say: Say, kind: type[CccError]) -> None:
    """Every answer that hcloud repeats by default reaches us after a single create."""
    with adapter() as (servers, stub):
        stub.says(say)
        with pytest.raises(kind):
            servers.create(order())
        assert len(stub.heard) == 1


@pytest.mark.parametrize("say", [Say(reset=True), Say(status=502, body=b"<html>"), refused(503, "unavailable")])
def test_a_read_is_repeated_once_at_once(say: Say) -> None:
    """A connection that broke, a 502 or a 503 costs a read one more request, and its second failure is final."""
    with adapter() as (servers, stub):
        stub.says(say, Say(body={"server": server()}))
        assert servers.get(4711) is not None
        assert len(stub.heard) == 2
        stub.says(say)
        with pytest.raises(ProviderUnknown):
            servers.get(4711)
        assert len(stub.heard) == 4


@pytest.mark.parametrize("say", [refused(500, "server_error"), refused(504, "timeout"), Say(body=b"<html>")])
def test_other_failures_of_a_read_are_final(say: Say) -> None:
    """What would hardly be better a moment later is not repeated."""
    with adapter() as (servers, stub):
        stub.says(say)
        with pytest.raises(ProviderUnknown):
            servers.get(4711)
        assert len(stub.heard) == 1


def test_a_read_that_cannot_connect_in_time_is_not_repeated() -> None:
    """A timeout has cost seconds already; the requests travel by the transport that the adapter was given."""

    class Nowhere(HTTPAdapter):
        """A way that ends in a timeout."""

        def send(self, request: requests.PreparedRequest, *_args: Any, **_settings: Any) -> requests.Response:
            """Count, and time out."""
            went.append(request.url)
            raise requests.ConnectTimeout

    went: list[str | None] = []
    servers = HetznerServers("http://127.0.0.1:9/v1", lambda: secrets.token_hex(32), transport=Nowhere)
    with pytest.raises(ProviderUnknown):
        servers.get(4711)
    assert went == ["http://127.0.0.1:9/v1/servers/4711"]


@pytest.mark.parametrize("say", [Say(reset=True), Say(status=502, body=b"<html>"), refused(503, "unavailable")])
def test_no_change_is_repeated(say: Say) -> None:
    """Delete, rebuild, plant and raise are sent once, whatever happens to them."""
    with adapter() as (servers, stub):
        stub.says(say)
        for change in (
            lambda: servers.delete(4711),
            lambda: servers.rebuild(4711),
            lambda: servers.plant_marker(STACK, 1, PUBLIC_KEY),
            lambda: servers.raise_epoch(77, STACK, 2),
        ):
            with pytest.raises(ProviderUnknown):
                change()
        assert len(stub.heard) == 4


def test_the_budget_is_asked_before_every_request() -> None:
    """It is told which requests create a server, and counts a repeated read twice."""
    asked: list[bool] = []
    with adapter(budget=asked.append) as (servers, stub):
        stub.says(created(), Say(reset=True), Say(body={"server": server()}), Say())
        servers.create(order())
        servers.get(4711)
        servers.delete(4711)
        assert asked == [True, False, False, False]
        assert len(stub.heard) == len(asked)


def test_a_spent_budget_sends_nothing() -> None:
    """RateLimited out of the budget reaches the caller, and Hetzner hears nothing."""

    def spent(_creates_server: bool) -> None:
        raise RateLimited("our own budget is spent", retry_after=30)

    with adapter(budget=spent) as (servers, stub):
        with pytest.raises(RateLimited):
            servers.create(order())
        assert stub.heard == []


def test_a_404_is_absence_only_in_hetzners_own_words() -> None:
    """A proxy's 404 and a route that does not exist say nothing about a server."""
    with adapter() as (servers, stub):
        stub.says(GONE)
        assert servers.get(4711) is None
        servers.delete(4711)
        assert servers.read_marker(STACK, 77) == Marker(state=MarkerState.MISSING)
        stub.says(refused(404, "not_found", "api route not found"))
        for look in (lambda: servers.get(4711), lambda: servers.delete(4711), lambda: servers.read_marker(STACK, 77)):
            with pytest.raises(ProviderError):
                look()
        stub.says(Say(status=404, body=b"<html>"))
        for look in (lambda: servers.get(4711), lambda: servers.delete(4711), lambda: servers.read_marker(STACK, 77)):
            with pytest.raises(ProviderUnknown):
                look()


def test_a_rebuild_of_an_absent_server_is_an_error() -> None:
    """Only a delete takes a 404 for success."""
    with adapter() as (servers, stub):
        stub.says(GONE)
        with pytest.raises(ProviderError):
            servers.rebuild(4711)


def test_the_list_is_selected_by_our_labels() -> None:
    """The selector names product and stack, and pages are asked for at their largest."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", server()))
        (fact,) = servers.listed(STACK)
        assert fact.name == NAME
        (heard,) = stub.heard
        assert f"label_selector=managed-by%3Dccc%2Cccc-stack%3D{STACK}" in heard.path
        assert "per_page=50" in heard.path


def test_a_marker_is_planted_with_one_post() -> None:
    """Its name, its labels and the public key are in the request; its id and epoch in the answer."""
    with adapter() as (servers, stub):
        stub.says(Say(status=201, body={"ssh_key": key(epoch="7")}))
        planted = servers.plant_marker(STACK, 7, PUBLIC_KEY)
        (heard,) = stub.heard
    assert planted == Marker(state=MarkerState.OURS, marker_id=77, epoch=7)
    assert heard.body == {
        "name": f"ccc-stack-{STACK}",
        "public_key": PUBLIC_KEY,
        "labels": {"managed-by": "ccc", "ccc-stack": STACK, "ccc-epoch": "7"},
    }


def test_a_taken_marker_name_is_looked_at() -> None:
    """An existing marker is ours with our uuid and a stranger's without; nothing of that name is a name conflict."""
    taken = refused(409, "uniqueness_error", "SSH key with the same name already exists")
    with adapter() as (servers, stub):
        stub.says(taken, listing("ssh_keys", key(epoch="9")))
        assert servers.plant_marker(STACK, 1, PUBLIC_KEY) == Marker(state=MarkerState.OURS, marker_id=77, epoch=9)
        stub.says(taken, listing("ssh_keys", key(stack="another")))
        assert servers.plant_marker(STACK, 1, PUBLIC_KEY) == Marker(state=MarkerState.FOREIGN, marker_id=77)
        stub.says(taken, listing("ssh_keys"))
        with pytest.raises(NameTaken):
            servers.plant_marker(STACK, 1, PUBLIC_KEY)


def test_a_marker_without_a_readable_epoch_is_ours_without_epoch() -> None:
    """The uuid says whose it is; a label that is no number says no epoch, and never zero."""
    with adapter() as (servers, stub):
        stub.says(Say(body={"ssh_key": key(epoch="-1")}))
        assert servers.read_marker(STACK, 77) == Marker(state=MarkerState.OURS, marker_id=77)


def test_raising_the_epoch_is_one_put_of_all_labels() -> None:
    """Hetzner replaces labels as a whole, so the uuid goes along."""
    with adapter() as (servers, stub):
        stub.says(Say(body={"ssh_key": key()}))
        servers.raise_epoch(77, STACK, 12)
        (heard,) = stub.heard
    assert (heard.method, heard.path) == ("PUT", "/v1/ssh_keys/77")
    assert heard.body == {"labels": {"managed-by": "ccc", "ccc-stack": STACK, "ccc-epoch": "12"}}


def test_the_providers_time_is_the_date_of_the_newest_answer() -> None:
    """It is None before the first answer and after one without a Date, and comes with refusals as well."""
    with adapter() as (servers, stub):
        assert servers.provider_time() is None
        stub.says(GONE)
        servers.get(4711)
        assert (DATE, servers.provider_time()) == ("Sun, 01 Nov 2026 12:00:00 GMT", NOON)
        stub.says(refused(404, "not_found", "server with ID '4711' not found", Date="no date"))
        servers.get(4711)
        assert servers.provider_time() is None


def test_the_token_is_asked_for_each_time_and_sent_as_it_is() -> None:
    """A rotated token is used from the next request on, and its fingerprint changes with it."""
    tokens = [secrets.token_hex(32), secrets.token_hex(32)]
    current = tokens[0]
    with stub_server() as stub:
        servers = HetznerServers(stub.endpoint, lambda: current, timeouts=QUICK)
        stub.says(GONE)
        for current in tokens:
            servers.get(4711)
            assert servers.token_fingerprint() == hashlib.sha256(current.encode()).hexdigest()[:16]
        assert [heard.headers["Authorization"] for heard in stub.heard] == [f"Bearer {token}" for token in tokens]


@pytest.mark.parametrize("token", ["", " ", "abc\n", "a b", "häh"])
def test_a_token_that_cannot_be_sent_is_rejected_unseen(token: str) -> None:
    """The error does not show it, and nothing is sent."""
    with stub_server() as stub:
        servers = HetznerServers(stub.endpoint, lambda: token, timeouts=QUICK)
        with pytest.raises(TokenRejected) as raised:
            servers.get(4711)
        assert raised.value.__cause__ is None
        assert stub.heard == []


def test_a_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that somebody keeps for a host are not sent in place of the stack's token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with adapter() as (servers, stub):
        assert requests.utils.get_netrc_auth(stub.endpoint) is not None
        stub.says(GONE)
        servers.get(4711)
        assert stub.heard[0].headers["Authorization"].startswith("Bearer ")


def test_a_connection_is_kept() -> None:
    """Requests one after the other, refusals among them, share one connection."""
    with adapter() as (servers, stub):
        stub.says(GONE, Say(body={"server": server()}), GONE)
        for _ in range(4):
            servers.get(4711)
        assert len({heard.port for heard in stub.heard}) == 1


def test_a_connection_that_was_closed_meanwhile_is_not_used_for_a_create() -> None:
    """A server that hangs up on an idle connection, as after a pause of the process, does not make a create unknown."""
    gone = GONE.content()
    with adapter() as (servers, stub):
        stub.says(Say(status=404, body=gone, length=len(gone)), created())
        assert servers.get(4711) is None
        time.sleep(0.05)
        assert servers.create(order()).server_id == 4711
        assert sent(stub) == [("GET", "/v1/servers/4711"), ("POST", "/v1/servers")]


def test_a_compressed_answer_is_read() -> None:
    """Hetzner may compress what it sends; a long answer comes in several pieces."""
    body = json.dumps({"server": server(padding=secrets.token_hex(200_000))}).encode()
    with adapter() as (servers, stub):
        stub.says(Say(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))
        fact = servers.get(4711)
        assert fact is not None
        assert fact.name == NAME


def test_an_answer_without_end_is_given_up() -> None:
    """More than any answer of Hetzner's is not taken into memory."""
    with adapter() as (servers, stub):
        stub.says(Say(body=b" " * (17 * 1024 * 1024) + json.dumps({"server": server()}).encode()))
        with pytest.raises(ProviderUnknown):
            servers.get(4711)


def test_threads_do_not_share_a_connection_or_an_answer() -> None:
    """Six threads that ask at the same time each get the server they asked for, over connections of their own."""
    together = threading.Barrier(6)

    def echo(heard: Heard) -> Say:
        together.wait(timeout=60)
        return Say(body={"server": server(id=int(heard.path.rpartition("/")[2]))})

    found: dict[int, int] = {}

    def ask(servers: HetznerServers, first: int) -> None:
        for server_id in range(first, first + 5):
            fact = servers.get(server_id)
            found[server_id] = fact.server_id if fact else 0

    with adapter(timeouts=(60.0, 60.0)) as (servers, stub):
        stub.says(echo)
        threads = [threading.Thread(target=ask, args=(servers, 1 + 5 * number)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == {server_id: server_id for server_id in range(1, 31)}
        assert len({heard.port for heard in stub.heard}) == 6


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    """Importing the adapter loads neither hcloud nor requests: most cold starts make no provider call."""
    program = (
        "import sys; import chalicelib.adapters.hetzner_servers as s; s.HetznerServers('http://127.0.0.1/v1', str);"
        "print([name for name in ('hcloud', 'requests', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
