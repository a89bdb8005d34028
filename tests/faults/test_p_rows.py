"""Rows P of the fault matrix that need a crash at an exact point, or the provider's own words: provisioning."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from chalicelib.domain import budget, labels, tokens
from chalicelib.domain.build import BuildReport, Cause, Outcome
from chalicelib.domain.errors import BuildOver
from chalicelib.domain.instance import Status
from chalicelib.operations import secrets_of
from chalicelib.operations.advance import advance
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.record_build import record_build
from tests.faults.dying import killed_at
from tests.simulation.crashing import Fate, Killed
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def rows_of(world: World) -> list[str]:
    """The keys of all rows in the table."""
    return [key for key in world.table.contents() if key.startswith("instance#")]


def test_p01_an_order_that_died_before_anything_left_nothing_and_can_be_made_again() -> None:
    """Killed before its first effect: no row, no money, nobody live; the same key then makes exactly one (row P1)."""
    world = World()
    killed_at(world, "instances", "write", lambda: world.order(key="k"), after=False)
    assert (rows_of(world), world.live, world.spend) == ([], 0, 0)
    ordered = world.order(key="k")
    assert not ordered.replayed
    assert rows_of(world) == [f"instance#{ordered.instance.id}"]


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_p02_p03_p04_wherever_an_order_dies_the_same_key_is_one_row_counted_once(after: bool) -> None:
    """At every call of every port: row, quota and money are there together or not at all, and the retry is the same."""
    for nth in count(1):
        world = World()
        fate, plain = Fate(nth, after=after), world.services
        world.services = fate.wrapped(plain)
        try:
            world.order(key="k")
        except Killed:
            world.nudge.take()
        world.services = plain
        made = len(rows_of(world))
        assert (world.live, world.spend > 0) == (made, made == 1)
        again, third = world.order(key="k"), world.order(key="k")
        assert again.instance.id == third.instance.id
        assert again.manage_token == third.manage_token
        assert len(rows_of(world)) == world.live == 1
        assert world.spend == budget.held(again.instance.holds)
        if fate.struck is None:
            break
    assert nth > 4


@pytest.mark.parametrize("lose_nudge", [False, True])
def test_p05_an_order_whose_worker_never_came_is_begun_by_the_next_tick(lose_nudge: bool) -> None:
    """The row is there and nobody works on it: a minute later a tick does (row P5)."""
    world = World()
    world.nudge.deaf = lose_nudge
    row = world.order().instance
    world.nudge.take()
    assert world.row(row.id).status is Status.REQUESTED
    world.wait(MINUTE)
    if lose_nudge:  # the builder's own question reaches nobody either, until the next tick
        assert (world.row(row.id).status, len(world.installer.started)) == (Status.REQUESTED, 1)
        world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING


def test_p06_a_client_that_saw_no_answer_asks_again_and_has_the_same_machine() -> None:
    """The order was taken and its reply lost: the same key is answered with the same id while it is built (row P6)."""
    world = World()
    first = world.order(key="k").instance.id
    world.follow_nudges()
    again = world.order(key="k")
    assert (again.replayed, again.instance.id) == (True, first)
    assert world.requests() == ["create"]


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


def test_p23_what_became_dearer_between_form_and_create_is_not_bought() -> None:
    """The price rises after the order: nothing is bought on the money that was set aside for less (row P23)."""
    world = World()
    row = world.order(server_type="cpx22", location="nbg1").instance
    market = world.services.catalogue.market()
    assert market is not None
    dearer = tuple(
        replace(kind, offers=tuple(replace(offer, hourly=offer.hourly * 9) for offer in kind.offers))
        for kind in market.types
    )
    world.services.catalogue.keep(replace(market, types=dearer))
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert failed.failure is not None
    assert failed.failure.code == Cause.STOCK
    assert "create" not in world.requests()


def test_p24_the_last_money_is_given_to_one_of_two_orders() -> None:
    """Both look and see room, one reserves: the other's write is refused whole, and the cap is kept (row P24)."""
    world = World()
    one = budget.held(world.order(key="measure").instance.holds)
    world = World(max_monthly_eur=budget.euros(one + one // 2))
    plain = world.services
    instances: Any = Between(plain.instances, "write", lambda: _order_by(world, plain))
    refused: list[str] = []
    with meeting(world, instances=instances):
        try:
            world.order(key="second")
        except Exception as error:  # noqa: BLE001 -- whichever refusal it is, its limit is what is looked at
            refused.append(str(getattr(error, "data", {}).get("limit")))
    assert refused == ["spend"]
    assert (world.live, world.spend) == (1, one)


def _order_by(world: World, plain: Any) -> None:
    changed, world.services = world.services, plain
    world.order(key="first")
    world.services = changed


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
