"""While nobody knows the service's own address, machines end in time, and nothing is bought that could not be made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import PublicUrlUnknown
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.check_health import check_health
from chalicelib.operations.tick import WorkFailed
from chalicelib.web.letters import TemplateLetters
from tests.unit.operations.world import World

URL = "https://ccc.example.com"


class Told:
    """Where the address is kept: nowhere, once somebody has deleted it."""

    def __init__(self) -> None:
        self.url = URL

    def __call__(self) -> str:
        """The address; PublicUrlUnknown."""
        if not self.url:
            raise PublicUrlUnknown("Nobody has told it.")
        return self.url


@pytest.fixture
def told() -> Told:
    """The address, which a test may delete."""
    return Told()


@pytest.fixture
def world(told: Told) -> World:
    """A service with its real letters, which asks `told` where it is."""
    made = World()
    letters: Any = TemplateLetters(find_url=told, ssh_port=22, sender="Cloud <cloud@ccc.example.com>")
    made.services = replace(made.services, find_url=told, letters=letters)
    return made


def test_a_machine_ends_in_time_and_its_letter_comes_later(world: World, told: Told) -> None:
    """The tick deletes the server without a word; when the address is known again, its guest is told."""
    row = world.running()
    told.url = ""
    ended = world.settle(row.id, Status.DELETED)
    assert ended.end_reason is EndReason.EXPIRED
    assert world.servers.project.servers == {}
    assert _subjects(world, row) == ["ready"]
    assert "mail.not_rendered" in world.alarms.events()
    told.url = URL
    world.wait(timedelta(hours=7))
    assert _subjects(world, row) == ["ready", "ended"]


def test_the_reaper_ends_a_machine_too(world: World, told: Told) -> None:
    """A run of the reaper needs no address either."""
    row = world.running()
    told.url = ""
    world.clock.advance(timedelta(hours=3))
    assert world.reap().errors == ()
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}


def test_nothing_is_bought_for_a_builder_that_nobody_could_call_back(world: World, told: Told) -> None:
    """An order waits without a builder and a server, beside a machine that ends; the tick fails for it alone."""
    ending = world.running()
    assert ending.expires_at is not None
    told.url = ""
    world.clock.advance(ending.expires_at - world.clock.now())
    waiting = world.order().instance
    world.nudge.take()
    with pytest.raises(WorkFailed, match=f"{waiting.id}: public_url_unknown"):
        world.tick()
    assert (world.row(waiting.id).status, world.row(ending.id).status) == (Status.REQUESTED, Status.DELETED)
    assert waiting.id not in {start.instance_id for start in world.installer.started}
    assert world.servers.project.servers == {}
    assert "instance.raised" in world.alarms.events()
    told.url = URL
    world.settle(waiting.id, Status.INSTALLING)


def test_health_names_it(world: World, told: Told) -> None:
    """Whoever watches the service is told what is missing, and that the rest is well."""
    told.url = ""
    health = check_health(world.services)
    assert health.pop("address") == "Nobody has told it."
    assert set(health.values()) == {"ok"}


def _subjects(world: World, row: Instance) -> list[str]:
    """The kinds of the letters about an instance, in their order."""
    marked = (letter.message_id for letter in world.mailer.sent)
    return [each.split(".")[1].split("@")[0] for each in marked if each.startswith(f"<{row.id}.")]
