"""Reconcile servers and rows both ways: orphans at the provider, machines that rows believe in and nobody has.

Servers are listed first and rows read second (`architecture.md`: the other order deletes a live server). Nothing is
believed without the marker (rule R11), and too many findings at once are a sign of our own mistake: then nothing is
done and somebody is told (rule R12).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import labels
from chalicelib.domain.errors import CccError, UnknownSchema
from chalicelib.domain.instance import Instance
from chalicelib.domain.orphans import Judgement, ServerFact, Sighting, Verdict, cap, judge
from chalicelib.operations import clocks, marker
from chalicelib.operations.losses import DELETED, look_at_losses, missing_rows
from chalicelib.operations.ports import Run, RunEntry, StackState
from chalicelib.operations.services import Services


def sweep(services: Services, run: Run, *, left: Callable[[], float]) -> Run:
    """The run with what this sweep saw and did; raises what stands in the way of looking at all."""
    now = services.clock.now()
    if (why := marker.doubt(services, now)) is not None:
        return _refused(services, run, why)
    stack = marker.require_stack(services)
    if not run.dry_run:
        stack = _raise_epoch(services, stack)
    servers = services.servers.listed(stack.uuid)
    # the list is a fresh answer, so its Date can be held against our clock
    if (why := clocks.doubt(services, services.clock.now())) is not None:
        return _refused(services, run, why)
    seen = services.runs.sightings()
    verdicts = tuple(_verdict(services, server, seen, stack, now) for server in servers)
    rows, missing = missing_rows(services, {server.server_id for server in servers})
    kept = tuple(_entry("left alone", verdict) for verdict in verdicts if not _doomed(verdict))
    run = replace(run, servers=len(servers), rows=run.rows + rows, skipped=(*run.skipped, *kept))
    if not run.dry_run:
        _remember(services, verdicts, seen, now)
    if (why := _too_many(services, run, verdicts, rows, missing)) is not None:
        held = tuple(_entry("held back: too many at once", verdict) for verdict in verdicts if _doomed(verdict))
        return replace(run, skipped=(*run.skipped, *held), frozen=why)
    run = _act(services, run, verdicts, stack, left)
    return look_at_losses(services, run, missing, left=left)


def _doomed(verdict: Verdict) -> bool:
    return verdict.judgement is Judgement.DELETE


def _too_many(
    services: Services, run: Run, verdicts: tuple[Verdict, ...], rows: int, missing: tuple[Instance, ...]
) -> str | None:
    """Why nothing is done at all: so many orphans or losses are a sign of our own mistake (rule R12)."""
    orphans = len([verdict for verdict in verdicts if _doomed(verdict)])
    if run.confirm is not None or (orphans <= cap(len(verdicts)) and len(missing) <= cap(rows)):
        return None
    services.alarms.raise_alarm("sweep.too_many", orphans=orphans, losses=len(missing), dry_run=run.dry_run)
    return f"{orphans} orphans and {len(missing)} missing machines at once"


def _refused(services: Services, run: Run, why: str) -> Run:
    services.alarms.raise_alarm("sweep.refused", why=why)
    return replace(run, frozen=why)


def _raise_epoch(services: Services, stack: StackState) -> StackState:
    """First the table's epoch, by compare-and-swap, then the marker's: never the other way round."""
    raised = services.stack.write(replace(stack, epoch=stack.epoch + 1), stack)
    if raised.marker_id is not None:
        services.servers.raise_epoch(raised.marker_id, raised.uuid, raised.epoch)
    return raised


def _verdict(
    services: Services, server: ServerFact, seen: dict[int, Sighting], stack: StackState, now: datetime
) -> Verdict:
    """A consistent read of the row the label names, then the rule; a row we cannot read protects its server."""
    instance_id = server.labels.get(labels.INSTANCE, "")
    try:
        row = services.instances.get(instance_id) if labels.INSTANCE_ID.fullmatch(instance_id) else None
    except UnknownSchema:
        return Verdict(server=server, judgement=Judgement.KEEP, why="its row is of another release")
    max_life = timedelta(hours=services.limits.max_life_hours)
    return judge(server, row=row, sighting=seen.get(server.server_id), stack=stack.uuid, now=now, max_life=max_life)


def _act(
    services: Services, run: Run, verdicts: tuple[Verdict, ...], stack: StackState, left: Callable[[], float]
) -> Run:
    doomed = [verdict for verdict in verdicts if _doomed(verdict)]
    if run.dry_run:
        return replace(run, did=(*run.did, *(_entry("would delete", verdict) for verdict in doomed)))
    for verdict in doomed[: run.confirm]:
        if left() <= 0:
            break
        run = _delete(services, run, verdict, stack)
    return run


def _delete(services: Services, run: Run, verdict: Verdict, stack: StackState) -> Run:
    """A fresh look, and only if nothing about the server has changed the delete, by its numeric id."""
    server = verdict.server
    try:
        fresh = services.servers.get(server.server_id)
        if fresh is None or fresh.fingerprint != server.fingerprint:
            return replace(run, skipped=(*run.skipped, _entry("changed since it was listed", verdict)))
        if (why := marker.doubt(services, services.clock.now())) is not None:
            return replace(run, skipped=(*run.skipped, _entry(f"held back: {why}", verdict)))
        services.servers.delete(server.server_id)
    except CccError as error:
        return replace(run, errors=(*run.errors, f"server {server.server_id}: {error.code}"))
    services.alarms.raise_alarm("sweep.orphan_deleted", server_id=server.server_id, why=verdict.why, stack=stack.uuid)
    return replace(run, did=(*run.did, _entry(DELETED, verdict)))


def _remember(services: Services, verdicts: tuple[Verdict, ...], seen: dict[int, Sighting], now: datetime) -> None:
    """Keep the first sight of what has no row; forget what is owned, gone or not the same any more."""
    watched = {verdict.server.server_id: verdict for verdict in verdicts if verdict.judgement is not Judgement.KEEP}
    fresh = [
        Sighting(server_id=server_id, fingerprint=verdict.server.fingerprint, first_seen_at=now)
        for server_id, verdict in watched.items()
        if server_id not in seen or seen[server_id].fingerprint != verdict.server.fingerprint
    ]
    services.runs.sight(fresh, [server_id for server_id in seen if server_id not in watched])


def _entry(what: str, verdict: Verdict) -> RunEntry:
    server = verdict.server
    return RunEntry(
        what=what, why=verdict.why, instance_id=server.labels.get(labels.INSTANCE), server_id=server.server_id
    )
