"""`ccc provision`: order a machine, wait until it runs, say how to log in; without a token, sign up for one.

A guest's signup is answered by mail: there is no token to wait with, and nothing is bought before the mail's link.
"""

from __future__ import annotations

from dataclasses import replace

import click

from ccc.api import Api
from ccc.connection import api_at, connection_of
from ccc.errors import Interrupted
from ccc.hours import TakesHours
from ccc.instance import Instance
from ccc.manage_token import is_manage_token
from ccc.order import Order, order_from
from ccc.output import emit, say, say_next, tell
from ccc.settling import Wait, interrupted, start_is_over
from ccc.started import finish, finish_early
from ccc.timeout_option import timeout_option
from ccc.verb import example, wants_json

WAIT_SECONDS = 1800
UNCONFIRMED = "unconfirmed"


@click.command(
    "provision",
    cls=TakesHours,
    short_help="Order a machine and wait until it runs.",
    epilog=example(
        "ccc provision you@example.org ~/.ssh/id_ed25519.pub",
        'ccc provision you@example.org "ssh-ed25519 AAAA… you@laptop" 4 cpx22',
        "ccc provision you@example.org --ssh-key - --hours 48 --no-wait",
    ),
)
@click.argument("email")
@click.argument("rest", nargs=-1, metavar="SSH_KEY [HOURS] [TYPE]")
@click.option("--ssh-key", metavar="SSH_KEY", help="Instead of the argument.")
@click.option("--hours", metavar="HOURS", help="Instead of the argument; the service's default is 24.")
@click.option("--type", "server_type", metavar="TYPE", help="Instead of the argument; see `ccc types`.")
@click.option("--location", metavar="LOCATION", help="Only there, for example fsn1.")
@click.option("--no-wait", is_flag=True, help="Return as soon as the order is taken.")
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(
    ctx: click.Context, /, email: str, rest: tuple[str, ...], no_wait: bool, timeout: float, **typed: str | None
) -> None:
    """Order a machine for EMAIL and wait until `ssh` works.

    SSH_KEY is the public key itself (in quotes), the path of a .pub file, or - for stdin. HOURS is a whole number,
    TYPE one of `ccc types`. Servers are paid by the started hour: the machine ends with the hour that is paid anyway.
    Ctrl-C stops the waiting only; the machine goes on.

    Without a token this is a guest's signup: a mail with a link comes to EMAIL, nothing is bought before the link is
    confirmed, and the command does not wait.
    """
    order = order_from(email, rest, typed)
    api, json = _api(ctx), wants_json(ctx)
    ordered = _ordered(api, order)
    if ordered.status == UNCONFIRMED:
        _finish_by_mail(ordered, email, json=json)
        return
    try:
        say(f"Instance ID: {ordered.id}")
        if no_wait:
            finish_early(ordered, json=json)
        else:
            wait, aside = Wait(settled=start_is_over, timeout=timeout, json=json), _end_in_words(order)
            finish(api, ordered, wait, aside=aside, identity=order.identity)
    except KeyboardInterrupt:
        raise interrupted(ordered) from None


def _api(ctx: click.Context) -> Api:
    """Return the service, without a token that could order nothing."""
    connection = connection_of(ctx, token_needed=False)
    if is_manage_token(connection.token):
        say("Note: the token in use opens one machine and orders none, so this is a guest's signup.")
        connection = replace(connection, token=None)
    return api_at(ctx, connection)


def _ordered(api: Api, order: Order) -> Instance:
    try:
        return api.provision(order.wishes)
    except KeyboardInterrupt:
        if api.token is None:
            raise Interrupted("Interrupted while signing up: if it was taken, a mail comes.") from None
        doubt = "Interrupted while ordering: the order may have been taken."
        raise Interrupted(doubt, next_command="ccc list") from None


def _finish_by_mail(ordered: Instance, email: str, *, json: bool) -> None:
    """Say what a guest has to do now; the link is in the mail alone."""
    if json:
        emit(ordered.document)
    else:
        tell(f"Instance ID: {ordered.id}")
        tell(f"Status: {ordered.status}")
    say(f"A mail with a link is on its way to {email}. Nothing is bought before you confirm it there.")
    say_next("ccc confirm LINK    (or open the link in a browser)")


def _end_in_words(order: Order) -> str:
    """Return why the end is later than the hours that were asked for."""
    hours = order.wishes.get("hours")
    asked = "It" if hours is None else f"Asked for {hours} h; it"
    return f"{asked} ends with the hour that is paid anyway."
