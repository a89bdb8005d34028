"""`ccc audit`: who changed what, and when."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import click

from ccc.connection import open_api
from ccc.instance_argument import optional_instance_argument
from ccc.output import emit, is_terminal, say
from ccc.table import Column, show_table
from ccc.verb import Verb, example, wants_json

COLUMNS = (
    Column(name="WHEN"),
    Column(name="WHO"),
    Column(name="TOKEN", spare=2),
    Column(name="DID"),
    Column(name="ID", spare=1),
    Column(name="ABOUT", cut=16),
)
ABSENT = "-"


@click.command(
    "audit",
    cls=Verb,
    short_help="Who changed what.",
    epilog=example("ccc audit 0123456789ab", "ccc audit --day 2026-11-23"),
)
@optional_instance_argument
@click.option("--day", metavar="YYYY-MM-DD", help="A day in UTC; today without an ID.")
@click.pass_context
def command(ctx: click.Context, instance_id: str | None, day: str | None) -> None:
    """Show who changed a machine, or everything on a day, newest first; for operators. Kept for 90 days."""
    if instance_id is not None and day is not None:
        raise click.UsageError("Give an ID or --day, not both.", ctx)
    if day is not None and not _is_day(day):
        raise click.BadParameter("it is a day like 2026-11-23.", ctx, param_hint="--day")
    wanted = {"instance": instance_id, "day": day}
    entries = open_api(ctx).audit({name: value for name, value in wanted.items() if value})
    if wants_json(ctx):
        emit({"entries": entries})
        return
    _show(entries, without_id=instance_id is not None and is_terminal(sys.stdout))
    if not entries:
        say("Nothing was changed.")


def _is_day(text: str) -> bool:
    """Tell whether this is a day of the calendar in the one form that the service reads."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _show(entries: list[dict[str, Any]], *, without_id: bool) -> None:
    """Write the entries; whoever typed an id at a terminal knows it, and has the room for more of what was done."""
    shown = [index for index, column in enumerate(COLUMNS) if not (without_id and column.name == "ID")]
    rows = [_row(entry) for entry in entries]
    show_table([COLUMNS[index] for index in shown], [tuple(row[index] for index in shown) for row in rows])


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    token = " ".join(str(entry[name]) for name in ("token", "token_name") if entry.get(name))
    cells = (entry.get("at"), entry.get("who"), token, entry.get("did"), entry.get("instance_id"), entry.get("about"))
    return tuple(str(cell) if cell else ABSENT for cell in cells)
