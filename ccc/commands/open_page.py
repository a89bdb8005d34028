"""`ccc open`: a machine's page in the browser, which its manage token opens.

No request is sent: the link is put together here, and the token stays in its fragment.
"""

from __future__ import annotations

import sys

import click

from ccc.connection import open_api
from ccc.errors import WrongUse
from ccc.instance_argument import instance_argument
from ccc.manage_token import is_manage_token, page_link
from ccc.output import emit, is_terminal, say, tell
from ccc.verb import Verb, example, wants_json


@click.command(
    "open",
    cls=Verb,
    short_help="Open a machine's page in the browser.",
    epilog=example("ccc open 0123456789ab", "ccc open 0123456789ab --print"),
)
@instance_argument
@click.option("--print", "print_only", is_flag=True, help="Only print the link.")
@click.pass_context
def command(ctx: click.Context, instance_id: str, print_only: bool) -> None:
    """Open the page of a machine; where there is no browser or no terminal, print its link.

    The link holds the manage token: whoever has it may extend and end the machine.
    """
    api = open_api(ctx)
    if api.token is None or not is_manage_token(api.token):
        raise WrongUse(
            "A machine's page opens with its manage token, and the token in use is none.",
            next_command=f"ccc status {instance_id}",
        )
    link = page_link(api.url, instance_id, api.token)
    if wants_json(ctx):
        emit({"id": instance_id, "link": link})
    elif print_only or not is_terminal(sys.stdout):
        tell(link)
    else:
        _open(link)


def _open(link: str) -> None:
    import webbrowser  # noqa: PLC0415 --help must not pay for it

    if webbrowser.open(link):
        say("The page is open in the browser.")
    else:
        say("There is no browser here; open this link elsewhere:")
        tell(link)
