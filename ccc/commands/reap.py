"""`ccc reap`: run the reaper now, hear what it would do, or what the servers that it found without a row have cost."""

from __future__ import annotations

import time
from typing import Any

import click

from ccc.api import Api
from ccc.connection import open_api
from ccc.errors import Conflicted, Failed, WaitedTooLong
from ccc.orphan_costs import show_orphan_costs
from ccc.output import emit, say, tell
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example, wants_json

WAIT_SECONDS = 900
OVER = frozenset({"done", "failed", "interrupted"})
SHORTEST, LONGEST = 0.1, 2.0  # seconds between two looks: doubled up to the second


@click.command(
    "reap",
    cls=Verb,
    short_help="Reconcile rows and servers now.",
    epilog=example("ccc reap --dry-run", "ccc reap --confirm 3", "ccc reap --orphans"),
)
@click.option("--dry-run", is_flag=True, help="Explain only; nothing is changed.")
@click.option("--confirm", type=click.IntRange(min=1), metavar="N", help="Let it act on at most N.")
@click.option("--orphans", is_flag=True, help="Run nothing: list what servers without a row have cost.")
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(ctx: click.Context, dry_run: bool, confirm: int | None, orphans: bool, timeout: float) -> None:
    """Compare rows and servers, delete what is due and nothing else, and say why."""
    if orphans and (dry_run or confirm):
        raise click.UsageError("--orphans runs nothing: give it alone.", ctx)
    api = open_api(ctx)
    if orphans:
        return _tell_orphans(ctx, api)
    wishes = {"dry_run": True} if dry_run else {}
    run = _finished(api, api.reap({**wishes, **({"confirm": confirm} if confirm else {})}), timeout)
    if wants_json(ctx):
        emit(run)
    else:
        _tell(run)
    return _judge(run)


def _tell_orphans(ctx: click.Context, api: Api) -> None:
    costs = list(api.orphans())
    if wants_json(ctx):
        emit({"orphans": costs})
    else:
        show_orphan_costs(costs)


def _finished(api: Api, name: str, timeout: float) -> dict[str, Any]:
    """Return the run when it is over; raises WaitedTooLong."""
    deadline, pause = time.monotonic() + timeout, SHORTEST
    while (run := api.reap_run(name)).get("state") not in OVER:
        left = deadline - time.monotonic()
        if left <= 0:
            raise WaitedTooLong(f"Run {name} is not done after {timeout:g} s; it goes on without us.")
        time.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST)
    return run


def _tell(run: dict[str, Any]) -> None:
    looked = run.get("looked_at") or {}
    tell(f"Run: {run.get('id')}{' (dry run: nothing was changed)' if run.get('dry_run') else ''}")
    tell(f"Looked at: {looked.get('rows', '?')} rows, {looked.get('servers', '?')} servers")
    title = "Would do" if run.get("dry_run") else "Did"
    for name, items in ((title, run.get("did")), ("Skipped", run.get("skipped"))):
        tell(f"{name}: {len(items or ())}")
        for item in items or ():
            tell(f"  {_line(item)}")


def _line(item: dict[str, Any]) -> str:
    """Return one act in words: what, on which instance and server, and why."""
    named = [
        f"{kind} {item[key]}" for kind, key in (("instance", "instance_id"), ("server", "server_id")) if item.get(key)
    ]
    said = " ".join([str(item.get("what") or "left"), *named])
    return f"{said}: {item['why']}" if item.get("why") else said


def _judge(run: dict[str, Any]) -> None:
    """Raise Failed when the run failed, was killed or met errors, Conflicted when it froze and should have acted."""
    if run.get("state") == "interrupted":
        raise Failed(
            "The run was interrupted: whoever carried it out was killed. What it did is above; the next run goes on.",
            details=tuple(str(error) for error in run.get("errors") or ()),
            next_command="ccc reap --dry-run",
        )
    errors = tuple(str(error) for error in run.get("errors") or ())
    if run.get("state") == "failed" or errors:
        raise Failed("The reaper met errors.", details=errors, next_command="ccc reap --dry-run")
    if run.get("frozen"):
        frozen = f"The reaper is frozen: {run['frozen']}"
        if not run.get("dry_run"):
            raise Conflicted(frozen, next_command="ccc reap --dry-run    (what it would do; then --confirm N)")
        say(frozen)
