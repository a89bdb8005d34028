"""From an order that was taken to a machine that runs: the last part of `provision`, `confirm` and `retry`."""

from __future__ import annotations

from dataclasses import replace

from ccc.api import Api
from ccc.instance import Instance
from ccc.output import emit, say, say_next, tell
from ccc.ready import tell_ready
from ccc.settling import Wait, must_run, wait_for


def finish(api: Api, started: Instance, wait: Wait, *, aside: str | None = None, identity: str | None = None) -> None:
    """Wait until the machine runs and say how to log in, with `aside` and `identity` as in `ready.py`.

    Raises what waiting raises, and Failed when the machine will never run.
    """
    wait = replace(wait, told_once=told_once(started))
    final = wait_for(api, started, wait)
    say_note(final)
    if wait.json:
        emit({**final.document, **wait.told_once})
    must_run(final)
    if not wait.json:
        tell_ready(final, aside=aside, identity=identity)


def finish_early(started: Instance, *, json: bool) -> None:
    """Say what was taken, and how to wait for it later."""
    say_note(started)
    if json:
        emit(started.document)
        return
    tell(f"Instance ID: {started.id}")
    tell(f"Status: {started.status}")
    say_next(f"ccc wait {started.id}")


def told_once(started: Instance) -> dict[str, str]:
    """Return what the service tells with the first answer only and no later look shows: the manage token."""
    return {"manage_token": started.manage_token} if started.manage_token else {}


def say_note(instance: Instance) -> None:
    """Say aloud when another type or location was taken than the one asked for."""
    if instance.note:
        say(f"Note: {instance.note}")
