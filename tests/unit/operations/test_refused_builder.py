"""Whoever speaks as a builder and is none: one answer for all, a count, a log line, and an alarm beyond a bound."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import BuildReport, Phase
from chalicelib.domain.errors import NotFound, StoreUnavailable, Superseded
from chalicelib.domain.instance import Instance
from chalicelib.operations import secrets_of
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.record_build import record_build
from chalicelib.operations.refused_builder import ALARM_EACH, refusals_key, refused_builder
from tests.unit.domain.samples import HOUR
from tests.unit.operations.between import meeting
from tests.unit.operations.world import World

ALARM = "builders.refused"
SSH = BuildReport(phase=Phase.SSH)
UNKNOWN_ID = "ffffffffffff"


def token_of(world: World, row: Instance, purpose: tokens.Purpose, attempt: int = 1) -> str:
    """A token of an instance's."""
    return secrets_of.token(world.services, row, purpose, attempt)


def claims(world: World, row: Instance, code: str, *, id_: str = "", attempt: int = 1) -> Callable[[], object]:
    """A claim with this code."""
    return lambda: claim_build(world.services, id_ or row.id, attempt=attempt, claim_code=code, nonce="n" * 16)


def reports(world: World, row: Instance, token: str, *, id_: str = "", attempt: int = 1) -> Callable[[], object]:
    """A report with this token."""
    return lambda: record_build(world.services, id_ or row.id, attempt=attempt, build_token=token, report=SSH)


def counted(world: World) -> int:
    """How many were refused in this hour."""
    key = refusals_key(world.clock.now())
    return world.services.instances.counters([key])[key]


def test_c6_every_kind_of_wrong_token_is_counted_once_and_answered_alike(caplog: pytest.LogCaptureFixture) -> None:
    """Forged, another purpose's, another attempt's, another instance's, of no instance: one answer, one count (C6)."""
    caplog.set_level(logging.INFO)
    world = World()
    row, other = world.installing(), world.installing()
    world.claim(row.id)
    forged = secrets.token_urlsafe(32)
    claim, build = tokens.Purpose.CLAIM, tokens.Purpose.BUILD
    kinds = [
        claims(world, row, forged),
        claims(world, row, ""),
        claims(world, row, token_of(world, row, build)),
        claims(world, row, token_of(world, row, claim, 2)),
        claims(world, row, token_of(world, other, claim)),
        claims(world, row, token_of(world, row, claim), id_=UNKNOWN_ID),
        reports(world, row, forged),
        reports(world, row, token_of(world, row, claim)),
        reports(world, row, token_of(world, row, build, 2)),
        reports(world, row, token_of(world, other, build)),
        reports(world, row, token_of(world, row, build), id_=UNKNOWN_ID),
        reports(world, other, token_of(world, other, build)),  # never claimed: its token was handed to nobody
    ]
    answers = set()
    for number, kind in enumerate(kinds, start=1):
        with pytest.raises(NotFound) as refused:
            kind()
        answers.add((str(refused.value), refused.value.code, str(refused.value.data)))
        assert counted(world) == number
    assert len(answers) == 1
    told = [vars(record)["fields"] for record in caplog.records if record.message == "builder.refused_caller"]
    assert len(told) == len(kinds)
    assert {tuple(sorted(fields)) for fields in told} == {("attempt", "instance_id", "what")}
    assert [fields["instance_id"] for fields in told].count(UNKNOWN_ID) == 2
    assert forged not in caplog.text


def test_c6_what_is_right_or_only_late_is_not_counted() -> None:
    """A builder's own words, repeats, and the refusal of a superseded attempt are no forgery (row C6)."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.claim(row.id)
    world.report(row.id, SSH)
    world.report(row.id, SSH)
    world.fail_build(row.id)
    world.follow_nudges()
    for verb in (lambda: world.claim(row.id, 1), lambda: world.begin(row.id, Phase.COPY, attempt=1)):
        with pytest.raises(Superseded):
            verb()
    assert counted(world) == 0


def test_c6_beyond_a_bound_in_an_hour_a_person_is_told() -> None:
    """The twentieth is an alarm and the fortieth another, none between; the next hour counts from nothing (row C6)."""
    world = World()
    row = world.installing()
    forged = claims(world, row, secrets.token_urlsafe(32))
    raised = []
    for _ in range(2 * ALARM_EACH):
        with pytest.raises(NotFound):
            forged()
        raised.append(world.alarms.events().count(ALARM))
    assert raised == [0] * (ALARM_EACH - 1) + [1] * ALARM_EACH + [2]
    assert world.alarms.raised[-1] == (ALARM, {"in_this_hour": 2 * ALARM_EACH})
    world.clock.advance(HOUR)
    with pytest.raises(NotFound):
        forged()
    assert counted(world) == 1


class _Away:
    """Instances whose counters do not answer."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        """The port's own."""
        return getattr(self._port, name)

    def add(self, *_: object, **__: object) -> int:
        """No answer."""
        raise StoreUnavailable("The table did not answer.")


def test_a_table_that_does_not_count_changes_no_answer() -> None:
    """A count that is lost is no reason to answer otherwise: an outage is no oracle."""
    world = World()
    away: Any = _Away(world.services.instances)
    with meeting(world, instances=away):
        assert isinstance(refused_builder(world.services, UNKNOWN_ID, 1, what="claim"), NotFound)
    assert counted(world) == 0
