"""`ccc status`: everything about one machine, once or as it changes."""

from __future__ import annotations

import click

from ccc.api import Api
from ccc.attempt import attempt_in_words
from ccc.connection import open_api
from ccc.cost import cost_in_words
from ccc.ending import ending
from ccc.errors import Interrupted
from ccc.instance import OVER, Instance
from ccc.instance_argument import instance_argument
from ccc.output import emit, tell
from ccc.progress import progress
from ccc.progress_words import SLOW, in_words
from ccc.verb import Verb, example, wants_json
from ccc.waiting import follow


@click.command(
    "status",
    cls=Verb,
    short_help="Show one machine.",
    epilog=example("ccc status 0123456789ab", "ccc status 0123456789ab --watch"),
)
@instance_argument
@click.option("--watch", is_flag=True, help="Show every change until it is over or Ctrl-C.")
@click.pass_context
def command(ctx: click.Context, instance_id: str, watch: bool) -> None:
    """Show one machine: how far it is, how to log in, when it ends."""
    api = open_api(ctx)
    instance = api.instance(instance_id)
    if watch:
        instance = _watched(api, instance)
    if wants_json(ctx):
        emit(instance.document)
        return
    for name, value in facts(instance):
        tell(f"{name}: {value}")


def facts(instance: Instance) -> list[tuple[str, str]]:
    """Return what is known, a name and a value a line."""
    kind = " in ".join(part for part in (instance.server_type, instance.location) if part)
    known = [
        ("Instance ID", instance.id),
        ("Status", _status(instance)),
        ("Attempt", attempt_in_words(instance)),
        ("E-mail", instance.email),
        ("Address", instance.ip),
        ("Type", kind),
        ("SSH command", instance.ssh_command),
        ("Host key", instance.fingerprint),
        ending(instance) or ("Expires", None),
        ("Cost", cost_in_words(instance.document)),
        ("Note", instance.note),
        *(("Failure", line) for line in instance.failure_lines),
    ]
    return [(name, str(value)) for name, value in known if value]


def _status(instance: Instance) -> str:
    """Return the status, and within it the stage, the step of it, and whether that takes long."""
    if not instance.stage:
        return instance.status
    step = f" ({instance.step})" if instance.step else ""
    slow = any(stage.name == instance.stage and stage.slow() for stage in instance.stages)
    return f"{instance.status}, {in_words(instance.stage)}{step}" + (f", {SLOW}" if slow else "")


def _watched(api: Api, instance: Instance) -> Instance:
    """Show changes until the machine is gone; return the last state."""
    try:
        with progress() as display:
            display.show(instance)
            for latest in follow(api, instance.id, timeout=None, answering=display.answering):
                instance = latest
                display.show(instance)
                if instance.status in OVER:
                    break
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped watching; instance {instance.id} is {instance.status}.") from None
    return instance
