"""Rows O12 and Z2 where they meet: a token that becomes another project's in the middle of an act, or in good faith."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.renewed_servers import RenewedServers
from chalicelib.domain.errors import NoMarker
from chalicelib.domain.instance import Status
from chalicelib.operations.accept_restore import accept_restore
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from tests.faults.dying import killed_at
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.between import Between, meeting


class Swapped:
    """A stack whose token is refused at one call, and then read anew: it is another project's, until `mend`."""

    def __init__(self, stack: EmulatedWorld, method: str, nth: int = 1) -> None:
        self._stack, self._right, self._wrong = stack, stack.token, stack.provider.new_project()
        inner: Any = Between(stack.services.servers, method, self._revoke, nth=nth)
        self.servers: Any = RenewedServers(inner, self._renew)
        self.happened = False

    def _revoke(self) -> None:
        self._stack.token = "revoked"

    def _renew(self) -> None:
        self._stack.token = self._wrong
        self.happened = True

    def mend(self) -> None:
        """The right token is back."""
        assert self.happened
        self._stack.token = self._right


@pytest.mark.parametrize("nth", [1, 2], ids=["the look before its delete", "the look after it"])
def test_o12_z02_a_404_of_a_swapped_token_ends_no_instance(stack: EmulatedWorld, nth: int) -> None:
    """The marker answered just before, the 404 is another project's: no tombstone, and the right token deletes it."""
    row = stack.running()
    stack.provider.fault(do="delete_lost", method="DELETE")
    deprovision(stack.services, row.id)
    swapped = Swapped(stack, "get", nth)
    with meeting(stack, servers=swapped.servers):
        stack.follow_nudges()
    assert stack.row(row.id).status is Status.DELETING
    assert "delete.refused" in stack.alarms.events()
    swapped.mend()
    for _ in range(4):
        stack.wait(MINUTE)
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])


def test_o12_z02_a_name_that_a_swapped_token_does_not_find_ends_no_instance(stack: EmulatedWorld) -> None:
    """A create whose answer was lost has made a server: not found in another project, it is not forgotten."""
    row = stack.with_builder()
    killed_at(stack, "servers", "create", lambda: advance(stack.services, row.id), after=True)
    deprovision(stack.services, row.id)
    swapped = Swapped(stack, "find")
    with meeting(stack, servers=swapped.servers):
        while not swapped.happened:
            stack.wait_quietly(MINUTE)
    assert stack.row(row.id).status is Status.DELETING
    assert len(stack.mine()) == 1
    swapped.mend()
    stack.settle(row.id, Status.DELETED, within=5 * MINUTE)
    assert stack.mine() == []


def test_o12_z02_a_swapped_token_fails_no_order(stack: EmulatedWorld) -> None:
    """At the deadline of a create the name is not found in another project: the order is kept, and its server used."""
    row = stack.with_builder()
    stack.provider.fault(do="timeout_after_commit", method="POST", path="^/servers$")
    advance(stack.services, row.id)
    assert stack.row(row.id).status is Status.CREATING
    stack.clock.advance(11 * MINUTE)
    swapped = Swapped(stack, "find")
    with meeting(stack, servers=swapped.servers):
        advance(stack.services, row.id)
    assert stack.row(row.id).status is Status.CREATING
    swapped.mend()
    stack.settle(row.id, Status.INSTALLING, within=2 * MINUTE)


def test_o12_z02_a_swapped_token_loses_no_machine(stack: EmulatedWorld) -> None:
    """A list and a look by another project's token, twice: the machine is not even noted as missing."""
    row = stack.running(24)
    for _ in range(2):
        stack.provider.fault(do="mutate", method="GET", path="^/servers$", set=[{"path": "/servers", "value": []}])
        swapped = Swapped(stack, "get")
        with meeting(stack, servers=swapped.servers):
            run = stack.reap()
        swapped.mend()
        stack.clock.advance(16 * MINUTE)
        assert [entry.what for entry in run.skipped] == ["left alone"]
    assert (stack.row(row.id).status, stack.row(row.id).missing_since) == (Status.RUNNING, None)


def test_o12_a_marker_is_not_planted_where_no_machine_of_ours_is(stack: EmulatedWorld) -> None:
    """`accept-restore --plant-marker` in another project: refused, nothing is made there and nothing ended here."""
    over, living = stack.running(1), stack.running(24)
    right, stack.token = stack.token, stack.provider.new_project()
    stack.clock.advance(3 * HOUR)
    for _ in range(3):
        with pytest.raises(NoMarker, match="token seems to be of another project"):
            accept_restore(stack.services, plant_marker=True)
        stack.wait_quietly(16 * MINUTE)
        stack.reap()
    assert stack.provider.ask(stack.token, "GET", "/ssh_keys")["ssh_keys"] == []
    assert stack.row(over.id).status is Status.DELETING
    assert stack.row(living.id).status is Status.RUNNING
    stack.token = right
    stack.settle(over.id, Status.DELETED, within=5 * MINUTE)
    assert [server.name for server in stack.mine()] == [living.name]


def test_o12_a_marker_is_not_planted_with_a_token_that_is_swapped_meanwhile(stack: EmulatedWorld) -> None:
    """A machine of ours answered, and the key was made in another project: not accepted, now or at the next try."""
    stack.running(24)
    stack.provider.ask(stack.token, "DELETE", f"/ssh_keys/{stack.stack.marker_id}")
    before = stack.stack
    swapped = Swapped(stack, "plant_marker")
    with meeting(stack, servers=swapped.servers):
        for said in ("token was changed", "another project"):
            with pytest.raises(NoMarker, match=said):
                accept_restore(stack.services, plant_marker=True)
    assert stack.stack == before
    swapped.mend()
    assert accept_restore(stack.services, plant_marker=True).marker_id != before.marker_id


def test_o12_where_everything_was_deleted_by_hand_a_person_may_say_so(stack: EmulatedWorld) -> None:
    """Marker and machine are gone: the word is taken, it is in the audit, and the machine is ended as lost."""
    row = stack.running(24)
    assert row.machine is not None
    stack.provider.ask(stack.token, "DELETE", f"/servers/{row.machine.server_id}")
    stack.provider.ask(stack.token, "DELETE", f"/ssh_keys/{stack.stack.marker_id}")
    with pytest.raises(NoMarker, match="--machines-are-gone"):
        accept_restore(stack.services, plant_marker=True)
    accept_restore(stack.services, plant_marker=True, machines_are_gone=True)
    said = [entry.about for entry in stack.services.audit.of_day(TEN.date(), 50)]
    assert [text for text in said if "all machines said to be gone" in text]
    for _ in range(3):
        stack.clock.advance(6 * MINUTE)
        stack.reap()
    assert stack.row(row.id).status is Status.DELETED
