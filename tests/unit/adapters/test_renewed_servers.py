"""A token that was changed a moment ago costs one more look, never a failed request (row Z2)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.hetzner_servers import HetznerServers
from chalicelib.adapters.renewed_servers import RenewedServers
from chalicelib.domain.errors import StoreUnavailable, TokenRejected
from chalicelib.operations.ports import Servers
from tests.unit.adapters.hetzner_stub import Heard, Say, stub_server
from tests.unit.adapters.hetzner_world import QUICK, order, server

REJECTED = Say(status=401, body={"error": {"code": "unauthorized", "message": "unable to authenticate"}})
METHODS = {
    name: list(inspect.signature(method).parameters)[1:]
    for name, method in inspect.getmembers(Servers, inspect.isfunction)
    if not name.startswith("_")
}
"""The port's methods with the names of their arguments."""


def only_for(token: str, answer: Say) -> Callable[[Heard], Say]:
    """A provider that knows this token and no other."""
    return lambda heard: answer if heard.headers["Authorization"] == f"Bearer {token}" else REJECTED


class _Tokens:
    """What a keyring holds and what it has read of that; `looks` counts."""

    def __init__(self, held: str, known: str) -> None:
        self.held = held
        self.known = known
        self.looks = 0

    def token(self) -> str:
        """What was read last."""
        return self.known

    def refresh(self) -> bool:
        """Read anew."""
        self.looks += 1
        before, self.known = self.known, self.held
        return before != self.known


def test_z02_a_token_that_was_changed_is_read_anew_once() -> None:
    """The provider rejects the old one, the keyring has a new one, and the same request passes with it."""
    tokens = _Tokens(held="new", known="old")
    with stub_server() as stub:
        stub.says(only_for("new", Say(status=200, body={"server": server()})))
        servers = RenewedServers(HetznerServers(stub.endpoint, tokens.token, timeouts=QUICK), tokens.refresh)
        found = servers.get(4711)
        again = servers.get(4711)
    assert found is not None
    assert again == found
    assert [heard.headers["Authorization"] for heard in stub.heard] == ["Bearer old", "Bearer new", "Bearer new"]
    assert tokens.looks == 1


def test_z02_a_create_is_sent_again_only_after_a_refusal() -> None:
    """A 401 had no effect, so the second POST is the first that counts."""
    tokens = _Tokens(held="new", known="old")
    created = Say(status=201, body={"server": server(), "action": {"id": 1, "status": "running", "error": None}})
    with stub_server() as stub:
        stub.says(only_for("new", created))
        servers = RenewedServers(HetznerServers(stub.endpoint, tokens.token, timeouts=QUICK), tokens.refresh)
        assert servers.create(order()).server_id == 4711
    assert [heard.method for heard in stub.heard] == ["POST", "POST"]


def test_a_token_that_is_wrong_stays_rejected() -> None:
    """Without a newer token nothing is sent again."""
    tokens = _Tokens(held="same", known="same")
    with stub_server() as stub:
        stub.says(REJECTED)
        servers = RenewedServers(HetznerServers(stub.endpoint, tokens.token, timeouts=QUICK), tokens.refresh)
        with pytest.raises(TokenRejected):
            servers.delete(4711)
    assert (len(stub.heard), tokens.looks) == (1, 1)


def test_a_newer_token_that_is_wrong_too_is_tried_once() -> None:
    """Two requests, and no circle."""
    tokens = _Tokens(held="new", known="old")
    with stub_server() as stub:
        stub.says(REJECTED)
        servers = RenewedServers(HetznerServers(stub.endpoint, tokens.token, timeouts=QUICK), tokens.refresh)
        with pytest.raises(TokenRejected):
            servers.listed("stack")
    assert (len(stub.heard), tokens.looks) == (2, 1)


def test_a_token_that_no_header_can_carry_is_read_anew_too() -> None:
    """It was never sent, and its successor is."""
    tokens = _Tokens(held="new", known="two words")
    with stub_server() as stub:
        stub.says(only_for("new", Say(status=200, body={"server": server()})))
        servers = RenewedServers(HetznerServers(stub.endpoint, tokens.token, timeouts=QUICK), tokens.refresh)
        assert servers.get(4711) is not None
    assert [heard.headers["Authorization"] for heard in stub.heard] == ["Bearer new"]


def test_a_keyring_that_does_not_answer_leaves_the_refusal() -> None:
    """What the caller hears is that the token was rejected: that is what an operator must mend."""

    def silent() -> bool:
        raise StoreUnavailable("no")

    with stub_server() as stub:
        stub.says(REJECTED)
        servers = RenewedServers(HetznerServers(stub.endpoint, lambda: "old", timeouts=QUICK), silent)
        with pytest.raises(TokenRejected):
            servers.get(4711)


class _Recorder:
    """Takes every call and gives it back."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given: (name, given)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_question_is_handed_on(method: str) -> None:
    """Name, arguments in their order, and the answer."""
    servers: Any = RenewedServers(_Recorder(), bool)
    assert getattr(servers, method)(*METHODS[method]) == (method, tuple(METHODS[method]))
