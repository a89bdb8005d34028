"""Health names the dependency that fails, and asks the provider nothing."""

from __future__ import annotations

from chalicelib.domain.build import Cause
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.breaker import note_failure
from chalicelib.operations.check_health import check_health
from tests.unit.domain.samples import TEN
from tests.unit.operations.world import World


def test_all_is_well() -> None:
    """Store, catalogue, builds, keyring and address are each `ok`, without a request to the provider."""
    world = World()
    assert check_health(world.services) == dict.fromkeys(("store", "catalogue", "builds", "keyring", "address"), "ok")
    assert world.servers.calls == []


def test_a_store_that_does_not_answer_is_named() -> None:
    """The store's own sentence is shown, and what cannot be known is called unknown."""
    world = World()
    world.table.fail_next(StoreUnavailable("The table did not answer."))
    assert check_health(world.services) == {
        "store": "The table did not answer.",
        "catalogue": "unknown",
        "builds": "unknown",
        "keyring": "ok",
        "address": "ok",
    }


def test_a_table_that_was_never_set_up_is_named() -> None:
    """Without a stack item and a market both are said, in words."""
    world = World()
    world.table.delete("stack")
    world.table.delete("catalogue")
    health = check_health(world.services)
    assert "never set up" in health["store"]
    assert "not been read" in health["catalogue"]


def test_a_keyring_that_cannot_be_read_is_named() -> None:
    """The keyring's own sentence is shown."""
    world = World()
    world.keyring.fail_next(StoreUnavailable("The keyring cannot be read."))
    assert check_health(world.services)["keyring"] == "The keyring cannot be read."


def test_an_open_breaker_is_shown_to_whoever_watches() -> None:
    """While new machines are held back, `builds` says so and why, and the other parts are well."""
    world = World()
    for name in ("one", "two", "three"):
        note_failure(world.services, name, Cause.DISK, TEN)
    health = check_health(world.services)
    assert "disk could not be prepared" in health.pop("builds")
    assert set(health.values()) == {"ok"}
