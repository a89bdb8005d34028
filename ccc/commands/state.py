"""`ccc state`: the whole service at one glance, for its operator."""

from __future__ import annotations

from typing import Any

import click

from ccc.connection import open_api
from ccc.output import emit, say_next, tell
from ccc.verb import Verb, example, wants_json
from ccc.when import local_and_utc


@click.command("state", cls=Verb, short_help="The service at one glance.", epilog=example("ccc state"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show what stands against new machines, what they cost, what is late, and which mails did not arrive."""
    state = open_api(ctx).state()
    if wants_json(ctx):
        emit(state)
        return
    for line in lines(state):
        tell(line)
    say_next(*_next(state))


def lines(state: dict[str, Any]) -> list[str]:
    """Return what is to be said, one fact a line."""
    live, creates, spend = (_part(state, name) for name in ("live", "creates", "spend"))
    late = [f"Late: {one.get('instance_id')} ({one.get('status')}): {one.get('why')}" for one in _many(state, "late")]
    mails = [
        f"Mail: {one.get('mail')} of {one.get('instance_id')} is {one.get('state')}"
        for one in _many(state, "undelivered")
    ]
    return [
        f"New machines: {_new_machines(state)}",
        *_builds(state),
        f"Deleting: {_part(state, 'stack').get('frozen') or 'as usual'}",
        f"Marker: {_part(_part(state, 'stack'), 'marker').get('state') or 'not seen yet'}",
        f"Live: {live.get('now')} of {live.get('most')}",
        f"Made in the last hour: {creates.get('this_hour')} of {creates.get('most')}",
        f"Requests to the provider: {_requests(state)}",
        f"Set aside in {spend.get('month')}: {spend.get('reserved_eur')} of {spend.get('cap_eur')} EUR",
        f"Running machines: {spend.get('so_far_eur')} EUR so far, {spend.get('projected_eur')} EUR until their ends",
        *(late or ["Late: nothing"]),
        *mails,
    ]


def _new_machines(state: dict[str, Any]) -> str:
    breaker = _part(state, "breaker")
    if _part(state, "stack").get("paused"):
        return "switched off"
    if breaker.get("open_until"):
        return f"held back until {local_and_utc(str(breaker['open_until']))}. {breaker.get('reason') or ''}".rstrip()
    return f"switched on (signing up: {state.get('signup')})"


def _builds(state: dict[str, Any]) -> list[str]:
    """Return what of the last day's builds failed, and how far that is from holding new machines back."""
    failed, breaker = _part(state, "failed_builds"), _part(state, "breaker")
    row, most = breaker.get("failures_in_a_row"), breaker.get("held_back_from")
    count = f"{failed.get('count')} or more" if failed.get("more") else failed.get("count")
    causes = ", ".join(f"{number} {cause}" for cause, number in _part(failed, "by_cause").items())
    said = f"Failed builds: {count or 'none'} in {failed.get('hours')} h" + (f" ({causes})" if causes else "")
    in_a_row = f"Failed in a row: {row} of {most} that hold new machines back ({breaker.get('cause')})"
    counts = row and most and (row < most or breaker.get("open_until"))  # afterwards the next one is the first again
    return [*([said] if failed else []), *([in_a_row] if counts else [])]


def _requests(state: dict[str, Any]) -> str:
    """Return how much of an hour's budget is used, and when all of it is there again."""
    seen = _part(state, "provider_requests")
    said = f"{seen.get('this_hour', '?')} of {seen.get('most', '?')} in the last hour"
    if not seen.get("this_hour") or not seen.get("resets_at"):
        return said
    return f"{said}, forgotten at {local_and_utc(str(seen['resets_at']))}"


def _next(state: dict[str, Any]) -> tuple[str, ...]:
    held = _part(state, "stack").get("paused") or _part(state, "breaker").get("open_until")
    frozen = _part(state, "stack").get("frozen")
    failed = ["ccc list --status failed"] if _part(state, "failed_builds").get("count") else []
    return (*(["ccc resume"] if held else []), *(["ccc accept-restore"] if frozen else []), *failed, "ccc list")


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _many(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
