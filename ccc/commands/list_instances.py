"""`ccc list`: the machines of this token, newest first."""

from __future__ import annotations

import sys

import click

from ccc.connection import open_api
from ccc.instance import ENDING, OVER, Instance
from ccc.output import emit, is_terminal, say, say_next
from ccc.table import Column, show_table
from ccc.verb import Verb, example, wants_json
from ccc.when import local, span

COLUMNS = (
    Column(name="ID"),
    Column(name="ADDRESS"),
    Column(name="E-MAIL", spare=2),
    Column(name="EXPIRES", spare=1),
    Column(name="STATUS"),
    Column(name="TYPE", spare=3),
    Column(name="LOCATION", spare=4),
)
ABSENT = "-"


@click.command(
    "list", cls=Verb, short_help="List machines.", epilog=example("ccc list", "ccc list --all --output json")
)
@click.option("--all", "every", is_flag=True, help="Also those that are gone.")
@click.option("--status", metavar="STATUS", help="Only those: requested, creating, installing, running, …")
@click.option("--owner", metavar="ADDRESS", help="Only those of one e-mail address.")
@click.pass_context
def command(ctx: click.Context, every: bool, status: str | None, owner: str | None) -> None:
    """List machines, newest first; those that are gone only with --all, or by their status."""
    every = every or status in OVER
    wanted = {"all": "1" if every else None, "status": status, "owner": owner}
    found = list(open_api(ctx).instances({name: value for name, value in wanted.items() if value}))
    if wants_json(ctx):
        emit({"instances": [one.document for one in found]})
        return
    show_table(COLUMNS, [row(one, human=is_terminal(sys.stdout)) for one in found])
    if not found:
        say("No machines.")
        say_next("ccc provision EMAIL SSH_KEY")


def row(instance: Instance, *, human: bool) -> tuple[str, ...]:
    """Return the cells of one machine; `human` shows times in local words, else as RFC 3339, one word a cell."""
    cells = (
        instance.id,
        instance.ip,
        instance.email,
        _end(instance) if human else instance.expires_at,
        instance.status,
        instance.server_type,
        instance.location,
    )
    return tuple(cell or ABSENT for cell in cells)


def _end(instance: Instance) -> str | None:
    """Return the end in local words; what is over or ending has none that is still to come."""
    if not instance.expires_at or instance.status in ENDING | OVER:
        return None
    left = f" ({span(instance.seconds_left)} left)" if instance.seconds_left else ""
    return local(instance.expires_at) + left
