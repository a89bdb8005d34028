"""One crash at every boundary of every flow: whatever dies where, the end is right.

For each flow the process is killed at its first call of a port, then at its second, and so on until the flow runs
through: once before the effect and once after it. The rows of the list of faults that this covers are P1 to P14, B1 to
B5, B20, C2, C3, M1 to M4, X1, R4 to R8, R11 and D1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from chalicelib.domain import labels
from chalicelib.domain.build import Phase
from chalicelib.domain.instance import Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from tests.simulation.crashing import Fate, Killed
from tests.simulation.healing import Case
from tests.simulation.strangers import (
    a_day_later,
    ask_and_confirm_again,
    ask_for_another,
    ask_for_another_again,
    sign_up_and_confirm,
)
from tests.unit.domain.samples import HOUR, MINUTE, TEN

Act = Callable[[Case], None]


def nothing(_: Case) -> None:
    """No preparation, or nobody who asks again."""


def order(case: Case) -> None:
    """A client's order, under its key."""
    case.instance_id = case.world.order(1, key="k").instance.id


def provision(case: Case) -> None:
    """An order and its whole way to a running machine."""
    order(case)
    case.world.follow_nudges()
    case.world.clock.advance(4 * MINUTE)
    case.world.build(case.instance_id)
    case.world.follow_nudges()


def lose_a_create(case: Case) -> None:
    """The provider's answer to the first create is lost."""
    case.world.servers.lose_next("create")


def provision_adopting(case: Case) -> None:
    """The way to an adopted server when the first create is not answered."""
    order(case)
    case.world.follow_nudges()
    case.world.wait(MINUTE / 6)


def build_failed(case: Case) -> None:
    """An instance whose first attempt had permission to begin kexec."""
    order(case)
    case.world.follow_nudges()
    case.world.claim(case.instance_id)
    case.world.begin(case.instance_id, Phase.SSH, Phase.KEXEC)


def next_attempt(case: Case) -> None:
    """The attempt fails: it is stopped, the server is rebuilt, the next one starts."""
    case.world.fail_build(case.instance_id)
    case.world.follow_nudges()


def lengthen(case: Case) -> None:
    """A guest's two more hours, under their key."""
    extend(case.world.services, case.instance_id, hours=2, key="more")
    case.world.follow_nudges()


def release(case: Case) -> None:
    """The owner's wish to end it."""
    deprovision(case.world.services, case.instance_id)
    case.world.follow_nudges()


def expire(case: Case) -> None:
    """A tick just when the machine's time is over."""
    case.world.tick()


def reap(case: Case) -> None:
    """One run of the reaper."""
    case.world.reap()


def at_its_end(case: Case) -> None:
    """A running machine at the second of its end, with all warnings sent."""
    provision(case)
    end = case.row.expires_at
    assert end is not None
    case.world.wait(end - 9 * MINUTE - case.world.clock.now())
    case.world.clock.advance(9 * MINUTE)


FLOWS: dict[str, tuple[Act, Act, Act, Status]] = {
    # the preparation, the flow that is killed, what its client asks again, where healing leads
    "provision": (nothing, provision, order, Status.RUNNING),
    "provision, create unanswered": (lose_a_create, provision_adopting, order, Status.RUNNING),
    "next attempt": (build_failed, next_attempt, nothing, Status.RUNNING),
    "extend": (provision, lengthen, lengthen, Status.RUNNING),
    "release": (provision, release, release, Status.DELETED),
    "release while it is built": (build_failed, release, release, Status.DELETED),
    "expire": (at_its_end, expire, nothing, Status.DELETED),
    "sign up and confirm": (nothing, sign_up_and_confirm, ask_and_confirm_again, Status.RUNNING),
    "sign up with a machine": (sign_up_and_confirm, ask_for_another, ask_for_another_again, Status.RUNNING),
}


def killed(case: Case, flow: Act, fate: Fate) -> bool:
    """Carry out a flow until it dies; whether it did. What had been asked for dies with it."""
    plain = case.world.services
    case.world.services = fate.wrapped(plain)
    try:
        flow(case)
    except Killed:
        case.world.nudge.take()
    finally:
        case.world.services = plain
    return fate.struck is not None


def survive(name: str, fate: Fate) -> bool:
    """One case: prepare, die, ask again, heal, check, live on to the end, check again."""
    prepare, flow, again, status = FLOWS[name]
    case = Case()
    prepare(case)
    struck = killed(case, flow, fate)
    again(case)
    if not case.instance_id:
        order(case)
    case.heal(status, within=90 * MINUTE)
    if status is Status.RUNNING:
        case.check_alive()
    assert len(case.row.extensions) == (flow is lengthen)
    end = case.row.expires_at if status is Status.RUNNING else None
    case.live_on()
    assert end is None or case.row.ended_at == end
    if case.forgotten:
        a_day_later(case)
    return struck


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_crash_at_every_boundary_heals(name: str, after: bool) -> None:
    """Killed at any call of any port: one server while it lives, none at the end, counters and mails right."""
    for nth in count(1):
        fate = Fate(nth, after=after)
        try:
            struck = survive(name, fate)
        except BaseException as error:
            error.add_note(f"flow {name!r}, killed {'after' if after else 'before'} call {nth}: {fate.struck}")
            raise
        if not struck:
            break
    assert nth > 8


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_an_extend_that_was_answered_is_kept_by_every_crash(after: bool) -> None:
    """Killed anywhere after its extend was answered, the machine lives to the new end (invariant 8)."""
    for nth in count(1):
        case = Case()
        provision(case)
        end = extend(case.world.services, case.instance_id, hours=1, key="more").extension.new_expires_at
        case.world.clock.advance(end - HOUR - case.world.clock.now())
        struck = killed(case, expire, Fate(nth, after=after))
        while case.world.clock.now() < end - MINUTE:
            case.minute(5 * MINUTE)
            assert case.row.status is Status.RUNNING or case.world.clock.now() >= end
        case.live_on()
        assert case.row.ended_at is not None
        assert case.row.ended_at >= end
        if not struck:
            break
    assert nth > 3


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_a_sweep_that_dies_anywhere_is_finished_by_the_next(after: bool) -> None:
    """Killed at any call of a run of the reaper: the orphan goes, the living machine stays (row O10)."""
    for nth in count(1):
        case = Case()
        provision(case)
        case.world.servers.add(_orphan(case))
        case.world.reap()
        case.world.clock.advance(15 * MINUTE)
        struck = killed(case, reap, Fate(nth, after=after))
        for _ in range(2):
            case.world.reap()
            case.world.clock.advance(15 * MINUTE)
        case.check_alive()
        if not struck:
            break
    assert nth > 10


def _orphan(case: Case) -> ServerFact:
    return ServerFact(
        server_id=90_001,
        name=labels.server_name("0" * 12),
        labels=labels.server_labels(stack=case.world.stack.uuid, instance_id="0" * 12),
        created_at=TEN - timedelta(hours=1),
        status="running",
        ip="198.18.9.9",
    )
