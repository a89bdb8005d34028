"""Reconcile servers and rows both ways: orphans at the provider, machines that rows believe in and nobody has.

Servers are listed first and rows read second (`architecture.md`: the other order deletes a live server). Nothing is
believed without the marker (rule R11), and too many findings at once are a sign of our own mistake: then nothing is
done and somebody is told (rule R12).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import labels
from chalicelib.domain.errors import CccError, UnknownSchema, WriteConflict
from chalicelib.domain.orphans import Judgement, ServerFact, Sighting, Verdict, cap, judge
from chalicelib.domain.reasons import HELD_BACK, LEFT_ALONE, Act, Reason, because, said
from chalicelib.operations import clocks, marker
from chalicelib.operations.losses import Missing, ended_rows, look_at_losses, missing_rows
from chalicelib.operations.ports import Run, RunEntry, StackState
from chalicelib.operations.services import Services

MAX_TRIES = 8


def sweep(services: Services, run: Run, *, left: Callable[[], float]) -> Run:
    """The run with what this sweep saw and did; raises what stands in the way of looking at all."""
    now = services.clock.now()
    if (why := marker.doubt(services, now)) is not None:
        return _refused(services, run, why)
    stack = marker.require_stack(services)
    if not run.dry_run:
        stack = _raise_epoch(services)
    ended = ended_rows(run)
    listed = services.servers.listed(stack.uuid)
    servers = [server for server in listed if server.server_id not in set(ended.values())]
    # the list is a fresh answer, so its Date can be held against our clock
    if (why := clocks.doubt(services, services.clock.now())) is not None:
        return _refused(services, run, why)
    seen = services.runs.sightings()
    verdicts = tuple(_verdict(services, server, seen, stack, now) for server in servers)
    missing = missing_rows(services, {server.server_id for server in listed}, ended)
    run = replace(run, servers=len(listed), rows=run.rows + missing.running, skipped=(*run.skipped, *_kept(verdicts)))
    if not run.dry_run:
        _remember(services, verdicts, seen, now)
        _tell_drifted(services, verdicts)
    if (why := _too_many(services, run, verdicts, missing)) is not None:
        held = tuple(_entry(HELD_BACK, verdict, Reason.TOO_MANY) for verdict in verdicts if _doomed(verdict))
        return replace(run, skipped=(*run.skipped, *held), frozen=why)
    run = _act(services, run, verdicts, stack, left)
    return look_at_losses(services, run, missing, left=left)


def _doomed(verdict: Verdict) -> bool:
    return verdict.judgement is Judgement.DELETE


def _kept(verdicts: tuple[Verdict, ...]) -> tuple[RunEntry, ...]:
    """What is left alone, with the reason, and what hangs on our servers that we never ordered (row R16)."""
    kept = [_entry(LEFT_ALONE, verdict) for verdict in verdicts if not _doomed(verdict)]
    drift = [
        _entry(LEFT_ALONE, verdict, because(Reason.ATTACHED, fact=", ".join(verdict.server.attached)))
        for verdict in verdicts
        if verdict.server.attached
    ]
    return (*kept, *drift)


def _tell_drifted(services: Services, verdicts: tuple[Verdict, ...]) -> None:
    """A server with our stack's labels and another name is nobody's to delete; when it is too old, a person's."""
    for verdict in verdicts:
        if verdict.alarm:
            services.alarms.raise_alarm("sweep.drifted", server_id=verdict.server.server_id, why=verdict.why)


def _too_many(services: Services, run: Run, verdicts: tuple[Verdict, ...], missing: Missing) -> str | None:
    """Why nothing is done at all: so many orphans or losses are a sign of our own mistake (rule R12)."""
    orphans = len([verdict for verdict in verdicts if _doomed(verdict)])
    losses = len(missing.absent)
    if run.confirm is not None or (orphans <= cap(len(verdicts)) and losses <= cap(missing.running)):
        return None
    services.alarms.raise_alarm("sweep.too_many", orphans=orphans, losses=losses, dry_run=run.dry_run)
    return because(Reason.TOO_MANY, fact=f"{orphans} orphans, {losses} missing machines")


def _refused(services: Services, run: Run, why: str) -> Run:
    services.alarms.raise_alarm("sweep.refused", why=why)
    return replace(run, frozen=why)


def _raise_epoch(services: Services) -> StackState:
    """First the table's epoch, by compare-and-swap, then the marker's: never the other way round."""
    raised = _counted(services)
    if raised.marker_id is not None:
        services.servers.raise_epoch(raised.marker_id, raised.uuid, raised.epoch)
    return raised


def _counted(services: Services) -> StackState:
    """The stack one epoch further; others write into the same item all the time, so it is tried a few times."""
    for _ in range(MAX_TRIES - 1):
        stack = marker.require_stack(services)
        with contextlib.suppress(WriteConflict):
            return services.stack.write(replace(stack, epoch=stack.epoch + 1), stack)
    stack = marker.require_stack(services)
    return services.stack.write(replace(stack, epoch=stack.epoch + 1), stack)


def _verdict(
    services: Services, server: ServerFact, seen: dict[int, Sighting], stack: StackState, now: datetime
) -> Verdict:
    """A consistent read of the row the label names, then the rule; a row we cannot read protects its server."""
    instance_id = server.labels.get(labels.INSTANCE, "")
    try:
        row = services.instances.get(instance_id) if labels.INSTANCE_ID.fullmatch(instance_id) else None
    except UnknownSchema:
        return Verdict(server=server, judgement=Judgement.KEEP, why=Reason.OTHER_RELEASE)
    max_life = timedelta(hours=services.limits.max_life_hours)
    return judge(server, row=row, sighting=seen.get(server.server_id), stack=stack.uuid, now=now, max_life=max_life)


def _act(
    services: Services, run: Run, verdicts: tuple[Verdict, ...], stack: StackState, left: Callable[[], float]
) -> Run:
    """Delete the orphans, as many as may be; a dry run goes the same way up to the delete itself."""
    doomed = [verdict for verdict in verdicts if _doomed(verdict)]
    allowed = doomed[: run.confirm]
    for number, verdict in enumerate(allowed):
        if left() <= 0:
            return _held(run, [*allowed[number:]], Reason.OUT_OF_TIME)
        run = _delete(services, run, verdict, stack)
    return _held(run, doomed[len(allowed) :], Reason.NOT_CONFIRMED)


def _held(run: Run, verdicts: list[Verdict], why: Reason) -> Run:
    return replace(run, skipped=(*run.skipped, *(_entry(HELD_BACK, verdict, why) for verdict in verdicts)))


def _delete(services: Services, run: Run, verdict: Verdict, stack: StackState) -> Run:
    """A fresh look, and only if nothing about the server has changed the delete, by its numeric id."""
    server = verdict.server
    try:
        fresh = services.servers.get(server.server_id)
        if fresh is None or fresh.fingerprint != server.fingerprint:
            return replace(run, skipped=(*run.skipped, _entry(LEFT_ALONE, verdict, Reason.CHANGED)))
        if (why := marker.doubt(services, services.clock.now())) is not None:
            return replace(run, skipped=(*run.skipped, _entry(HELD_BACK, verdict, why)))
        if not run.dry_run:
            services.servers.delete(server.server_id)
            services.alarms.raise_alarm(
                "sweep.orphan_deleted", server_id=server.server_id, why=verdict.why, stack=stack.uuid
            )
    except CccError as error:
        return replace(run, errors=(*run.errors, f"server {server.server_id}: {error.code}"))
    return replace(run, did=(*run.did, _entry(said(Act.DELETE, dry_run=run.dry_run), verdict)))


def _remember(services: Services, verdicts: tuple[Verdict, ...], seen: dict[int, Sighting], now: datetime) -> None:
    """Keep the first sight of what has no row; forget what is owned, gone or not the same any more."""
    watched = {verdict.server.server_id: verdict for verdict in verdicts if verdict.judgement is not Judgement.KEEP}
    fresh = [
        Sighting(server_id=server_id, fingerprint=verdict.server.fingerprint, first_seen_at=now)
        for server_id, verdict in watched.items()
        if server_id not in seen or seen[server_id].fingerprint != verdict.server.fingerprint
    ]
    services.runs.sight(fresh, [server_id for server_id in seen if server_id not in watched])


def _entry(what: str, verdict: Verdict, why: str | None = None) -> RunEntry:
    """One line of the record; `why` where it is not the verdict's own reason."""
    server = verdict.server
    return RunEntry(
        what=what, why=why or verdict.why, instance_id=server.labels.get(labels.INSTANCE), server_id=server.server_id
    )
