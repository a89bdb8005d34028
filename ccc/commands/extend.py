"""`ccc extend`: more hours for a machine that runs."""

from __future__ import annotations

from typing import Any

import click

from ccc.connection import open_api
from ccc.cost import cost_in_words
from ccc.hours import TakesHours, hours_from
from ccc.instance_argument import instance_argument
from ccc.output import emit, tell
from ccc.verb import example, wants_json
from ccc.when import local_and_utc


@click.command(
    "extend", cls=TakesHours, short_help="Give a machine more hours.", epilog=example("ccc extend 0123456789ab 4")
)
@instance_argument
@click.argument("hours")
@click.pass_context
def command(ctx: click.Context, instance_id: str, hours: str) -> None:
    """Give a machine HOURS more: a whole number, from 1 to the service's limit at a time.

    Asked twice by a bad network, it is given once.
    """
    more = hours_from(hours)
    answer = open_api(ctx).extend(instance_id, more)
    if wants_json(ctx):
        emit(answer)
    else:
        _tell(instance_id, answer)


def _tell(instance_id: str, answer: dict[str, Any]) -> None:
    tell(f"Instance ID: {instance_id}")
    for name, key in (("Expires", "expires_at"), ("Before", "old_expires_at")):
        if answer.get(key):
            tell(f"{name}: {local_and_utc(str(answer[key]))}")
    if answer.get("hours_left") is not None:
        tell(f"Can still be extended by: {answer['hours_left']} h")
    cost = cost_in_words(answer)
    if cost:
        tell(f"Cost: {cost}")
