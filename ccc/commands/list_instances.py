"""`ccc list`: the machines of this token, newest first."""

from __future__ import annotations

import sys

import click

from ccc.connection import open_api
from ccc.instance import Instance
from ccc.output import columns, emit, is_terminal, say
from ccc.verb import Verb, example, wants_json
from ccc.when import local, span

HEAD = ("ID", "ADDRESS", "E-MAIL", "EXPIRES", "STATUS", "TYPE", "LOCATION")
ABSENT = "-"


@click.command(
    "list", cls=Verb, short_help="List machines.", epilog=example("ccc list", "ccc list --all --output json")
)
@click.option("--all", "every", is_flag=True, help="Also those that are gone.")
@click.option("--status", metavar="STATUS", help="Only those: requested, creating, installing, running, …")
@click.option("--owner", metavar="ADDRESS", help="Only those of one e-mail address.")
@click.pass_context
def command(ctx: click.Context, every: bool, status: str | None, owner: str | None) -> None:
    """List machines, newest first; those that are gone only with --all."""
    wanted = {"all": "1" if every else None, "status": status, "owner": owner}
    found = list(open_api(ctx).instances({name: value for name, value in wanted.items() if value}))
    if wants_json(ctx):
        emit({"instances": [one.document for one in found]})
        return
    columns(HEAD, [row(one, human=is_terminal(sys.stdout)) for one in found])
    if not found:
        say("No machines. Next: ccc provision EMAIL SSH_KEY")


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
    if not instance.expires_at:
        return None
    left = f" ({span(instance.seconds_left)} left)" if instance.seconds_left else ""
    return local(instance.expires_at) + left
