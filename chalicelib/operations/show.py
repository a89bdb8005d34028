"""Show one instance: its row, and what its newest build has said."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Instance
from chalicelib.operations import durations
from chalicelib.operations.authorise import existing
from chalicelib.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An instance with its newest build's record, and how long its phases usually take where that is known."""

    instance: Instance
    build: BuildRecord | None
    usual: durations.Usual = field(default_factory=durations.Usual)


def show(services: Services, instance_id: str) -> Shown:
    """The instance; NotFound."""
    row = existing(services, instance_id)
    build = _newest_build(services, row)
    if build is None:
        return Shown(instance=row, build=None)
    return Shown(instance=row, build=build, usual=durations.usual(services))


def log(services: Services, instance_id: str) -> tuple[int, str]:
    """The attempt's number and the redacted log tail of the newest build; (0, "") before there is one."""
    row = existing(services, instance_id)
    record = _newest_build(services, row)
    return (record.attempt, record.log_tail) if record is not None else (0, "")


def _newest_build(services: Services, row: Instance) -> BuildRecord | None:
    """The newest attempt that has said anything: while a next one is not claimed yet, the one before it."""
    newest = row.build.attempt if row.build is not None else 0
    for attempt in range(newest, 0, -1):
        if (record := services.instances.get_build(row.id, attempt)) is not None:
            return record
    return None
