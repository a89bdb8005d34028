"""Serve what is due: the `delete` queue first, then `work`, so that no end ever waits behind a beginning.

One row that raises cannot block the rest: it is put off by a write that touches nothing but its `due_at`, the others go
on, and the errors are handed back for the caller to raise at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.domain.errors import CccError, StoreUnavailable, UnknownSchema
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.advance import advance
from chalicelib.operations.services import Services

BATCH = 500
"""Rows looked at in one queue in one go."""

PUT_OFF = timedelta(minutes=2)
PUT_OFF_UNKNOWN = timedelta(minutes=15)


def work_off(services: Services, *, left: Callable[[], float]) -> tuple[int, tuple[str, ...]]:
    """Advance every due row while `left()` seconds are positive; how many, and the errors as `id: kind`.

    StoreUnavailable comes through at once: with the store down, less is done, not more (rule R21).
    """
    count = 0
    errors: list[str] = []
    for queue in (Queue.DELETE, Queue.WORK):
        ids = services.instances.due(queue, services.clock.now(), BATCH)
        # what ends is served oldest first: every minute counts towards its next paid hour
        for instance_id in ids if queue is Queue.DELETE else _fair(ids):
            if left() <= 0:
                return count, tuple(errors)
            count += 1
            if (error := _advanced(services, instance_id)) is not None:
                errors.append(f"{instance_id}: {error}")
    return count, tuple(errors)


def _fair(ids: list[str]) -> list[str]:
    """The oldest and the newest in turn: a long row of old failures cannot starve what has just come in."""
    middle = (len(ids) + 1) // 2
    old, new = ids[:middle], ids[: middle - 1 : -1] if middle < len(ids) else []
    mixed = [each for pair in zip(old, new, strict=False) for each in pair]
    return mixed + old[len(new) :]


def _advanced(services: Services, instance_id: str) -> str | None:
    """Advance one row; what went wrong, after the row was put off."""
    try:
        advance(services, instance_id)
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one row does, the others must go on; it is told at the end
        wait = PUT_OFF_UNKNOWN if isinstance(error, UnknownSchema) else PUT_OFF
        services.instances.delay(instance_id, services.clock.now() + wait)
        services.alarms.raise_alarm("instance.raised", instance_id=instance_id, error=type(error).__name__)
        return error.code if isinstance(error, CccError) else type(error).__name__
    return None
