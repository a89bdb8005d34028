"""Health: alive without asking anybody, ready only when what we depend on answers."""

from __future__ import annotations

from chalicelib.domain.errors import StoreUnavailable
from tests.unit.api.world import Api, make_api


def test_alive_asks_nobody(api: Api) -> None:
    """Line 139: liveness needs no token and does not touch the store."""
    api.table.fail_next(StoreUnavailable("not to be asked"))
    answer = api.call("GET", "/health", token=None)
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_ready_when_everything_answers(api: Api) -> None:
    """With a store, a catalogue and a keyring the service is ready."""
    answer = api.call("GET", "/health/ready", token=None)
    assert (answer.status, set(answer.json["checks"].values())) == (200, {"ok"})


def test_what_fails_is_named() -> None:
    """A service without a catalogue is not ready, and says what is missing."""
    answer = make_api(founded=False).call("GET", "/health/ready", token=None)
    assert (answer.status, answer.json["code"]) == (503, "not_ready")
    assert "catalogue" in answer.json["detail"]
    assert answer.json["checks"]["keyring"] == "ok"
