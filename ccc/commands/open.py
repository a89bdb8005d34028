"""`ccc open`: a machine's status page in the browser."""

from __future__ import annotations

import webbrowser

import click

from ccc.api import Api
from ccc.connection import open_api
from ccc.instance_argument import instance_argument
from ccc.output import emit, person_present, tell
from ccc.verb import Verb, example, wants_json

MANAGE = "ccc_manage_"  # how the tokens begin that open one machine only


@click.command("open", cls=Verb, short_help="Open the status page.", epilog=example("ccc open 0123456789ab"))
@instance_argument
@click.pass_context
def command(ctx: click.Context, instance_id: str) -> None:
    """Open a machine's status page in the browser; without a terminal, only print its address.

    A machine's own token goes along in the fragment, which browsers do not send. An operator's token never does.
    """
    api = open_api(ctx)
    page = page_of(api, api.instance(instance_id).id)
    if wants_json(ctx):
        emit({"url": page})
        return
    tell(page)
    if person_present():
        webbrowser.open(page)


def page_of(api: Api, instance_id: str) -> str:
    """Return the address of the status page."""
    own = api.token if api.token and api.token.startswith(MANAGE) else None
    return f"{api.url}/i/{instance_id}" + (f"#{own}" if own else "")
