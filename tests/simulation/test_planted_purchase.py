"""A server is bought for a builder that asks, and for no other: random stories, and bugs that buy too early in them.

In a story jobs begin, end for want of a part, fall silent, or ask, as chance has it; each is the same every time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Status
from chalicelib.operations.ports import ServerOrder
from chalicelib.operations.stages import requested
from tests.simulation.planted import Bug, planted
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World

SEEDS = range(20)
ORDERS = 3
LOOKS = 90
"""Looks of ten seconds: a quarter of an hour, in which a silent job comes to the end of its time."""

BUYS_ON_THE_PLATFORMS_WORD = Bug(
    name="buys on the platform's word",
    module=requested,
    function="_watch",
    right="if build.asked_at is None:",
    wrong="if build.running_at is None:",
)
BUYS_FOR_A_JOB_THAT_HAS_ENDED = Bug(
    name="buys for a job that has ended",
    module=requested,
    function="_watch",
    right="if state in ended_attempt.ENDED:",
    wrong="if state in ended_attempt.ENDED and build.asked_at is None:",
)


class Buying:
    """The provider's servers; each purchase is held against what the row and the platform know just then."""

    def __init__(self, world: World) -> None:
        self.unfounded: list[str] = []
        self._world = world
        self._servers: Any = world.services.servers

    def __getattr__(self, name: str) -> Any:
        """The port's own."""
        return getattr(self._servers, name)

    def create(self, order: ServerOrder) -> Any:
        """Buy; it is unfounded unless the newest attempt has asked and still runs."""
        build = self._world.row(order.instance_id).build
        at_work = [(job.instance_id, job.attempt) for job in self._world.installer.at_work()]
        if build is None or build.asked_at is None or (order.instance_id, build.attempt) not in at_work:
            self.unfounded.append(order.instance_id)
        return self._servers.create(order)


def story(seed: int) -> Buying:
    """Three orders, and what becomes of their jobs until there is a machine for each, or time is over."""
    random, world = Random(seed), World()
    world.builders_ask = False
    buying = Buying(world)
    servers: Any = buying
    world.services = replace(world.services, servers=servers)
    ids = [world.order().instance.id for _ in range(ORDERS)]
    world.follow_nudges()
    for _ in range(LOOKS):
        for job in world.installer.at_work():
            if world.row(job.instance_id).status is Status.REQUESTED:
                _turn(world, random, job.instance_id, job.attempt)
        world.wait(MINUTE / 6)
        if all(world.row(each).status is Status.INSTALLING for each in ids):
            break
    return buying


def _turn(world: World, random: Random, instance_id: str, attempt: int) -> None:
    """A job ends, asks, asks and ends at once, or says nothing."""
    what = random.choices(["ends", "asks", "asks and ends", "says nothing"], [2, 1, 1, 6])[0]
    if "asks" in what:
        with suppress(CccError):
            world.claim(instance_id, attempt)
    if "ends" in what:
        world.installer.end(instance_id, attempt)


def test_servers_are_bought_for_builders_that_ask() -> None:
    """In no story is a server bought for another job, and in most there is one for each order in the end."""
    stories = [story(seed) for seed in SEEDS]
    assert [told.unfounded for told in stories] == [[]] * len(SEEDS)
    assert sum(len(told.project.servers) == ORDERS for told in stories) > len(SEEDS) / 2


@pytest.mark.parametrize("bug", [BUYS_ON_THE_PLATFORMS_WORD, BUYS_FOR_A_JOB_THAT_HAS_ENDED], ids=lambda bug: bug.name)
def test_whoever_buys_too_early_is_found(bug: Bug) -> None:
    """With the bug a story shows a purchase without a builder; without it none does."""
    with planted(bug):
        found = [seed for seed in SEEDS if story(seed).unfounded]
    assert found
    assert story(found[0]).unfounded == []
