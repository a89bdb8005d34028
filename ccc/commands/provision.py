"""`ccc provision`: order a machine, wait until it runs, say how to log in."""

from __future__ import annotations

from typing import Any

import click

from ccc.api import Api
from ccc.connection import open_api
from ccc.errors import Interrupted, WrongUse
from ccc.hours import hours_from
from ccc.instance import Instance
from ccc.output import emit, say, tell
from ccc.ready import tell_ready
from ccc.settling import Wait, interrupted, must_run, start_is_over, wait_for
from ccc.ssh_key_argument import public_key
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example, wants_json

WAIT_SECONDS = 1800
SLOTS = ("ssh_key", "hours", "server_type")  # the order of what may follow EMAIL


@click.command(
    "provision",
    cls=Verb,
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
    TYPE one of `ccc types`. Ctrl-C stops the waiting only; the machine goes on.
    """
    wishes = wishes_from(email, rest, typed)
    api, json = open_api(ctx), wants_json(ctx)
    ordered = _ordered(api, wishes)
    try:
        say(f"Instance ID: {ordered.id}")
        if no_wait:
            _finish_early(ordered, json=json)
        else:
            _finish(api, ordered, Wait(settled=start_is_over, timeout=timeout, json=json))
    except KeyboardInterrupt:
        raise interrupted(ordered) from None


def wishes_from(email: str, rest: tuple[str, ...], typed: dict[str, str | None]) -> dict[str, Any]:
    """Return the body of the order; what was typed as an option leaves its place to the next argument.

    `typed` holds ssh_key, hours, server_type and location, None where not typed. Raises WrongUse for too many
    arguments, no key, an unusable key or hours.
    """
    free = [slot for slot in SLOTS if typed.get(slot) is None]
    if len(rest) > len(free):
        raise WrongUse("There are more arguments than EMAIL SSH_KEY HOURS TYPE. A key with spaces in it needs quotes.")
    said = {**typed, **dict(zip(free, rest, strict=False))}
    if not said["ssh_key"]:
        raise WrongUse("SSH_KEY is missing: a public key, the path of a .pub file, or - for stdin.")
    wishes = {
        "email": email,
        "ssh_public_key": public_key(said["ssh_key"]),
        "hours": None if said["hours"] is None else hours_from(said["hours"]),
        "server_type": said["server_type"],
        "location": said["location"],
    }
    return {name: wish for name, wish in wishes.items() if wish is not None}


def _ordered(api: Api, wishes: dict[str, Any]) -> Instance:
    try:
        return api.provision(wishes)
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
    say(f"Next: ccc wait {ordered.id}")


def _finish(api: Api, ordered: Instance, wait: Wait) -> None:
    final = wait_for(api, ordered, wait)
    _say_note(final)
    if wait.json:
        # The manage token is told once, with the order.
        once = {key: value for key, value in ordered.document.items() if key == "manage_token"}
        emit({**final.document, **once})
    must_run(final)
    if not wait.json:
        tell_ready(final)


def _say_note(instance: Instance) -> None:
    """Say aloud when another type or location was taken than the one asked for."""
    if instance.note:
        say(f"Note: {instance.note}")
