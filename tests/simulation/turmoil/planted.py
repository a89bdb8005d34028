"""Bugs that somebody might write one day, as patches of named production functions: the turmoil has to find each.

A patch names what it replaces; when that is not there any more, the patch fails, and has to be planted anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import budget, notice, orphans
from chalicelib.domain.instance import EndReason
from chalicelib.operations import extend, marker, save, work_off
from chalicelib.operations.stages import creating, deleting, deliver, ended_attempt, installing, running
from chalicelib.operations.step import Step, begin_deleting
from chalicelib.storage import rows
from tests.simulation.turmoil.accidents import Kind

Patch = Callable[[pytest.MonkeyPatch], None]
QUIET: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A bug, the accidents that bring it to light, and the invariants that it breaks."""

    name: str
    plant: Patch
    kinds: frozenset[Kind]
    breaks: frozenset[str]
    found_by: int = 0
    """The seed that finds it today, which is told first."""

    def seeds(self, most: int) -> list[int]:
        """So many seeds, with the one that is known first."""
        return [self.found_by, *(seed for seed in range(most) if seed != self.found_by)]


def _replaced(where: Any, name: str, by: Any) -> Patch:
    def plant(patches: pytest.MonkeyPatch) -> None:
        patches.setattr(where, name, by)

    return plant


def _saved_over(patches: pytest.MonkeyPatch) -> None:
    """Read, modify, save: whatever happened in between is lost."""

    def over(services: Any, after: Any, *, before: Any, **more: Any) -> Any:
        fresh = services.instances.get(after.id)
        return save.save(services, replace(after, version=fresh.version, op_id=fresh.op_id), before=fresh, **more)

    patches.setattr(extend, "save", over)


def _ends_early(patches: pytest.MonkeyPatch) -> None:
    step = running.step

    def early(services: Any, row: Any, now: Any) -> Step:
        soon = None if row.expires_at is None else row.expires_at - timedelta(minutes=15)
        return step(services, row if soon is None else replace(row, expires_at=soon), now)

    def expire(row: Any, now: Any) -> Any:
        return begin_deleting(row, EndReason.EXPIRED, now)

    patches.setattr(running, "step", early)
    patches.setattr(running, "_expire", expire)
    patches.setattr(deleting, "_too_early", lambda *_: None)


def _forgets(counter: str) -> Patch:
    changes = save.counter_changes

    def grows(before: Any, after: Any, limits: Any) -> Any:
        every = changes(before, after, limits)
        return tuple(each for each in every if not each.key.startswith(counter) or each.amount > 0)

    return _replaced(save, "counter_changes", grows)


def _sweeps_at_first_sight(patches: pytest.MonkeyPatch) -> None:
    judge = orphans.judge

    def hasty(server: Any, **facts: Any) -> Any:
        verdict = judge(server, **facts)
        if facts["row"] is None:
            return replace(verdict, judgement=orphans.Judgement.DELETE)
        return verdict

    from chalicelib.operations import sweep  # noqa: PLC0415 -- its own name for the rule is what is patched

    patches.setattr(sweep, "judge", hasty)


PLANTED = (
    Plant(
        name="extend saves over whatever happened meanwhile",
        plant=_saved_over,
        kinds=frozenset({Kind.OVERTAKE, Kind.STAND_STILL}),
        breaks=frozenset({"6", "8", "22"}),
        found_by=13,
    ),
    Plant(
        name="machines end a quarter of an hour early",
        plant=_ends_early,
        kinds=QUIET,
        breaks=frozenset({"8"}),
        found_by=2,
    ),
    Plant(
        name="labels are not looked at",
        plant=_replaced(creating, "ours", lambda *_: True),
        kinds=frozenset({Kind.BY_HAND}),
        breaks=frozenset({"4"}),
    ),
    Plant(
        name="the marker is not looked at",
        plant=_replaced(marker, "doubt", lambda *_, **__: None),
        kinds=frozenset({Kind.OTHER_TOKEN, Kind.RESTORE}),
        breaks=frozenset({"1", "3", "4", "8"}),
    ),
    Plant(
        name="a restored table is not noticed",
        plant=_replaced(marker, "_is_ahead", lambda *_: False),
        kinds=frozenset({Kind.RESTORE}),
        breaks=frozenset({"4", "8"}),
        found_by=26,
    ),
    Plant(
        name="the live count is never given back",
        plant=_forgets(save.LIVE),
        kinds=QUIET,
        breaks=frozenset({"21"}),
    ),
    Plant(
        name="the owner's quota is never given back",
        plant=_forgets(save.quota_key("")),
        kinds=QUIET,
        breaks=frozenset({"21"}),
    ),
    Plant(
        name="what was not used is not given back",
        plant=_replaced(budget, "settle", lambda holds, *_: holds),
        kinds=QUIET,
        breaks=frozenset({"22"}),
    ),
    Plant(
        name="the next attempt does not wait for the end of the last",
        plant=_replaced(
            ended_attempt,
            "end",
            lambda _services, _row, build: Step(
                change=lambda it: replace(it, build=replace(build, stopped=True), retry_at=None), again=True
            ),
        ),
        kinds=frozenset({Kind.BAD_BUILD}),
        breaks=frozenset({"11"}),
    ),
    Plant(
        name="a builder is never told to stop",
        plant=_replaced(ended_attempt, "call_off", lambda *_: None),
        kinds=frozenset({Kind.BAD_BUILD}),
        breaks=frozenset({"11"}),
    ),
    Plant(
        name="mails are tried again and again",
        plant=_replaced(notice, "MAX_ATTEMPTS", 99),
        kinds=frozenset({Kind.LOSE_ANSWER, Kind.DIE}),
        breaks=frozenset({"15"}),
        found_by=12,
    ),
    Plant(
        name="a mail is sent before its attempt is counted",
        plant=_replaced(
            deliver,
            "_claimed",
            lambda services, row, due, letter, _now: deliver._sender(services, due, letter)(row),
        ),
        kinds=frozenset({Kind.LOSE_ANSWER, Kind.DIE, Kind.OVERTAKE}),
        breaks=frozenset({"15"}),
    ),
    Plant(
        name="the builder's word is enough",
        plant=_replaced(
            installing,
            "_reported_ready",
            lambda services, row, record, machine, now: installing._running(
                services, row, record, machine, row.host_key, now
            ),
        ),
        kinds=frozenset({Kind.BAD_BUILD}),
        breaks=frozenset({"16"}),
        found_by=4,
    ),
    Plant(
        name="nobody serves what is due",
        plant=_replaced(work_off, "in_order", lambda *_, **__: iter(())),
        kinds=frozenset({Kind.DEAF}),
        breaks=frozenset({"5"}),
    ),
    Plant(
        name="tombstones are thrown away at once",
        plant=_replaced(rows, "TOMBSTONE_KEPT", timedelta(days=-3)),
        kinds=QUIET,
        breaks=frozenset({"22"}),
    ),
    Plant(
        name="servers are swept at first sight",
        plant=_sweeps_at_first_sight,
        kinds=frozenset({Kind.RESTORE}),
        breaks=frozenset({"4", "8"}),
    ),
)
