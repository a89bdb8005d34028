"""Rows P7 to P14 of the fault matrix: a create that dies, meets another or loses its answer makes one server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import BuildReport, Outcome
from chalicelib.domain.errors import BuildOver
from chalicelib.domain.instance import Status
from chalicelib.operations import secrets_of
from chalicelib.operations.advance import advance
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.record_build import record_build
from tests.faults.dying import killed_at
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting


def test_p07_a_worker_that_died_before_its_create_is_followed_by_one_that_sends_it(stack: EmulatedWorld) -> None:
    """`creating` and no server: when the lease has run out the create is sent, once, under the same name (row P7)."""
    row = stack.with_builder()
    killed_at(stack, "servers", "create", lambda: advance(stack.services, row.id), after=False)
    assert (stack.row(row.id).status, stack.mine()) == (Status.CREATING, [])
    stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE)
    assert [server.name for server in stack.mine()] == [row.name]


@pytest.mark.parametrize("fault", ["timeout_after_commit", "reset_after_commit", "truncated"])
def test_p08_a_create_without_an_answer_is_adopted_by_its_name(stack: EmulatedWorld, fault: str) -> None:
    """The server is there and its answer is not: it is found by its name and never made a second time (row P8)."""
    stack.provider.fault(do=fault, method="POST", path="^/servers$")
    row = stack.order().instance
    stack.follow_nudges()
    settled = stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE)
    (server,) = stack.mine()
    assert settled.machine is not None
    assert (server.id, server.name) == (settled.machine.server_id, row.name)
    assert {sent.path for sent in stack.provider.sent if sent.method == "POST"} == {"/servers"}


@pytest.mark.parametrize("fault", ["timeout_before_commit", "reset_before_commit", "html_502"])
def test_p08_a_create_that_had_no_effect_is_sent_again_under_its_name(stack: EmulatedWorld, fault: str) -> None:
    """Nothing was made and nobody said so: one server in the end, of the first name (row P8)."""
    stack.provider.fault(do=fault, method="POST", path="^/servers$")
    row = stack.order().instance
    stack.follow_nudges()
    stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE)
    assert [server.name for server in stack.mine()] == [row.name]


def test_p09_the_conflict_with_ones_own_first_request_is_a_success(stack: EmulatedWorld) -> None:
    """A second POST meets `uniqueness_error`: labels and name are ours, so the server is adopted (row P9)."""
    stack.provider.fault(do="reset_after_commit", method="POST", path="^/servers$")
    row = stack.order().instance
    stack.follow_nudges()
    stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE)
    posts = [sent for sent in stack.provider.sent if (sent.method, sent.path) == ("POST", "/servers")]
    assert len(posts) == 2
    assert json.loads(posts[0].body)["name"] == json.loads(posts[1].body)["name"] == row.name
    assert len(stack.mine()) == 1


@pytest.mark.parametrize("shown", [{}, {"managed-by": "ccc", "ccc-stack": "another", "ccc-instance": "0" * 12}])
def test_p10_a_strangers_server_of_our_name_fails_the_row_and_stays(
    stack: EmulatedWorld, shown: dict[str, str]
) -> None:
    """Name taken, labels not ours: the row fails with an alarm, and no DELETE leaves this house (row P10)."""
    row = stack.order().instance
    body = {"name": row.name, "server_type": "cpx22", "location": "nbg1", "image": "ubuntu-24.04", "labels": shown}
    theirs = stack.provider.ask(stack.token, "POST", "/servers", body)["server"]["id"]
    stack.follow_nudges()
    stack.settle(row.id, Status.FAILED, within=30 * MINUTE)
    assert [server.id for server in stack.provider.servers()] == [theirs]
    assert "DELETE" not in {sent.method for sent in stack.provider.sent}
    assert "provider.stranger" in stack.alarms.events()
    assert (stack.live, stack.spend) == (0, 0)


def test_p11_a_worker_that_died_after_its_create_leaves_a_server_that_is_found(stack: EmulatedWorld) -> None:
    """The server is made and no row knows its id: the next worker finds it by its name (row P11)."""
    row = stack.with_builder()
    killed_at(stack, "servers", "create", lambda: advance(stack.services, row.id), after=True)
    assert stack.row(row.id).machine is None
    (server,) = stack.mine()
    machine = stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE).machine
    assert machine is not None
    assert machine.server_id == server.id


def test_p12_of_two_workers_with_one_message_one_creates(stack: EmulatedWorld) -> None:
    """A second worker comes while the first is in its create: the lease stops it, and one POST is sent (row P12)."""
    row = stack.with_builder()
    plain = stack.services
    servers: Any = Between(plain.servers, "create", lambda: advance(plain, row.id))
    with meeting(stack, servers=servers):
        stack.follow_nudges()
    assert [sent.method for sent in stack.provider.sent].count("POST") == 1
    assert len(stack.mine()) == 1


def test_p13_a_worker_that_was_paused_past_its_lease_makes_no_second_server(stack: EmulatedWorld) -> None:
    """It wakes when another has made the server: its own late POST meets the name, and there is one server (P13)."""
    row = stack.order().instance
    plain = stack.services

    def oversleep() -> None:
        stack.clock.advance(3 * MINUTE)
        advance(plain, row.id)

    servers: Any = Between(plain.servers, "create", oversleep)
    with meeting(stack, servers=servers):
        stack.follow_nudges()
    settled = stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE)
    (server,) = stack.mine()
    assert settled.machine is not None
    assert settled.machine.server_id == server.id


def test_p13_p14_a_late_create_of_a_row_that_is_dead_is_swept(stack: EmulatedWorld) -> None:
    """The worker sleeps until its row is a tombstone, and then makes a server: two sweeps later it is gone (P14)."""
    row = stack.order().instance
    plain = stack.services

    def oversleep() -> None:
        deprovision(plain, row.id)
        for _ in range(6):
            stack.clock.advance(MINUTE)
            advance(plain, row.id)

    servers: Any = Between(plain.servers, "create", oversleep)
    with meeting(stack, servers=servers):
        stack.follow_nudges()
    assert stack.row(row.id).status is Status.DELETED
    assert len(stack.mine()) == 1
    for _ in range(75):
        stack.wait(MINUTE)
    assert stack.mine() == []


def test_p14_a_row_that_is_ended_while_its_create_is_on_its_way_deletes_what_it_made(stack: EmulatedWorld) -> None:
    """The wish to end comes during the POST: what was made is recorded all the same, and deleted (row P14)."""
    row = stack.order().instance
    plain = stack.services
    servers: Any = Between(plain.servers, "create", lambda: deprovision(plain, row.id))
    with meeting(stack, servers=servers):
        stack.follow_nudges()
    assert stack.row(row.id).status is Status.DELETED
    assert (len(stack.provider.servers(alive=False)), stack.mine()) == (1, [])


def test_p14_a_builder_of_a_dead_row_is_refused(stack: EmulatedWorld) -> None:
    """Whoever builds for a row that is being ended is told to stop, at its claim and at its report (row P14)."""
    row = stack.installing()
    claim = secrets_of.token(stack.services, stack.row(row.id), tokens.Purpose.CLAIM, 1)
    report = secrets_of.token(stack.services, stack.row(row.id), tokens.Purpose.BUILD, 1)
    stack.claim(row.id)
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    with pytest.raises(BuildOver):
        claim_build(stack.services, row.id, attempt=1, claim_code=claim, nonce="another")
    with pytest.raises(BuildOver):
        record_build(stack.services, row.id, attempt=1, build_token=report, report=BuildReport(outcome=Outcome.READY))
    assert stack.row(row.id).status is Status.DELETED
