"""The one sentence that answers "why": of an instance by its row, of a server that no row owns by what runs said of it.

What is said of a server that lives is never more than runs have seen: the sentence names the run's time, and says what
follows where a run did not find the server. `operations/why.py` looks everything up; nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.audit import AuditEntry, Deed
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.reasons import LEFT_ALONE, LEFT_OUT, Act, Reason, because, said
from chalicelib.operations import outlook
from chalicelib.operations.losses import APART
from chalicelib.operations.ports import Run, RunEntry

AT = "%Y-%m-%dT%H:%M:%SZ"

UNFOUND = (Reason.NOT_BELIEVED, Reason.TOO_SOON_404, Reason.NOT_CONFIRMED, Reason.OUT_OF_TIME, Reason.ROW_CHANGED)
"""Why a run did nothing about a machine that it had not found; the facts of the case stand behind."""

FOLLOWS = (
    "The first sweep from {again:%Y-%m-%dT%H:%M:%SZ} on asks for it once more (sweeps come every quarter of an hour). "
    "Is it gone then too, the instance ends as lost: the hours that nobody will be billed for are given back, and its "
    "guest gets a mail. Is it there, it lives on"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the runs said, from the first to the last that said the very same of the very same."""

    first: datetime
    last: datetime
    run_id: str
    times: int
    entry: RunEntry


def of_row(row: Instance, told: Sequence[Told], runs: Sequence[Run]) -> str:
    """The row is the record of its own end; of its machine it knows what the runs have found."""
    if row.terminal:
        return f"It is gone ({row.status}): {outlook.why_it_ends(row)}."
    if row.status is Status.DELETING:
        held = next((each.entry.why for each in told if each.entry.what == LEFT_ALONE), Reason.WAITS.value)
        return f"It is ending: {outlook.why_it_ends(row)}. The last run that left it alone: {held}."
    if row.missing_since is not None:
        return _missing(row, row.missing_since, told, runs)
    until = "" if row.expires_at is None else f" until {row.expires_at:{AT}}"
    return f"It lives{until}: {because(Reason.OWNED, fact=row.status)}.{_seen(row, told, runs)}"


def of_server(told: Sequence[Told], runs: Sequence[Run], audit: Sequence[AuditEntry]) -> str:
    """No row owns it: the newest word of a run counts, a deletion above all."""
    deleted = next((each for each in told if each.entry.what == said(Act.DELETE, dry_run=False)), None)
    noted = next((each for each in audit if each.did is Deed.ORPHAN_DELETED), None)
    if deleted is None and noted is not None:
        return f"A sweep deleted it at {noted.at:{AT}} ({noted.about}): {Reason.NO_ROW}."
    if (chosen := deleted or next(iter(told), None)) is not None:
        return f"A run of {chosen.last:{AT}}: {chosen.entry.what}: {chosen.entry.why}."
    newest = max((run.requested_at for run in runs), default=None)
    until = "" if newest is None else f" up to {newest:{AT}}"
    return (
        f"Nothing is known of it: no row has it, none of the last {len(runs)} runs{until} has seen it, and no entry of "
        "the audit tells of a sweep that deleted it. If it is newer, `ccc reap --dry-run` looks now. If it was gone "
        "before what is kept, the log alone may know it. No sweep looks at a server without the labels of this stack."
    )


def _missing(row: Instance, since: datetime, told: Sequence[Told], runs: Sequence[Run]) -> str:
    """A first 404 was believed: what comes next, and what the newest run said if it held that back."""
    named = "a server" if row.machine is None else f"server {row.machine.server_id}"
    until = "" if row.expires_at is None else f" until {row.expires_at:{AT}}"
    return (
        f"Its machine is missing: at {since:{AT}} the provider knew no {named} any more. "
        f"{FOLLOWS.format(again=since + APART)}{until}.{_held_back(row, told, runs)}"
    )


def _seen(row: Instance, told: Sequence[Told], runs: Sequence[Run]) -> str:
    """When a run last saw the machine, for what a row believes is no older and no newer than that."""
    machine = row.machine
    if machine is None:
        return ""
    own = [each for each in told if each.entry.server_id == machine.server_id]
    there = [each.last for each in own if each.entry.why.startswith((Reason.OWNED, Reason.NOT_LISTED))]
    if there:
        last = f"A run saw its server last at {max(there):{AT}}."
    elif any(_leaves_out(run) for run in runs):
        last = f"The records of the last runs do not name every server that is owned: not {machine.server_id} either."
    else:
        last = f"No run has named server {machine.server_id} yet."
    return f" {last}{_held_back(row, own, runs)}"


def _held_back(row: Instance, told: Sequence[Told], runs: Sequence[Run]) -> str:
    """What the newest run that was no dry one left undone about a machine that it did not find, if anything."""
    newest = max((run for run in runs if not run.dry_run), key=lambda run: run.requested_at, default=None)
    if newest is None or row.machine is None:
        return ""
    if newest.frozen is not None:
        return f" The newest run ({newest.requested_at:{AT}}) did nothing about servers: {newest.frozen}."
    named = {each.entry for each in told}
    unfound = [entry for entry in newest.skipped if entry in named and entry.why.startswith(UNFOUND)]
    return "".join(f" The newest run ({newest.requested_at:{AT}}) {entry.what}: {entry.why}." for entry in unfound[:1])


def _leaves_out(run: Run) -> bool:
    """Whether the run's record has no room for each server that a row owns."""
    return any(entry.what == LEFT_OUT and entry.why.endswith(Reason.OWNED) for entry in run.skipped)
