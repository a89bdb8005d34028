"""`ccc deprovision`: end a machine and wait until it is gone, or end everything that one address has."""

from __future__ import annotations

import sys

import click

from ccc.api import Api
from ccc.connection import open_api
from ccc.errors import Declined
from ccc.instance import Instance
from ccc.instance_argument import optional_instance_argument
from ccc.output import emit, is_terminal, person_present, say, say_next, tell
from ccc.owner_ending import end_owner
from ccc.settling import Wait, is_gone, wait_for
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example, wants_json

WAIT_SECONDS = 600


@click.command(
    "deprovision",
    cls=Verb,
    short_help="End a machine.",
    epilog=example(
        "ccc deprovision 0123456789ab",
        "ccc deprovision 0123456789ab --yes --no-wait",
        "ccc deprovision --email guest@example.org --yes",
    ),
)
@optional_instance_argument
@click.option("--email", metavar="ADDRESS", help="End all that this address has, and shut it out (operators).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Return while it is being deleted.")
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(
    ctx: click.Context, instance_id: str | None, email: str | None, yes: bool, no_wait: bool, timeout: float
) -> None:
    """End a machine: everything on it is lost. Asks first on a terminal; elsewhere the typed ID is the consent.

    With --email, everything an address has, in any spelling; it cannot sign up again before `ccc admit`.
    """
    if (instance_id is None) == (email is None):
        raise click.UsageError("Give the ID of a machine, or --email ADDRESS.", ctx)
    api, json = open_api(ctx), wants_json(ctx)
    if instance_id is None:
        end_owner(api, email or "", ask=person_present() and not yes, json=json)
    else:
        _end_one(api, instance_id, ask=person_present() and not yes, json=json, timeout=None if no_wait else timeout)


def _end_one(api: Api, instance_id: str, *, ask: bool, json: bool, timeout: float | None) -> None:
    """End one machine; with a `timeout` in seconds wait until it is gone."""
    if ask:
        _ask(api.instance(instance_id))
    ending = api.deprovision(instance_id)
    already = is_gone(ending)
    if timeout is not None:
        wait = Wait(settled=is_gone, timeout=timeout, json=json, again="status")
        ending = wait_for(api, ending, wait)
    if json:
        emit(ending.document)
    else:
        _tell(ending, already=already)


def _ask(instance: Instance) -> None:
    """Return when the person agrees; raises Declined when not. A machine whose life is over needs no question."""
    if is_gone(instance):
        return
    whose = f" of {instance.email}" if instance.email else ""
    where = f" at {instance.ip}" if instance.ip else ""
    say(f"Instance {instance.id}{whose}{where} is {instance.status}. Everything on it will be lost.")
    if not click.confirm("Delete it?", err=is_terminal(sys.stderr)):
        raise Declined("Nothing was deleted.")


def _tell(ending: Instance, *, already: bool) -> None:
    if already:
        tell(f"Instance {ending.id} was over already ({ending.status}).")
    elif is_gone(ending):
        tell(f"Instance {ending.id} is {ending.status}.")
    else:
        tell(f"Instance {ending.id} is being deleted.")
        say_next(f"ccc status {ending.id}")
