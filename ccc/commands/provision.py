"""`ccc provision`: order a machine, wait until it runs, say how to log in."""

from __future__ import annotations

import click

from ccc.api import Api
from ccc.connection import open_api
from ccc.errors import Interrupted
from ccc.hours import TakesHours
from ccc.instance import Instance
from ccc.order import Order, order_from
from ccc.output import emit, say, say_next, tell
from ccc.ready import tell_ready
from ccc.settling import Wait, interrupted, must_run, start_is_over, wait_for
from ccc.timeout_option import timeout_option
from ccc.verb import example, wants_json

WAIT_SECONDS = 1800


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
    """
    order = order_from(email, rest, typed)
    api, json = open_api(ctx), wants_json(ctx)
    ordered = _ordered(api, order)
    try:
        say(f"Instance ID: {ordered.id}")
        if no_wait:
            _finish_early(ordered, json=json)
        else:
            _finish(api, ordered, Wait(settled=start_is_over, timeout=timeout, json=json), order)
    except KeyboardInterrupt:
        raise interrupted(ordered) from None


def _ordered(api: Api, order: Order) -> Instance:
    try:
        return api.provision(order.wishes)
    except KeyboardInterrupt:
        doubt = "Interrupted while ordering: the order may have been taken."
        raise Interrupted(doubt, next_command="ccc list") from None


def _finish_early(ordered: Instance, *, json: bool) -> None:
    _say_note(ordered)
    if json:
        emit(ordered.document)
        return
    tell(f"Instance ID: {ordered.id}")
    tell(f"Status: {ordered.status}")
    say_next(f"ccc wait {ordered.id}")


def _finish(api: Api, ordered: Instance, wait: Wait, order: Order) -> None:
    final = wait_for(api, ordered, wait)
    _say_note(final)
    if wait.json:
        # The manage token is told once, with the order.
        once = {key: value for key, value in ordered.document.items() if key == "manage_token"}
        emit({**final.document, **once})
    must_run(final)
    if not wait.json:
        tell_ready(final, aside=_end_in_words(order.wishes.get("hours")), identity=order.identity)


def _end_in_words(hours: int | None) -> str:
    """Return why the end is later than the hours that were asked for."""
    asked = "It" if hours is None else f"Asked for {hours} h; it"
    return f"{asked} ends with the hour that is paid anyway."


def _say_note(instance: Instance) -> None:
    """Say aloud when another type or location was taken than the one asked for."""
    if instance.note:
        say(f"Note: {instance.note}")
