"""Waiting until an instance is what was asked for, and saying what came of it.

Used by every verb that waits for a machine. Whatever ends the waiting, the instance itself goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ccc.api import Api
from ccc.errors import CliError, Failed, Interrupted, WaitedTooLong
from ccc.instance import ENDING, OVER, WAITING, Instance
from ccc.output import emit
from ccc.progress import progress
from ccc.waiting import follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What to wait for.

    `settled` says when it is over; when the time is over first, `json` prints the last known object and `again` is
    the verb to go on with. `told_once` is what no later look shows: `json` prints it whatever ends the waiting.
    """

    settled: Callable[[Instance], bool]
    timeout: float
    json: bool
    again: str = "wait"
    told_once: dict[str, Any] = field(default_factory=dict, repr=False)


def wait_for(api: Api, first: Instance, wait: Wait) -> Instance:
    """Return the settled instance; raises Interrupted on Ctrl-C and WaitedTooLong, naming the next command."""
    last = first
    try:
        with progress() as display:
            display.show(first)
            if wait.settled(first):
                return first
            for last in follow(api, first.id, timeout=wait.timeout, answering=display.answering):
                display.show(last)
                if wait.settled(last):
                    break
    except KeyboardInterrupt:
        _save_what_is_told_once(last, wait)
        raise interrupted(last) from None
    except WaitedTooLong as error:
        if wait.json:
            emit({**last.document, **wait.told_once})
        raise WaitedTooLong(error.message, next_command=f"ccc {wait.again} {last.id}") from error
    except CliError:
        _save_what_is_told_once(last, wait)
        raise
    return last


def _save_what_is_told_once(last: Instance, wait: Wait) -> None:
    if wait.json and wait.told_once:
        emit({**last.document, **wait.told_once})


def start_is_over(instance: Instance) -> bool:
    """Tell whether the machine runs, or never will."""
    return instance.status not in WAITING


def is_gone(instance: Instance) -> bool:
    """Tell whether its life is over: nothing more will happen to it."""
    return instance.status in OVER


def must_run(instance: Instance) -> None:
    """Raise Failed with cause and hint unless the machine runs."""
    if instance.status == "failed":
        log = f"ccc logs {instance.id}"
        raise Failed(f"Instance {instance.id} failed.", details=instance.failure_lines, next_command=log)
    if instance.status in ENDING:
        status = f"ccc status {instance.id}"
        raise Failed(f"Instance {instance.id} is {instance.status}: it will not run.", next_command=status)


def interrupted(instance: Instance) -> Interrupted:
    """Return what to say when Ctrl-C ends the waiting for this instance."""
    ending = "" if instance.status in ENDING else f"    (or: ccc deprovision {instance.id})"
    return Interrupted(
        f"Stopped waiting; instance {instance.id} goes on ({instance.status}).",
        next_command=f"ccc status {instance.id} --watch{ending}",
    )
