"""Reconcile servers and rows both ways: orphans at the provider, machines that rows believe in and nobody has.

Servers are listed first and rows read second (`architecture.md`: the other order deletes a live server). Nothing is
believed without the marker (rule R11), and too many findings at once are a sign of our own mistake: then nothing is
done and somebody is told (rule R12). What is done is in the run's record before it is done, and in the audit after;
what a swept server has cost is kept with it (`orphan_cost.py`), since no row's ledger has that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import labels
from chalicelib.domain.audit import Deed
from chalicelib.domain.errors import CccError, ProviderUnknown, StoreUnavailable, UnknownSchema
from chalicelib.domain.orphan_cost import cost_of
from chalicelib.domain.orphans import Judgement, ServerFact, Sighting, Verdict, cap, judge
from chalicelib.domain.reasons import HELD_BACK, LEFT_ALONE, Act, Reason, because, begun, said
from chalicelib.operations import clocks, marker
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.losses import Missing, ended_rows, look_at_losses, missing_rows
from chalicelib.operations.note import note
from chalicelib.operations.ports import Run, RunEntry, StackState
from chalicelib.operations.raise_epoch import raise_epoch
from chalicelib.operations.services import Services


def sweep(services: Services, book: Logbook, *, left: Callable[[], float]) -> None:
    """Keep in `book` what this sweep saw and did; raises what stands in the way of looking at all."""
    now, dry_run = services.clock.now(), book.run.dry_run
    # not an answer that was kept: a table that was restored a moment ago holds the one of its own time
    if (why := marker.doubt(services, now, afresh=not dry_run)) is not None:
        return _refused(services, book, why)
    stack = marker.require_stack(services)
    if not dry_run:
        stack = raise_epoch(services)
    ended = ended_rows(book.run)
    listed = services.servers.listed(stack.uuid)
    servers = [server for server in listed if server.server_id not in set(ended.values())]
    # the list is a fresh answer, so its Date can be held against our clock
    if (why := clocks.doubt(services, services.clock.now())) is not None:
        return _refused(services, book, why)
    seen = services.runs.sightings()
    verdicts = tuple(_verdict(services, server, seen, stack, now) for server in servers)
    missing = missing_rows(services, {server.server_id for server in listed}, ended)
    book.count(servers=len(listed), rows=missing.running)
    book.skip(*_kept(verdicts))
    if not dry_run:
        _remember(services, verdicts, seen, now)
        _tell_drifted(services, verdicts)
    if (why := _too_many(services, book.run, verdicts, missing)) is not None:
        book.skip(*(_entry(HELD_BACK, verdict, Reason.TOO_MANY) for verdict in verdicts if _doomed(verdict)))
        return book.freeze(why)
    _act(services, book, verdicts, left)
    return look_at_losses(services, book, missing, left=left)


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


def _refused(services: Services, book: Logbook, why: str) -> None:
    services.alarms.raise_alarm("sweep.refused", why=why)
    book.freeze(why)


def _verdict(
    services: Services, server: ServerFact, seen: dict[int, Sighting], stack: StackState, now: datetime
) -> Verdict:
    """A consistent read of the row the label names, then the rule; a row we cannot read protects its server."""
    instance_id = _instance_of(server)
    try:
        row = None if instance_id is None else services.instances.get(instance_id)
    except UnknownSchema:
        return Verdict(server=server, judgement=Judgement.KEEP, why=Reason.OTHER_RELEASE)
    max_life = timedelta(hours=services.limits.max_life_hours)
    sighting = seen.get(server.server_id)
    verdict = judge(server, row=row, sighting=sighting, stack=stack.uuid, now=now, max_life=max_life)
    return replace(verdict, row=row)


def _act(services: Services, book: Logbook, verdicts: tuple[Verdict, ...], left: Callable[[], float]) -> None:
    """Delete the orphans, as many as may be; a dry run goes the same way up to the delete itself."""
    doomed = [verdict for verdict in verdicts if _doomed(verdict)]
    allowed = doomed[: book.run.confirm]
    for number, verdict in enumerate(allowed):
        if left() <= 0:
            return _held(book, allowed[number:], Reason.OUT_OF_TIME)
        _delete(services, book, verdict)
    return _held(book, doomed[len(allowed) :], Reason.NOT_CONFIRMED)


def _held(book: Logbook, verdicts: list[Verdict], why: Reason) -> None:
    book.skip(*(_entry(HELD_BACK, verdict, why) for verdict in verdicts))


def _delete(services: Services, book: Logbook, verdict: Verdict) -> None:
    """A fresh look, and only if nothing about the server has changed the delete; one that fails stops no other."""
    server = verdict.server
    try:
        fresh = services.servers.get(server.server_id)
        if fresh is None or fresh.fingerprint != server.fingerprint:
            return book.skip(_entry(LEFT_ALONE, verdict, Reason.CHANGED))
        if (why := marker.doubt(services, services.clock.now())) is not None:
            return book.skip(_entry(HELD_BACK, verdict, why))
        return _deleted(services, book, verdict)
    except StoreUnavailable:
        raise
    except CccError as error:
        return book.fail(f"server {server.server_id}: {error.code}")


def _deleted(services: Services, book: Logbook, verdict: Verdict) -> None:
    """The delete, by its numeric id, between the two lines of the record; what was refused has had no effect."""
    server = verdict.server
    if not book.run.dry_run:
        _charge(services, verdict)
    book.begin(_entry(begun(Act.DELETE), verdict))
    if not book.run.dry_run:
        try:
            services.servers.delete(server.server_id)
        except ProviderUnknown:
            raise
        except CccError:
            book.drop()
            raise
        services.alarms.raise_alarm(
            "sweep.orphan_deleted", server_id=server.server_id, why=verdict.why, stack=server.labels.get(labels.STACK)
        )
        about, named = f"server {server.server_id}", _instance_of(server)
        note(services, Deed.ORPHAN_DELETED, about, instance_id=named, server_id=server.server_id)
    book.done(_entry(said(Act.DELETE, dry_run=book.run.dry_run), verdict))


def _charge(services: Services, verdict: Verdict) -> None:
    """Keep what the server has cost and no row's ledger has, before it is gone and nobody can ask any more."""
    server, row, now = verdict.server, verdict.row, services.clock.now()
    cost = cost_of(server, named=_instance_of(server), row=row, market=services.catalogue.market(), now=now)
    if cost.hours > 0:
        services.runs.charge(cost)


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


def _instance_of(server: ServerFact) -> str | None:
    """The instance that the server's label names, if that is the id of one."""
    named = server.labels.get(labels.INSTANCE, "")
    return named if labels.INSTANCE_ID.fullmatch(named) else None
