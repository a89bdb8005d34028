"""Serve what is due: the `delete` queue first and in between, then `work`: no end ever waits behind a beginning.

One row that raises cannot block the rest: it is put off by a write that touches nothing but its `due_at`, the others go
on, and the errors are handed back for the caller to raise at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from chalicelib.domain.errors import CccError, StoreUnavailable, UnknownSchema
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.advance import advance
from chalicelib.operations.services import Services

BATCH = 500
"""Rows looked at in one queue in one go."""

LOOK_BETWEEN = timedelta(seconds=5)
PUT_OFF = timedelta(minutes=2)
PUT_OFF_UNKNOWN = timedelta(minutes=15)


def work_off(services: Services, *, left: Callable[[], float]) -> tuple[int, tuple[str, ...]]:
    """Advance every due row while `left()` seconds are positive; how many, and the errors as `id: kind`.

    StoreUnavailable comes through at once: with the store down, less is done, not more (rule R21).
    """
    count = 0
    errors: list[str] = []
    for instance_id in _due(services):
        if left() <= 0:
            break
        count += 1
        if (error := _advanced(services, instance_id)) is not None:
            errors.append(f"{instance_id}: {error}")
    return count, tuple(errors)


def _due(services: Services) -> Iterator[str]:
    """Every due row; what ends comes first, and also between any two of the others if time has passed with them.

    A mail server that says nothing may take seconds for each letter: an end that comes due meanwhile does not wait.
    """
    ended: set[str] = set()
    yield from _ends(services, ended)
    looked_at = services.clock.now()
    for instance_id in _fair(services.instances.due(Queue.WORK, looked_at, BATCH)):
        yield instance_id
        if (now := services.clock.now()) - looked_at >= LOOK_BETWEEN:
            looked_at = now
            yield from _ends(services, ended)


def _ends(services: Services, ended: set[str]) -> Iterator[str]:
    """What is to be deleted and was not looked at yet, the oldest first: minutes count towards the next paid hour."""
    for instance_id in services.instances.due(Queue.DELETE, services.clock.now(), BATCH):
        if instance_id not in ended:
            ended.add(instance_id)
            yield instance_id


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
