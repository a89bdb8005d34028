"""`ccc types`: what can be had now, and what it costs."""

from __future__ import annotations

from typing import Any

import click

from ccc.connection import open_api
from ccc.output import columns, emit, say
from ccc.verb import Verb, example, wants_json

HEAD = ("TYPE", "CORES", "MEMORY", "DISK", "ARCH", "EUR/HOUR", "EUR/MONTH", "LOCATIONS", "")


@click.command("types", cls=Verb, short_help="Show types, prices and stock.", epilog=example("ccc types"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the types that can be had now, with prices (IPv4 included) and the locations that have them in stock."""
    answer = open_api(ctx, token_needed=False).types()
    if wants_json(ctx):
        emit(answer)
        return
    columns(HEAD, [row(one) for one in answer["types"]])
    if not answer["types"]:
        say("Nothing is in stock at the moment.")


def row(kind: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one type."""
    asides = ["recommended"] if kind.get("recommended") else []
    asides += [str(kind["note"])] if kind.get("note") else []
    return (
        _cell(kind, "name"),
        _cell(kind, "cores"),
        _cell(kind, "memory_gb", " GB"),
        _cell(kind, "disk_gb", " GB"),
        _cell(kind, "architecture"),
        _cell(kind, "price_hourly_eur"),
        _cell(kind, "price_monthly_eur"),
        ",".join(str(place) for place in kind.get("locations") or ()) or "-",
        "; ".join(asides),
    )


def _cell(kind: dict[str, Any], name: str, unit: str = "") -> str:
    value = kind.get(name)
    return "-" if value is None else f"{value}{unit}"
