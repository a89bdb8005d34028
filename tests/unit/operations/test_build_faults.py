"""Faults of builds, row by row: each ends in bounded time, with the right word to the guest.

The rows that concern one verb alone are beside that verb's other tests.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import (
    BUILDERS_CAUSES,
    FINAL_CAUSES,
    INSTALL_AT_MOST,
    MAX_ATTEMPTS,
    BuildReport,
    Cause,
    Outcome,
    Phase,
)
from chalicelib.domain.errors import BuildOver, InvalidInput
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.show import show
from tests.letters import read
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.attempts import READY, attempt_of, building, kinds
from tests.unit.operations.world import World

PHASES = list(Phase)
AFTER_PERMISSION = [Phase.DISKO, Phase.COPY, Phase.INSTALL]
SOON = timedelta(seconds=10)


def is_over(world: World, row: Instance, cause: Cause) -> Instance:
    """The instance has failed for its cause: no server, nothing counted, one mail that a person understands."""
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert failed.failure is not None
    assert failed.failure.code == cause
    assert (world.servers.project.servers, world.live, world.installer.running()) == ({}, 0, 0)
    assert kinds(world) == ["failed"]
    letter = read(world.mailer.sent[-1])
    words = EXPLANATIONS[cause]
    for form in (letter.text, letter.html):
        assert words.message in form.replace("&#39;", "'")
        assert words.operator_hint not in form.replace("&#39;", "'")
    assert words.hint.rpartition("charged. ")[2].strip() in letter.text
    assert letter.text.count("Nothing was charged") == 1
    assert not ("_" in cause.value and cause.value in letter.text)
    return failed


def each_attempt(world: World, row: Instance, *phases: Phase, cause: Cause | None) -> None:
    """Let every attempt come so far and then fail, or die without a word."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        within = world.clock.now() + 10 * MINUTE
        while attempt_of(world, row) < attempt:
            assert world.clock.now() < within
            world.wait(SOON)
        if attempt > 1:
            world.claim(row.id, attempt)
        world.begin(row.id, *phases, attempt=attempt)
        if cause is not None:
            world.fail_build(row.id, cause, attempt)
            world.follow_nudges()
        world.installer.end(row.id, attempt)


def test_b1_an_attempt_that_the_platform_never_heard_of_is_followed_by_the_next() -> None:
    """A job that is written down and does not exist is no job: within a minute there is attempt 2 (row B1)."""
    world = World()
    row = world.installing()
    world.installer._states.clear()
    world.wait(MINUTE)
    assert attempt_of(world, row) == 2
    world.build(row.id, attempt=2)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING


def test_b5_a_builder_that_died_before_kexec_is_followed_by_the_next_on_the_same_system() -> None:
    """Nothing was touched, so nothing is rebuilt: attempt 2 goes on with the stock system (row B5)."""
    world, row = building(Phase.SSH)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert attempt_of(world, row) == 2
    assert "rebuild" not in world.requests()
    world.build(row.id, attempt=2)
    world.follow_nudges()
    assert kinds(world) == ["ready"]


@pytest.mark.parametrize("phase", AFTER_PERMISSION)
def test_b7_a_disk_that_was_half_written_is_never_announced(phase: Phase) -> None:
    """A death in disko, copy or install: the server is made stock again, and `ready` is said of attempt 2 (row B7)."""
    world, row = building(*PHASES[: PHASES.index(phase) + 1])
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    world.wait(MINUTE)
    assert attempt_of(world, row) == 2
    assert world.requests() == ["create", "get", "rebuild", "get"]
    assert kinds(world) == []
    world.build(row.id, attempt=2)
    world.follow_nudges()
    assert kinds(world) == ["ready"]


@pytest.mark.parametrize("told", [True, False])
def test_b9_a_reboot_that_never_returns_ends_the_instance(told: bool) -> None:
    """Told by the builder or seen by nobody: three attempts, then failed, with no server and no `ready` (row B9)."""
    world, row = building()
    each_attempt(world, row, *Phase, cause=Cause.NEVER_BACK if told else None)
    failed = is_over(world, row, Cause.NEVER_BACK if told else Cause.BUILDER_LOST)
    assert failed.ended_at is not None
    assert failed.ended_at <= TEN + INSTALL_AT_MOST + 2 * MINUTE


@pytest.mark.parametrize("phase", list(Phase))
def test_a_machine_and_builder_that_die_in_a_phase_are_given_up_in_time(phase: Phase) -> None:
    """Silence from any of the seven phases on: bounded, named as a lost builder, nothing paid for, one mail."""
    world, row = building()
    each_attempt(world, row, *PHASES[: PHASES.index(phase) + 1], cause=None)
    failed = is_over(world, row, Cause.BUILDER_LOST)
    assert failed.ended_at is not None
    assert failed.ended_at <= TEN + INSTALL_AT_MOST


@pytest.mark.parametrize("cause", sorted(BUILDERS_CAUSES))
def test_b21_what_the_builder_names_is_what_the_guest_reads(cause: Cause) -> None:
    """A full disk, too little memory or whatever it was: the last try's reason is in the mail in words (row B21).

    The tries before it failed for another reason, so that no other word than the builder's last can be told.
    """
    before = Cause.COPY_FAILED if cause is not Cause.COPY_FAILED else Cause.KEXEC_FAILED
    world, row = building(Phase.SSH)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        if attempt > 1:
            world.claim(row.id, attempt)
        named = cause if attempt == MAX_ATTEMPTS else before
        detail = f"write to the disk: no space left, says attempt {attempt}"
        world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=named, detail=detail), attempt)
        world.installer.end(row.id, attempt)
        world.follow_nudges()
    failed = is_over(world, row, cause)
    assert [job.attempt for job in world.installer.started] == [1, 2, 3]
    record = show(world.services, failed.id).build
    assert record is not None
    assert record.detail.endswith("says attempt 3")
    letter = read(world.mailer.sent[-1])
    assert "no space left" not in letter.text + letter.html
    assert EXPLANATIONS[before].message not in letter.text


@pytest.mark.parametrize("cause", sorted(FINAL_CAUSES))
def test_b21_what_is_final_is_told_after_one_try(cause: Cause) -> None:
    """A machine that may be somebody else's is not tried twice, and the mail says what it was (rows B13, B21)."""
    world, row = building(Phase.SSH)
    world.fail_build(row.id, cause)
    world.follow_nudges()
    is_over(world, row, cause)
    assert [job.attempt for job in world.installer.started] == [1]


@pytest.mark.parametrize("cause", sorted(set(Cause) - BUILDERS_CAUSES))
def test_c9_a_builder_does_not_tell_what_it_cannot_know(cause: Cause) -> None:
    """A market, a cap, a pause or its own absence as a builder's report is refused, and nothing is kept (row C9)."""
    world, row = building(Phase.SSH)
    before = world.table.contents()
    with pytest.raises(InvalidInput):
        world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=cause))
    assert world.table.contents() == before


@pytest.mark.parametrize("phases", [(), (Phase.SSH,), tuple(Phase)])
def test_b19_a_machine_that_is_called_off_during_its_build_says_so(phases: tuple[Phase, ...]) -> None:
    """Ended before it ran: `revoked` stands in the row, which is deleted, not failed, and nobody is to blame (B19)."""
    world, row = building(*phases)
    deprovision(world.services, row.id)
    world.follow_nudges()
    ended = world.settle(row.id, Status.DELETED)
    assert ended.failure is not None
    assert (ended.end_reason, ended.failure.code) == (EndReason.RELEASED, "revoked")
    assert world.services.breaker.get().count == 0
    world.wait(MINUTE)
    assert kinds(world) == ["ended"]
    running = world.running()
    deprovision(world.services, running.id)
    assert world.settle(running.id, Status.DELETED).failure is None


def test_b15_no_secret_is_in_table_labels_alarms_or_log(caplog: pytest.LogCaptureFixture) -> None:
    """After a failed attempt and a whole life no token and no private key lies where somebody else reads (row B15)."""
    caplog.set_level(logging.DEBUG)
    world, row = building(Phase.SSH, Phase.KEXEC)
    world.fail_build(row.id)
    world.follow_nudges()
    world.wait(MINUTE)
    world.build(row.id, attempt=2)
    world.follow_nudges()
    seen = [*world.table.contents().values(), str(world.servers.project.servers), str(world.alarms.raised), caplog.text]
    seen += [str(vars(record)) for record in caplog.records]
    secret = secrets_in(world, row)
    assert len(set(secret.values())) == len(secret)
    for name, text in secret.items():
        assert not [place for place in seen if text in place], name
    planted = world.servers.project.user_data[_server_id(row)]
    del secret[tokens.KeyUse.BOOTSTRAP_HOST.value]  # the machine shows it until it is installed, and it opens nothing
    assert not [name for name, text in secret.items() if text in planted]


def secrets_in(world: World, row: Instance) -> dict[str, str]:
    """Every token, and the telling line of every private key, that belongs to an instance, by its name."""
    purposes = {purpose.value: secrets_of.token(world.services, row, purpose) for purpose in tokens.Purpose}
    of_attempts = {
        f"{purpose} {attempt}": secrets_of.token(world.services, row, purpose, attempt)
        for purpose in (tokens.Purpose.CLAIM, tokens.Purpose.BUILD)
        for attempt in (1, 2)
    }
    keys = {use.value: telling_line(secrets_of.key_pair(world.services, row, use).private) for use in tokens.KeyUse}
    return {**purposes, **of_attempts, **keys}


def telling_line(key: str) -> str:
    """The longest line of a key's text, which stays as it is wherever the text is written."""
    return max(key.splitlines(), key=len)


def _server_id(row: Instance) -> int:
    assert row.machine is not None
    return row.machine.server_id


@pytest.mark.parametrize("gone", [False, True])
def test_b17_a_build_that_succeeds_after_the_end_brings_nothing_back(gone: bool) -> None:
    """`ready` for an instance that is ending or gone is refused, and neither row nor mailbox hears of it (row B17)."""
    world, row = building(*Phase)
    deprovision(world.services, row.id)
    if gone:
        world.follow_nudges()
        assert world.row(row.id).status is Status.DELETED
    world.boot(row.id)
    before = world.row(row.id)
    with pytest.raises(BuildOver):
        world.report(row.id, READY)
    assert world.row(row.id) == before
    world.settle(row.id, Status.DELETED)
    world.wait(MINUTE)
    assert kinds(world) == ["ended"]
    assert world.servers.project.servers == {}


@pytest.mark.parametrize("hours", [1, 2])
def test_b18_the_clock_of_a_slow_build_starts_when_the_machine_is_ready(hours: int) -> None:
    """A build of 40 minutes takes nothing from the guest: they get all the hours they asked for (row B18)."""
    world = World()
    row = world.running(hours, after=40 * MINUTE)
    assert row.running_at == TEN + 40 * MINUTE
    assert row.expires_at is not None
    assert row.expires_at - row.running_at >= hours * HOUR


def test_b18_the_longest_life_counts_from_the_server_all_the_same() -> None:
    """A slow build does not lengthen the life of a server past the operator's cap (row B18)."""
    world = World(max_hours=2, max_life_hours=2)
    row = world.running(2, after=40 * MINUTE)
    assert row.expires_at is not None
    assert row.expires_at <= TEN + 2 * HOUR
    world.settle(row.id, Status.DELETED)
    assert world.clock.now() <= TEN + 2 * HOUR + MINUTE


@pytest.mark.parametrize("by", ["its owner", "the deadline"])
def test_b19_a_machine_that_ends_during_its_build_is_deleted_under_the_builder(by: str) -> None:
    """The end wins: the server goes at once, and the builder's next question is answered with the end (row B19)."""
    world, row = building(Phase.SSH, Phase.KEXEC)
    if by == "its owner":
        deprovision(world.services, row.id)
        world.follow_nudges()
    else:
        world.clock.advance(45 * MINUTE)
        world.reap()
    assert world.servers.project.servers == {}
    for report in (BuildReport(phase=Phase.DISKO), BuildReport(phase=Phase.COPY), READY):
        with pytest.raises(BuildOver):
            world.report(row.id, report)
    assert world.installer.running() == 0
    assert "ready" not in kinds(world)
