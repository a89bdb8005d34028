"""Whether the provider we talk to is the project this table belongs to (rule R11).

Every delete and every `lost` needs a marker answer that is at most a minute old. It is read once for all and kept in
the `stack` item with its time and the token it was read with. Without the marker no 404 is believed.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.operations.ports import Marker, MarkerState, StackState
from chalicelib.operations.services import Services

FRESH = timedelta(seconds=60)


def require_stack(services: Services) -> StackState:
    """The `stack` item; without one this is no deployment at all."""
    stack = services.stack.get()
    if stack is None:
        raise StoreUnavailable("This table has no stack item: it was never set up, or it is the wrong table.")
    return stack


def doubt(services: Services, now: datetime) -> str | None:
    """Why nothing destructive may be done now, or None when the marker answers and is ours.

    Provider errors come through: without an answer nothing is done either.
    """
    stack = require_stack(services)
    if not _is_fresh(services, stack, now):
        stack = _look(services, stack, now)
    if stack.frozen is not None:
        return stack.frozen
    match stack.marker_state:
        case MarkerState.OURS if stack.marker_epoch is None:
            return "the marker's epoch label cannot be read"
        case MarkerState.OURS:
            return None
        case MarkerState.FOREIGN:
            return "the marker at the provider belongs to another stack"
        case MarkerState.MISSING | None:
            return "the provider's project has no marker of this stack: it may be the wrong project"


def _is_fresh(services: Services, stack: StackState, now: datetime) -> bool:
    seen = stack.marker_seen_at
    return seen is not None and abs(now - seen) <= FRESH and stack.marker_token == services.servers.token_fingerprint()


def _look(services: Services, stack: StackState, now: datetime) -> StackState:
    answer = services.servers.read_marker(stack.uuid, stack.marker_id)
    seen = _with_answer(services, stack, answer, now)
    with contextlib.suppress(WriteConflict):  # somebody else has just kept an answer of their own
        return services.stack.write(seen, stack)
    return seen


def _with_answer(services: Services, stack: StackState, answer: Marker, now: datetime) -> StackState:
    frozen = stack.frozen
    if answer.state is MarkerState.OURS and (answer.epoch or 0) > stack.epoch:
        frozen = "the marker has counted further than this table: the table was restored from a backup"
        services.alarms.raise_alarm("stack.frozen", table_epoch=stack.epoch, marker_epoch=answer.epoch)
    return replace(
        stack,
        marker_state=answer.state,
        marker_epoch=answer.epoch,
        marker_seen_at=now,
        marker_token=services.servers.token_fingerprint(),
        frozen=frozen,
    )
