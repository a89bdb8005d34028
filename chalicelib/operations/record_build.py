"""Write down what a builder says: the phase it begins, or how it ended; only the newest attempt is heard.

An identical repeat gives the same answer and changes nothing. An outcome is told once: `ready` is not believed here,
the control plane probes the machine itself before the instance runs. What is said of a step within a phase is kept and
permits nothing, so it is no business of the row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import tokens
from chalicelib.domain.build import (
    BUILDERS_CAUSES,
    LOG_TAIL_CHARS,
    NEEDS_PERMISSION,
    STEP_CHARS,
    BuildRecord,
    BuildReport,
    Phase,
    PhaseStart,
)
from chalicelib.domain.errors import BuildOver, InvalidInput, NotFound, Superseded, WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.authorise import existing
from chalicelib.operations.refused_builder import refused_builder
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MAX_TRIES = 8


def record_build(services: Services, instance_id: str, *, attempt: int, build_token: str, report: BuildReport) -> None:
    """Take a report; NotFound for a wrong token, InvalidInput for a cause not a builder's, Superseded, BuildOver."""
    for _ in range(MAX_TRIES):
        row, record = _told_of(services, instance_id, attempt, build_token)
        if report.cause is not None and report.cause not in BUILDERS_CAUSES:
            raise InvalidInput({"cause": "A builder cannot know that."})
        if _told_before(record, report):
            return
        _check_may_speak(row, record, attempt)
        try:
            _write(services, row, record, report)
        except WriteConflict:
            continue
        return
    raise WriteConflict("Too many others are changing this instance. Try again.")


def _told_of(services: Services, instance_id: str, attempt: int, build_token: str) -> tuple[Instance, BuildRecord]:
    """The row and the claimed attempt that the token opens; whoever has another token is counted."""
    try:
        row = existing(services, instance_id)
    except NotFound as none:
        raise refused_builder(services, instance_id, attempt, what="report") from none
    if not tokens.matches(build_token, secrets_of.token(services, row, tokens.Purpose.BUILD, attempt)):
        raise refused_builder(services, instance_id, attempt, what="report")
    record = services.instances.get_build(row.id, attempt)
    if record is None:
        raise refused_builder(services, instance_id, attempt, what="report")
    return row, record


def _told_before(record: BuildRecord, report: BuildReport) -> bool:
    return record.outcome is not None and (report.outcome, report.cause) == (record.outcome, record.cause)


def _check_may_speak(row: Instance, record: BuildRecord, attempt: int) -> None:
    if row.terminal or row.status is Status.DELETING:
        raise BuildOver("This instance is ending.")
    if row.build is None or row.build.attempt != attempt or row.build.stopped:
        raise Superseded("This attempt is not the newest any more.")
    if record.outcome is not None:
        raise Superseded(f"This attempt has ended already: {record.outcome}.")


def _write(services: Services, row: Instance, record: BuildRecord, report: BuildReport) -> None:
    """A permission and an outcome are one write with the row: neither slips past the attempt's end (rule R18)."""
    now = services.clock.now()
    heard = _heard(record, report, now)
    if report.outcome is None and not _asks(report):
        services.instances.write_build(heard, before=record)
        return
    if report.outcome is None:
        save(services, row, before=row, build=(record, heard))
        return
    save(services, replace(row, due_at=now), before=row, build=(record, heard))
    services.nudge.advance(row.id)


def _is_past(phase: Phase, begun: tuple[PhaseStart, ...]) -> bool:
    """Whether it has begun, or a later one has: what only informs may be overtaken by a question on its way here."""
    order = list(Phase)
    return any(order.index(phase) <= order.index(start.phase) for start in begun)


def _asks(report: BuildReport) -> bool:
    return report.phase in NEEDS_PERMISSION and not report.step


def _heard(record: BuildRecord, report: BuildReport, now: datetime) -> BuildRecord:
    phases, permitted = record.phases, record.permitted
    begins = report.phase not in NEEDS_PERMISSION or _asks(report)  # a step does not begin what was not permitted
    if begins and report.phase is not None and not _is_past(report.phase, phases):
        phases = (*phases, PhaseStart(phase=report.phase, started_at=now))
    if report.phase is not None and _asks(report):
        permitted = permitted | {report.phase}
    newest = phases[-1].phase if phases else None
    return replace(
        record,
        phases=phases,
        permitted=permitted,
        outcome=report.outcome,
        cause=report.cause,
        detail=report.detail[:LOG_TAIL_CHARS],
        reported_at=now if report.outcome is not None else None,
        log_tail=report.log_tail[-LOG_TAIL_CHARS:] or record.log_tail,
        step=report.step[:STEP_CHARS] if newest is not None and report.phase is newest else record.step,
    )
