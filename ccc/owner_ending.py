"""The kill switch by address: what a person is asked before, and what is told afterwards."""

from __future__ import annotations

import sys
from typing import Any

import click

from ccc.api import Api
from ccc.errors import Declined
from ccc.output import emit, is_terminal, say, say_next, tell


def end_owner(api: Api, address: str, *, ask: bool, json: bool) -> None:
    """End everything that this address has, and shut it out; it goes on being deleted when this returns."""
    if ask:
        _ask(api, address)
    done = api.operate("/owners/deprovision", {"email": address})
    if json:
        emit(done)
        return
    for one in _ended(done):
        tell(f"Instance {one.get('id')} is {one.get('status')}.")
    if not _ended(done):
        tell("There was nothing to end.")
    tell("The address is shut out." if done.get("newly_excluded") else "The address was shut out before.")
    say_next(f"ccc list --owner {address}", f"ccc admit {address}    (lets it sign up again)")


def _ask(api: Api, address: str) -> None:
    """Return when the person agrees; raises Declined when not."""
    for one in api.instances({"owner": address}):
        say(f"Instance {one.id} of {one.email} is {one.status}.")
    say("All of this, and what the address has signed up for, ends with everything on it, and it cannot sign up again.")
    if not click.confirm("Do it?", err=is_terminal(sys.stderr)):
        raise Declined("Nothing was ended.")


def _ended(done: dict[str, Any]) -> list[dict[str, Any]]:
    found = done.get("ended")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
