"""Take one of so many that may be had in any span of a length, whoever else takes one at this moment.

It is counted first and added up afterwards, and given back when it was one too many: of all who take at once, whoever
counts last has seen everybody else, so the cap is never passed. Two who meet at the last one may both be refused.
What is limited, `domain/limits.py` and its neighbours say; which counters that takes, `domain/sliding_window.py`.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.errors import CounterFull
from chalicelib.domain.sliding_window import SlidingWindow
from chalicelib.operations import ports

PROMPT = 60
"""Who has stood still for a sixtieth of the window's length has seen too little: others count elsewhere meanwhile.

It is a fifth of a part, so that clocks may differ by more than they do before somebody is overlooked.
"""


def take(instances: ports.Instances, clock: ports.Clock, window: SlidingWindow, *, cap: int) -> None:
    """Count one; CounterFull when `cap` are taken: then `data["room_at"]` is when there may be room again.

    After any other error it may have been counted all the same: less goes out then, never more.
    """
    now = clock.now()
    key, purge_at = window.key(now), window.purge_at(now)
    counted = _is_counted(instances, window, now, cap)
    counts = instances.counters(window.keys(now))
    if counted and window.used(counts, now) <= cap and abs(clock.now() - now) < window.length / PROMPT:
        return
    if counted:
        instances.add(key, -1, cap=None, expires_at=purge_at)
        counts[key] -= 1
    raise CounterFull(f"No more than {cap} in {window.length}.", key=key, room_at=window.room_at(counts, now, cap))


def with_write(
    instances: ports.Instances, window: SlidingWindow, now: datetime, *, cap: int
) -> tuple[ports.CounterChange, ...]:
    """The changes that count one in the same write as a row, which is refused with CounterFull when `cap` are taken.

    Where others may count in the part before or after at this moment, the write also holds that they have not.
    """
    counts, key = instances.counters(window.keys(now)), window.key(now)
    others = window.used(counts, now) - counts[key]
    still = [
        ports.CounterChange(key=each, amount=0, cap=counts[each], expires_at=window.purge_at(now))
        for each in window.neighbours(now, window.length / PROMPT)
    ]
    mine = ports.CounterChange(key=key, amount=1, cap=cap - others, expires_at=window.purge_at(now))
    return (mine, *still)


def used(instances: ports.Instances, window: SlidingWindow, now: datetime) -> int:
    """How many are taken at this moment."""
    return window.used(instances.counters(window.keys(now)), now)


def _is_counted(instances: ports.Instances, window: SlidingWindow, now: datetime, cap: int) -> bool:
    try:
        instances.add(window.key(now), 1, cap=cap, expires_at=window.purge_at(now))
    except CounterFull:
        return False
    return True
