"""Whether the provider we talk to is the project this table belongs to (rule R11).

Every delete and every `lost` needs a marker answer that is at most a minute old. It is read once for all and kept in
the `stack` item with its time and the token it was read with. Without the marker no 404 is believed. That it did not
answer is kept too, for a few seconds: while the provider is down, 500 rows that are due do not use up the hour's
requests, which are needed when it is back (rule R21).

A table that was restored holds the answer of its own time. While that still counts the copy is less than a minute old,
and what it does not know is younger than that: no server so young is swept, and a sweep looks afresh all the same.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import ProviderUnknown, RateLimited, StoreUnavailable, WriteConflict
from chalicelib.domain.reasons import Reason
from chalicelib.operations.ports import Marker, MarkerState, StackState
from chalicelib.operations.services import Services

FRESH = timedelta(seconds=60)
SILENCE = timedelta(seconds=15)
"""How long nobody asks again after an answer that did not come: 240 requests an hour at most, of our 3,000.

It counts from the end of the request. A tick that has waited half a minute in vain has its rest for what needs no
provider: letters, builders, wishes.
"""


def require_stack(services: Services) -> StackState:
    """The `stack` item; without one this is no deployment at all."""
    stack = services.stack.get()
    if stack is None:
        raise StoreUnavailable("This table has no stack item: it was never set up, or it is the wrong table.")
    return stack


def doubt(services: Services, now: datetime, *, afresh: bool = False) -> str | None:
    """Why nothing destructive may be done now, or None when the marker answers and is ours.

    With `afresh` no kept answer counts. Provider errors come through: without an answer nothing is done either.
    """
    stack = require_stack(services)
    if afresh or not _is_fresh(services, stack, now):
        stack = _look(services, stack, now)
    if stack.frozen is not None:
        return stack.frozen
    match stack.marker_state:
        case MarkerState.OURS if stack.marker_epoch is None:
            return Reason.MARKER_UNREADABLE
        case MarkerState.OURS:
            return None
        case MarkerState.FOREIGN:
            return Reason.FOREIGN_MARKER
        case MarkerState.MISSING | None:
            return Reason.NO_MARKER


def _is_fresh(services: Services, stack: StackState, now: datetime) -> bool:
    seen = stack.marker_seen_at
    return seen is not None and abs(now - seen) <= FRESH and stack.marker_token == services.servers.token_fingerprint()


def note_silence(services: Services) -> None:
    """The provider did not answer a request about a server: the next who would act asks for the marker first.

    One odd server costs one more look at the marker; a provider that is down is asked every few seconds by one
    worker, and not once for each row that is due.
    """
    stack = require_stack(services)
    if stack.marker_seen_at is not None:
        with contextlib.suppress(WriteConflict):  # somebody else has just asked
            services.stack.write(replace(stack, marker_seen_at=None), stack)


def require_patience(services: Services, now: datetime) -> None:
    """ProviderUnknown while the silence of a moment ago still counts; nothing where no stack is."""
    if (stack := services.stack.get()) is not None:
        _require_patience(stack, now)


def look(services: Services, now: datetime) -> None:
    """One look at the marker for the sake of the Date that comes with it; nothing where no stack is.

    ProviderError, ProviderUnknown, as `doubt`.
    """
    if (stack := services.stack.get()) is not None:
        _look(services, stack, now)


def was_silent(services: Services) -> bool:
    """Whether the newest look at the marker had no answer: whoever looks next may wait long for theirs."""
    stack = services.stack.get()
    return stack is not None and stack.marker_silent_until is not None


def _look(services: Services, stack: StackState, now: datetime) -> StackState:
    _require_patience(stack, services.clock.now())
    token = services.servers.token_fingerprint()
    try:
        answer = services.servers.read_marker(stack.uuid, stack.marker_id)
    except (ProviderUnknown, RateLimited):
        with contextlib.suppress(WriteConflict):  # whoever was first has kept an answer, or the same silence
            # from the end of the request on: one that hangs for half a minute is no reason to begin the next at once
            services.stack.write(replace(stack, marker_silent_until=services.clock.now() + SILENCE), stack)
        raise
    if services.servers.token_fingerprint() != token:
        # nobody knows which of the two tokens it answered: neither kept nor believed
        raise ProviderUnknown("The provider's token was changed while the marker was looked at.", status=None)
    if _is_ahead(answer, stack):
        # a sweep counts in the table before it does at the marker: one that ran meanwhile is no restored table
        stack = require_stack(services)
    seen = replace(_with_answer(services, stack, answer, now), marker_token=token)
    with contextlib.suppress(WriteConflict):  # somebody else has just kept an answer of their own
        return services.stack.write(seen, stack)
    return seen


def _require_patience(stack: StackState, now: datetime) -> None:
    """ProviderUnknown while the silence of a moment ago still counts; one beyond any silence is a clock's mistake."""
    until = stack.marker_silent_until
    if until is not None and now < until <= now + SILENCE:
        raise ProviderUnknown("The provider did not answer a moment ago.", status=None)


def _is_ahead(answer: Marker, stack: StackState) -> bool:
    return answer.state is MarkerState.OURS and (answer.epoch or 0) > stack.epoch


def _with_answer(services: Services, stack: StackState, answer: Marker, now: datetime) -> StackState:
    frozen = stack.frozen
    if _is_ahead(answer, stack):
        frozen = Reason.RESTORED.value
        if stack.frozen is None:  # each look finds it again: told once
            services.alarms.raise_alarm("stack.frozen", table_epoch=stack.epoch, marker_epoch=answer.epoch)
    return replace(
        stack,
        marker_state=answer.state,
        marker_epoch=answer.epoch,
        marker_seen_at=now,
        marker_silent_until=None,
        frozen=frozen,
    )
