"""Who changed what, and when: what is kept of every change, with nothing personal in it.

Decides which difference between two forms of a row is which deed. It must not know how the entries are stored, nor how
a caller has proved who they are: `api/acting.py` says who acts, `operations/save.py` asks here with every write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.tokens import Purpose

FINGERPRINT_CHARS = 8
"""How much of an operator token's SHA-256 digest names the token: enough to tell a few apart, useless for more."""

BuildChange = tuple[BuildRecord | None, BuildRecord]
"""A build's record before and after a write."""


class Who(StrEnum):
    """Who acts."""

    OPERATOR = "operator"
    OWNER = "owner"
    BOX = "box"
    BUILDER = "builder"
    SCHEDULE = "schedule"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, by which kind of token (None: without one); `name` is the beginning of an operator token's digest."""

    who: Who
    token: Purpose | None = None
    name: str = ""


SCHEDULE = Actor(who=Who.SCHEDULE)
"""The service itself: ticks, reapers, and the work that a change asks for."""

ANONYMOUS = Actor(who=Who.ANONYMOUS)
"""Somebody without a token."""


def operator(digest: str) -> Actor:
    """The operator with the token of this SHA-256 digest (hex)."""
    return Actor(who=Who.OPERATOR, token=Purpose.OPERATOR, name=digest[:FINGERPRINT_CHARS])


class Deed(StrEnum):
    """What was done."""

    SIGNED_UP = "signed_up"
    ORDERED = "ordered"
    CONFIRMED = "confirmed"
    CREATING = "creating"
    INSTALLING = "installing"
    RUNNING = "running"
    EXTENDED = "extended"
    TOKEN_ROTATED = "token_rotated"  # noqa: S105 -- a word for a deed, and no token
    BUILD_CLAIMED = "build_claimed"
    BUILD_PERMITTED = "build_permitted"
    BUILD_REPORTED = "build_reported"
    REBUILT = "rebuilt"
    ENDED = "ended"
    DELETED = "deleted"
    FAILED = "failed"
    FORGOTTEN = "forgotten"
    PAUSED = "paused"
    RESUMED = "resumed"
    RESTORE_ACCEPTED = "restore_accepted"
    REAP_REQUESTED = "reap_requested"
    OWNER_EXCLUDED = "owner_excluded"
    OWNER_ADMITTED = "owner_admitted"
    COUNTER_REPAIRED = "counter_repaired"
    ORPHAN_DELETED = "orphan_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change: `about` is a word or two more (a reason, a phase, an outcome), never an address, a key or a token."""

    at: datetime
    actor: Actor
    did: Deed
    instance_id: str | None = None
    about: str = ""


_ARRIVALS = {
    Status.UNCONFIRMED: Deed.SIGNED_UP,
    Status.CREATING: Deed.CREATING,
    Status.INSTALLING: Deed.INSTALLING,
    Status.RUNNING: Deed.RUNNING,
    Status.DELETING: Deed.ENDED,
    Status.DELETED: Deed.DELETED,
    Status.FAILED: Deed.FAILED,
}


def deeds(before: Instance | None, after: Instance, build: BuildChange | None) -> Iterator[tuple[Deed, str]]:
    """What one write of a row has done, each with a word about it; nothing for leases, notices and the like."""
    if before is None or before.status is not after.status:
        yield _arrival(before, after), _why(after)
    elif before.expires_at != after.expires_at:
        yield Deed.EXTENDED, f"{after.extensions[-1].hours} h" if after.extensions else ""
    if before is not None and before.manage_serial != after.manage_serial:
        yield Deed.TOKEN_ROTATED, ""
    if after.build is not None and after.build.rebuilt and not (before and before.build and before.build.rebuilt):
        yield Deed.REBUILT, f"after attempt {after.build.attempt}"
    if build is not None:
        yield from _of_build(*build)


def _arrival(before: Instance | None, after: Instance) -> Deed:
    if after.status is Status.REQUESTED:
        return Deed.ORDERED if before is None else Deed.CONFIRMED
    if before is not None and before.status is Status.UNCONFIRMED:
        return Deed.FORGOTTEN
    return _ARRIVALS[after.status]


def _why(after: Instance) -> str:
    reason = "" if after.end_reason is None else after.end_reason.value
    return reason if after.failure is None else f"{reason}: {after.failure.code}"


def _of_build(seen: BuildRecord | None, record: BuildRecord) -> Iterator[tuple[Deed, str]]:
    attempt = f"attempt {record.attempt}"
    if seen is None:
        yield Deed.BUILD_CLAIMED, attempt
    elif seen.outcome is not record.outcome and record.outcome is not None:
        cause = "" if record.cause is None else f" ({record.cause.value})"
        yield Deed.BUILD_REPORTED, f"{attempt}: {record.outcome.value}{cause}"
    elif seen.permitted != record.permitted:
        new = ", ".join(sorted(phase.value for phase in record.permitted - seen.permitted))
        yield Deed.BUILD_PERMITTED, f"{attempt}: {new}"
