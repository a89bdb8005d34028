"""How far this table has counted, told to the marker: each minute and with every sweep (rule R11).

A table that was restored has counted less far than the marker, which is how a restore is noticed. A count that rose
with sweeps alone would hide a restore to any moment after the newest one; so it rises each minute, whether anything
lives or not, and a copy of the table is behind as soon as it is a minute old. What nobody can notice is a copy that is
put in place within that minute, or one of a time in which no tick came or the provider did not answer.

The table counts first, by compare-and-swap, and then the marker's label follows. The marker is looked at just before:
a table that is behind must not write its own lower count over the higher one.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.errors import ProviderError, ProviderUnknown, WriteConflict
from chalicelib.operations import marker
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services

MAX_TRIES = 8
COUNT_EVERY = timedelta(seconds=50)
"""A tick may come oftener than each minute: on one box it comes every two seconds."""

_log = logging.getLogger("ccc.reaper")


def keep_counting(services: Services) -> None:
    """Raise both counts by one, if the marker is ours and nothing is frozen.

    Whatever stands against it is no failure: the next tick tries again, and meanwhile nothing destructive happens
    without a marker that answers.
    """
    stack = services.stack.get()
    if stack is None or stack.marker_id is None or stack.frozen is not None:
        return
    if stack.counted_at is not None and abs(services.clock.now() - stack.counted_at) < COUNT_EVERY:
        return
    try:
        if marker.doubt(services, services.clock.now(), afresh=True) is None:
            raise_epoch(services)
    except (ProviderError, ProviderUnknown, WriteConflict) as error:
        _log.info("epoch.not_raised", extra={"fields": {"code": error.code}})


def raise_epoch(services: Services) -> StackState:
    """The stack one count further, and the marker with it; to be called right after a fresh look at the marker.

    ProviderError, ProviderUnknown: the table has counted, the marker perhaps not, which does no harm.
    """
    raised = _counted(services)
    if raised.marker_id is not None:
        services.servers.raise_epoch(raised.marker_id, raised.uuid, raised.epoch)
    return raised


def _counted(services: Services) -> StackState:
    """The stack one count further; others write into the same item all the time, so it is tried a few times."""
    for _ in range(MAX_TRIES - 1):
        stack = marker.require_stack(services)
        with contextlib.suppress(WriteConflict):
            return services.stack.write(_further(services, stack), stack)
    stack = marker.require_stack(services)
    return services.stack.write(_further(services, stack), stack)


def _further(services: Services, stack: StackState) -> StackState:
    return replace(stack, epoch=stack.epoch + 1, counted_at=services.clock.now())
