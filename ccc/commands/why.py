"""`ccc why`: why something was deleted, or was not."""

from __future__ import annotations

from typing import Any

import click

from ccc.connection import open_api
from ccc.instance_argument import ID
from ccc.output import emit, tell
from ccc.verb import Verb, example, wants_json


@click.command(
    "why",
    cls=Verb,
    short_help="Why this was deleted, or was not.",
    epilog=example("ccc why 0123456789ab", "ccc why 4711"),
)
@click.argument("what", metavar="ID|SERVER")
@click.pass_context
def command(ctx: click.Context, what: str) -> None:
    """Explain an instance by its ID, or a server by its number at the provider; for operators."""
    found = open_api(ctx).why(_query(ctx, what.strip().lower()))
    if wants_json(ctx):
        emit(found)
        return
    for line in lines(found):
        tell(line)


def _query(ctx: click.Context, what: str) -> dict[str, str]:
    """An id has twelve characters; numbers of servers at Hetzner are shorter today, and may be longer."""
    if instance := ID.fullmatch(what):
        return {"instance": instance.group(1)}
    if what.isdecimal():
        return {"server": what}
    raise click.UsageError("Give an instance's ID (12 characters from 0-9 and a-f) or a server's number.", ctx)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the answer, and below it what it rests on."""
    looked = found.get("looked_at") or {}
    told = [_told(each) for each in found.get("told") or ()]
    audit = [_entry(each) for each in found.get("audit") or ()]
    return [
        str(found.get("answer")),
        f"Runs since {looked.get('since') or '-'} ({looked.get('runs', 0)}) said:",
        *(told or ["  nothing"]),
        "Audit:",
        *(audit or ["  nothing"]),
    ]


def _told(each: dict[str, Any]) -> str:
    named = "".join(
        f" {kind} {each[key]}" for kind, key in (("instance", "instance_id"), ("server", "server_id")) if each.get(key)
    )
    times = f", {each['times']} times since {each.get('first_at')}" if each.get("times", 1) > 1 else ""
    return f"  {each.get('last_at')} {each.get('what')}{named}: {each.get('why')} (run {each.get('run')}{times})"


def _entry(each: dict[str, Any]) -> str:
    about = f": {each['about']}" if each.get("about") else ""
    return f"  {each.get('at')} {each.get('who')} {each.get('did')}{about}"
