"""Rows P of the fault matrix in the provider's own words: what it refuses, withholds or gives out twice.

Orders and their money are in `test_orders.py`, creates that die or lose their answer in `test_creates.py`.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chalicelib.domain import labels
from chalicelib.domain.build import BuildReport, Cause, Outcome
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE


def test_p15_a_server_whose_creation_ends_in_error_is_not_kept(stack: EmulatedWorld) -> None:
    """It is listed and never boots: three attempts cannot reach it, then it is deleted and the guest told (row P15)."""
    stack.provider.fault(do="action_error", method="POST", path="^/servers$")
    row = stack.order().instance
    stack.follow_nudges()
    assert stack.row(row.id).status is Status.INSTALLING
    while stack.row(row.id).status is Status.INSTALLING:
        build = stack.row(row.id).build
        assert build is not None
        if not build.stopped and stack.services.instances.get_build(row.id, build.attempt) is None:
            stack.claim(row.id, build.attempt)
            stack.fail_build(row.id, Cause.SSH_NEVER_UP, build.attempt)
        stack.wait(MINUTE)
    failed = stack.settle(row.id, Status.FAILED, within=5 * MINUTE)
    assert failed.failure is not None
    assert failed.failure.code == Cause.SSH_NEVER_UP
    assert stack.mine() == []
    assert stack.mails() == ["failed"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [({"do": "resource_unavailable"}, Cause.STOCK), ({"do": "limits"}, Cause.PROVIDER_LIMIT)],
    ids=["out of stock", "account limit"],
)
def test_p16_when_nothing_can_be_had_the_guest_is_told_and_nothing_stays_reserved(
    stack: EmulatedWorld, fault: dict[str, str], cause: Cause
) -> None:
    """Every choice is refused: `failed`, with the cause in the mail, and quota and money given back (row P16)."""
    stack.provider.fault(**fault, method="POST", path="^/servers$", times=0)
    row = stack.order().instance
    stack.follow_nudges()
    failed = stack.settle(row.id, Status.FAILED, within=30 * MINUTE)
    assert failed.failure is not None
    assert failed.failure.code == cause
    assert (stack.mine(), stack.live, stack.spend) == ([], 0, 0)
    assert stack.mails() == ["failed"]


def test_p16_what_is_out_of_stock_here_is_bought_there(stack: EmulatedWorld) -> None:
    """A 412 for the first choice: the next of the list is bought, in the same minute (row P16)."""
    stack.provider.fault(do="resource_unavailable", method="POST", path="^/servers$")
    row = stack.order().instance
    stack.follow_nudges()
    posts = [json.loads(sent.body) for sent in stack.provider.sent if sent.method == "POST"]
    assert len({(post["server_type"], post["location"]) for post in posts}) == 2
    assert stack.row(row.id).status is Status.INSTALLING


def test_p17_with_a_revoked_token_nothing_is_made_and_nothing_ended(stack: EmulatedWorld) -> None:
    """401 to everything: an alarm, no server, the row waits and then fails; a living machine stays (row P17)."""
    alive = stack.running(24)
    stack.provider.fault(do="error", status=401, code="unauthorized", times=0)
    row = stack.order().instance
    stack.follow_nudges()
    for _ in range(15):
        stack.wait_quietly(MINUTE)
    assert len(stack.mine()) == 1
    assert stack.row(alive.id).status is Status.RUNNING
    assert "provider.token_rejected" in stack.alarms.events()
    stack.provider.orders.clear()
    stack.settle(row.id, Status.FAILED, within=30 * MINUTE)
    assert len(stack.mine()) == 1


def test_p18_a_throttled_create_waits_and_is_then_sent(stack: EmulatedWorld) -> None:
    """429 with a time to wait: no request before it, and one server after it (row P18)."""
    stack.provider.fault(do="rate_limited", method="POST", path="^/servers$", seconds=20)
    row = stack.order().instance
    stack.follow_nudges()
    assert stack.row(row.id).due_at == stack.clock.now() + timedelta(seconds=20)
    stack.wait(timedelta(seconds=19))
    assert [sent.method for sent in stack.provider.sent].count("POST") == 1
    stack.settle(row.id, Status.INSTALLING, within=2 * MINUTE)
    assert len(stack.mine()) == 1


def test_p19_no_request_of_a_life_may_wait_for_ever(stack: EmulatedWorld) -> None:
    """The library's own timeout is none: each request of a life carries ours, to connect and to read (row P19)."""
    row = stack.running()
    stack.clock.advance(2 * HOUR)
    stack.tick()
    assert stack.row(row.id).status is Status.DELETED
    assert {sent.timeout for sent in stack.provider.sent} == {(5.0, 30.0)}
    assert {"POST", "GET", "DELETE"} <= {sent.method for sent in stack.provider.sent}


def test_p20_a_server_without_an_address_is_neither_built_nor_announced(stack: EmulatedWorld) -> None:
    """The address is null at first: the row waits for it, and only then is `installing` (row P20)."""
    nothing = {"set": [{"path": "/server/public_net/ipv4", "value": None}]}
    listed = {"set": [{"path": "/servers/*/public_net/ipv4", "value": None}]}
    stack.provider.fault(do="mutate", method="POST", path="^/servers$", **nothing)
    stack.provider.fault(do="mutate", method="GET", path="^/servers$", times=2, **listed)
    row = stack.order().instance
    stack.follow_nudges()
    stack.wait(MINUTE)
    assert (stack.row(row.id).status, stack.mails()) == (Status.CREATING, [])
    machine = stack.settle(row.id, Status.INSTALLING, within=5 * MINUTE).machine
    assert machine is not None
    assert machine.ip == stack.mine()[0].ipv4
    assert len(stack.mine()) == 1


def test_p21_a_reused_address_is_believed_only_with_the_key_of_its_new_machine(stack: EmulatedWorld) -> None:
    """The next guest gets the last one's address: its host key is another, and the old one is not accepted (P21)."""
    first = stack.running()
    deprovision(stack.services, first.id)
    stack.follow_nudges()
    second = stack.installing()
    assert first.machine is not None
    assert second.machine is not None
    assert first.machine.ip == second.machine.ip
    assert first.host_key != second.host_key
    stack.claim(second.id)
    stack.probe.answer(second.machine.ip, first.host_key)
    stack.report(second.id, BuildReport(outcome=Outcome.READY))
    stack.follow_nudges()
    stack.wait(MINUTE)
    assert stack.row(second.id).status is not Status.RUNNING
    third = stack.installing()
    stack.build(third.id)
    stack.follow_nudges()
    assert stack.row(third.id).status is Status.RUNNING


def test_p22_a_life_leaves_no_side_objects(stack: EmulatedWorld) -> None:
    """Nothing but servers is ordered, and after a life the project holds the stack's marker and nothing else (P22)."""
    row = stack.running()
    order = json.loads(next(sent.body for sent in stack.provider.sent if sent.method == "POST"))
    assert not {"volumes", "firewalls", "networks", "placement_group"} & order.keys()
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    left = {kind: stack.provider.ask(stack.token, "GET", f"/{kind}")[kind] for kind in ("servers", "primary_ips")}
    assert left == {"servers": [], "primary_ips": []}
    keys = stack.provider.ask(stack.token, "GET", "/ssh_keys")["ssh_keys"]
    assert [key["name"] for key in keys] == [labels.marker_name(stack.stack.uuid)]
