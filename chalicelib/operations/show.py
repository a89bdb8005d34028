"""Show one instance: its row, and what its newest build has said."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.domain.build import BuildRecord, Cause
from chalicelib.domain.instance import Build, Instance, Status
from chalicelib.domain.tries import tries
from chalicelib.operations import durations
from chalicelib.operations.authorise import existing
from chalicelib.operations.services import Services

IN_THE_MAKING = frozenset({Status.CREATING, Status.INSTALLING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An instance with its newest build's record, and how long its phases usually take where that is known.

    While it is in the making, the record is that of the present attempt, and `begun_again` is why the one before it
    came to nothing.
    """

    instance: Instance
    build: BuildRecord | None
    usual: durations.Usual = field(default_factory=durations.Usual)
    begun_again: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTail:
    """The redacted end of a build's log, and which try it is of (0 before there is one); `begun_again` as in Shown."""

    number: int = 0
    text: str = ""
    begun_again: Cause | None = None


def show(services: Services, instance_id: str) -> Shown:
    """The instance; NotFound."""
    row = existing(services, instance_id)
    record, newest = _newest_build(services, row), row.build
    if newest is None or row.status not in IN_THE_MAKING:
        return _shown(services, row, record)
    again = _begun_again(services, row, newest)
    return _shown(services, row, record if record and record.attempt == newest.attempt else None, again)


def _shown(services: Services, row: Instance, record: BuildRecord | None, again: Cause | None = None) -> Shown:
    usual = durations.Usual() if record is None else durations.usual(services)
    return Shown(instance=row, build=record, usual=usual, begun_again=again)


def _begun_again(services: Services, row: Instance, newest: Build) -> Cause | None:
    """Why the try before the present one came to nothing; None when this is the first one."""
    if newest.attempt - newest.unrun <= 1:
        return None
    for attempt in range(newest.attempt - 1, 0, -1):
        if (record := services.instances.get_build(row.id, attempt)) is not None:
            return record.cause or Cause.BUILDER_LOST
        if not newest.unrun:  # else the silent attempt may be one that was no try
            break
    return Cause.NEVER_CLAIMED


def log(services: Services, instance_id: str) -> LogTail:
    """The end of the newest build's log, with the try it is of; NotFound."""
    row = existing(services, instance_id)
    record, newest = _newest_build(services, row), row.build
    if record is None or newest is None:
        return LogTail()
    if record.attempt < newest.attempt:
        return LogTail(number=_number(services, row.id, record.attempt, newest.unrun), text=record.log_tail)
    again = _begun_again(services, row, newest) if row.status in IN_THE_MAKING else None
    return LogTail(number=tries(row), text=record.log_tail, begun_again=again)


def _number(services: Services, instance_id: str, attempt: int, unrun: int) -> int:
    """Which try an attempt before the newest was: those before it that never ran, and so never spoke, were none."""
    if not unrun:
        return attempt
    silent = [each for each in range(1, attempt) if services.instances.get_build(instance_id, each) is None]
    return attempt - min(unrun, len(silent))


def _newest_build(services: Services, row: Instance) -> BuildRecord | None:
    """The newest attempt that has said anything: while a next one is not claimed yet, the one before it."""
    newest = row.build.attempt if row.build is not None else 0
    for attempt in range(newest, 0, -1):
        if (record := services.instances.get_build(row.id, attempt)) is not None:
            return record
    return None
