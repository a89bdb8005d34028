"""`ccc types`: what can be had now, and what it costs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click

from ccc.connection import open_api
from ccc.output import emit, say, tell
from ccc.table import Column, show_table
from ccc.verb import Verb, example, wants_json

COLUMNS = (
    Column(name="TYPE"),
    Column(name="CORES", right=True, spare=2),
    Column(name="MEMORY", right=True),
    Column(name="DISK", right=True, spare=4),
    Column(name="ARCH", spare=5),
    Column(name="EUR/HOUR", right=True),
    Column(name="EUR/MONTH", right=True, spare=3),
    Column(name="LOCATIONS", spare=1),
    Column(name=""),
)
HOURLY_PLACES, MONTHLY_PLACES = 4, 2


@click.command("types", cls=Verb, short_help="Show types, prices and stock.", epilog=example("ccc types"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the types that can be had now, with prices (IPv4 included) and the locations that have them in stock."""
    answer = open_api(ctx, token_needed=False).types()
    if wants_json(ctx):
        emit(answer)
        return
    notes = notes_of(answer["types"])
    show_table(COLUMNS, [row(one, notes) for one in answer["types"]])
    for note, mark in notes.items():
        tell(f"{mark} {note}")
    if not answer["types"]:
        say("Nothing is in stock at the moment.")


def notes_of(kinds: list[dict[str, Any]]) -> dict[str, str]:
    """Return the mark of each note, `*`, `**` and so on, in the order in which the types come."""
    notes = dict.fromkeys(str(kind["note"]) for kind in kinds if kind.get("note"))
    return {note: "*" * number for number, note in enumerate(notes, 1)}


def row(kind: dict[str, Any], notes: dict[str, str]) -> tuple[str, ...]:
    """Return the cells of one type, its note by the mark it has in `notes`."""
    asides = ["recommended"] if kind.get("recommended") else []
    asides += [notes[str(kind["note"])]] if kind.get("note") else []
    return (
        _cell(kind, "name"),
        _cell(kind, "cores"),
        _cell(kind, "memory_gb", " GB"),
        _cell(kind, "disk_gb", " GB"),
        _cell(kind, "architecture"),
        _euros(kind, "price_hourly_eur", HOURLY_PLACES),
        _euros(kind, "price_monthly_eur", MONTHLY_PLACES),
        ",".join(str(place) for place in kind.get("locations") or ()) or "-",
        " ".join(asides),
    )


def _cell(kind: dict[str, Any], name: str, unit: str = "") -> str:
    value = kind.get(name)
    return "-" if value is None else f"{value}{unit}"


def _euros(kind: dict[str, Any], name: str, places: int) -> str:
    """Return a price with so many decimals, so that a column's points stand under each other."""
    said = _cell(kind, name)
    try:
        return f"{Decimal(said):.{places}f}"
    except InvalidOperation:
        return said
