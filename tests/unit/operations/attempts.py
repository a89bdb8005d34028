"""Builds that have come so far, and what became of them; where it is said, with the letters that guests get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.domain.build import BuildReport, Outcome, Phase
from chalicelib.domain.instance import Instance
from chalicelib.web.letters import TemplateLetters
from tests.unit.operations.world import World

READY = BuildReport(outcome=Outcome.READY)


def building(*phases: Phase) -> tuple[World, Instance]:
    """A world with an instance whose first attempt has come so far, and letters as guests get them."""
    world = World()
    letters: Any = TemplateLetters(
        find_url=world.services.find_url, ssh_port=22, sender="Cloud <cloud@ccc.example.com>"
    )
    world.services = replace(world.services, letters=letters)
    return world, claimed(world, *phases)


def claimed(world: World, *phases: Phase) -> Instance:
    """An instance whose first attempt has come so far."""
    row = world.installing()
    world.claim(row.id)
    world.begin(row.id, *phases)
    return world.row(row.id)


def attempt_of(world: World, row: Instance) -> int:
    """The number of the newest attempt, by the table."""
    return number_of(world.row(row.id))


def number_of(row: Instance) -> int:
    """The number of the newest attempt of a row as it was read."""
    assert row.build is not None
    return row.build.attempt


def code_of(row: Instance) -> str | None:
    """The code of an instance's failure."""
    return None if row.failure is None else row.failure.code


def kinds(world: World) -> list[str]:
    """The kinds of the mails that left."""
    return [letter.message_id.partition("@")[0].partition(".")[2] for letter in world.mailer.sent]
