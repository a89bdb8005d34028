"""Serve what is due: the `delete` queue first and in between, then `work`: no end ever waits behind a beginning.

One row that raises cannot block the rest: it is put off by a write that touches nothing but its `due_at`, the others go
on, and the errors are handed back for the caller to raise at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from chalicelib.domain.errors import CccError, StoreUnavailable, UnknownSchema
from chalicelib.domain.instance import EndReason
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.advance import advance
from chalicelib.operations.services import Services

BATCH = 500
"""Rows looked at in one queue in one go."""

MORE_THAN_ONE = 2
ALONE = 20
"""Ends that one worker serves before it asks others to help: 500 at once are more than it can do in three minutes."""

LOOK_BETWEEN = timedelta(seconds=5)
PUT_OFF = timedelta(minutes=2)
PUT_OFF_UNKNOWN = timedelta(minutes=15)


Serve = Callable[[str], None]


def work_off(
    services: Services, *, left: Callable[[], float], serve: Serve | None = None
) -> tuple[int, tuple[str, ...]]:
    """Advance every due row while `left()` seconds are positive; how many, and the errors as `id: kind`.

    `serve` is called for each instead of `advance`, by whoever keeps a record. StoreUnavailable comes through at once:
    with the store down, less is done, not more (rule R21).
    """
    count = 0
    errors: list[str] = []
    for instance_id in in_order(services, share=serve is None):
        if left() <= 0:
            break
        count += 1
        if (error := _advanced(services, instance_id, serve or partial(advance, services))) is not None:
            errors.append(f"{instance_id}: {error}")
    return count, tuple(errors)


def in_order(services: Services, *, share: bool = False) -> Iterator[str]:
    """Every due row in the order of service.

    What ends comes first, and also between any two of the others if time has passed with them.

    With `share`, many ends are also offered to whoever a nudge reaches, once the first show that the provider answers.
    A mail server that says nothing may take seconds for each letter: an end that comes due meanwhile does not wait.
    """
    ended: set[str] = set()
    yield from _ends(services, ended, share=share)
    looked_at = services.clock.now()
    for instance_id in _fair(services.instances.due(Queue.WORK, looked_at, BATCH)):
        yield instance_id
        if (now := services.clock.now()) - looked_at >= LOOK_BETWEEN:
            looked_at = now
            yield from _ends(services, ended, share=share)


def _ends(services: Services, ended: set[str], *, share: bool) -> Iterator[str]:
    """What is to be deleted and was not looked at yet, the oldest first: minutes count towards the next paid hour."""
    found = services.instances.due(Queue.DELETE, services.clock.now(), BATCH)
    ids = _oldest_first(services, [each for each in found if each not in ended])
    for number, instance_id in enumerate(ids):
        if share and number == ALONE and _is_gone(services, ids[0]):
            for other in ids[number:]:
                services.nudge.advance(other)
        ended.add(instance_id)
        yield instance_id


def _is_gone(services: Services, instance_id: str) -> bool:
    """Whether an end that was just served has come: then the provider answers, and more hands are of use."""
    row = services.instances.get(instance_id)
    return row is not None and row.terminal


def _oldest_first(services: Services, ids: list[str]) -> list[str]:
    """By the end itself and not by `due_at`: what was tried in vain has moved back in the index, all to one moment."""
    if len(ids) < MORE_THAN_ONE:
        return ids
    return sorted(ids, key=lambda instance_id: (_end_of(services, instance_id), instance_id))


def _end_of(services: Services, instance_id: str) -> float:
    """The moment from which a row should be gone, in seconds; a row that is not understood comes last."""
    try:
        row = services.instances.get(instance_id)
    except UnknownSchema:
        row = None
    if row is None:
        return float("inf")
    by_time = row.end_reason in {None, EndReason.EXPIRED} and row.expires_at is not None
    return (row.expires_at if by_time and row.expires_at else row.status_since).timestamp()


def _fair(ids: list[str]) -> list[str]:
    """The oldest and the newest in turn: a long row of old failures cannot starve what has just come in."""
    middle = (len(ids) + 1) // 2
    old, new = ids[:middle], ids[: middle - 1 : -1] if middle < len(ids) else []
    mixed = [each for pair in zip(old, new, strict=False) for each in pair]
    return mixed + old[len(new) :]


def _advanced(services: Services, instance_id: str, serve: Serve) -> str | None:
    """Advance one row; what went wrong, after the row was put off."""
    try:
        serve(instance_id)
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one row does, the others must go on; it is told at the end
        wait = PUT_OFF_UNKNOWN if isinstance(error, UnknownSchema) else PUT_OFF
        services.instances.delay(instance_id, services.clock.now() + wait)
        services.alarms.raise_alarm("instance.raised", instance_id=instance_id, error=type(error).__name__)
        return error.code if isinstance(error, CccError) else type(error).__name__
    return None
