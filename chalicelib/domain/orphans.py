"""Which servers may be swept, and why or why not: facts and a moment in, verdicts with reasons out.

A server is an orphan only after much doubt (rules R10, R12, R13): it carries our labels, no row owns it, it is older
than half an hour, and two sweeps at least a quarter of an hour apart saw the same server. The dry run prints these
verdicts as they are. Nothing here deletes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain import labels
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.reasons import Reason, because

MIN_AGE = timedelta(minutes=30)
MIN_APART = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFact:
    """A server as the provider showed it."""

    server_id: int
    name: str
    labels: Mapping[str, str]
    created_at: datetime
    status: str
    ip: str | None
    ipv6_network: str | None = None
    server_type: str | None = None
    location: str | None = None
    locked: bool = False
    """Whether an action of the provider's holds it: what was asked for is not done yet."""
    attached: tuple[str, ...] = ()
    """What somebody hung onto it that no order of ours asks for, in words: `volume 12`."""

    @property
    def fingerprint(self) -> str:
        """What must be the same in two sightings for them to be of the same server."""
        shown = ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        return f"{self.server_id}|{self.name}|{int(self.created_at.timestamp())}|{shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An earlier sweep's note of a server without a row."""

    server_id: int
    fingerprint: str
    first_seen_at: datetime


class Judgement(StrEnum):
    """What a sweep does with a server."""

    KEEP = "keep"
    WATCH = "watch"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement of one server, with the reason in words; `alarm` when a person has to look at what is kept.

    `row` is the one that its label named when it was judged.
    """

    server: ServerFact
    judgement: Judgement
    why: str
    alarm: bool = False
    row: Instance | None = None


def judge(
    server: ServerFact,
    *,
    row: Instance | None,
    sighting: Sighting | None,
    stack: str,
    now: datetime,
    max_life: timedelta,
) -> Verdict:
    """The verdict on one server of a list; `row` is the consistently read row that its label names, if any."""
    instance_id = server.labels.get(labels.INSTANCE, "")
    age = now - server.created_at
    if not labels.is_ours(server.labels, name=server.name, stack=stack, instance_id=instance_id):
        # somebody changed a name or a label: never ours to delete, and beyond every life somebody must be told
        return Verdict(server=server, judgement=Judgement.KEEP, why=Reason.DRIFTED, alarm=age > max_life)
    if row is not None and (reason := _owned(row, server)) is not None:
        if age <= max_life:
            return Verdict(server=server, judgement=Judgement.KEEP, why=reason)
        return _watched(server, sighting, now, because(Reason.TOO_OLD, fact=max_life))
    if age < MIN_AGE:
        return Verdict(server=server, judgement=Judgement.KEEP, why=Reason.YOUNG)
    return _watched(server, sighting, now, Reason.NO_ROW)


def _owned(row: Instance, server: ServerFact) -> str | None:
    """Why the row protects the server, or None when it does not."""
    if row.machine is not None and row.machine.server_id == server.server_id:
        return None if row.terminal else because(Reason.OWNED, fact=row.status)
    if row.machine is None and row.status in {Status.CREATING, Status.DELETING}:
        return because(Reason.LOOKED_FOR, fact=row.status)
    return None


def _watched(server: ServerFact, sighting: Sighting | None, now: datetime, why: str) -> Verdict:
    if sighting is None or sighting.fingerprint != server.fingerprint:
        return Verdict(server=server, judgement=Judgement.WATCH, why=because(why, Reason.FIRST_SIGHT))
    if now - sighting.first_seen_at < MIN_APART:
        return Verdict(server=server, judgement=Judgement.WATCH, why=because(why, Reason.SEEN_TOO_SOON))
    return Verdict(server=server, judgement=Judgement.DELETE, why=because(why, Reason.SEEN_TWICE))


def cap(total: int) -> int:
    """How many orphans (or losses) of so many servers (or rows) one run may act on (rule R12)."""
    return max(3, total // 5)
