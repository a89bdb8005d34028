"""`ccc accept-restore`: say that a table restored from a backup is the one that counts."""

from __future__ import annotations

import sys

import click

from ccc.connection import open_api
from ccc.errors import Declined
from ccc.output import emit, is_terminal, person_present, say, say_next, tell
from ccc.verb import Verb, example, wants_json

WARNING = (
    "From now on this table is believed: servers that it does not know are swept as orphans, and machines that it knows"
    " and nobody has are ended as lost. Both happen slowly, and never many at once."
)
PLANTING = "A marker is planted where there is none: be sure that the token is of the right project."
ALL_GONE = (
    "No machine is looked for: whatever the table knows counts as gone from now on. With the token of another project"
    " every machine that lives is forgotten, and costs on. Look at the servers in the provider's console first."
)


@click.command(
    "accept-restore",
    cls=Verb,
    short_help="Go on deleting after a restore.",
    epilog=example(
        "ccc accept-restore",
        "ccc accept-restore --plant-marker --yes",
        "ccc accept-restore --plant-marker --machines-are-gone",
    ),
)
@click.option("--plant-marker", is_flag=True, help="Also make the marker in the provider's project if it is missing.")
@click.option("--machines-are-gone", is_flag=True, help="Plant it although no machine is found: all were deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(ctx: click.Context, plant_marker: bool, machines_are_gone: bool, yes: bool) -> None:
    """Unfreeze a service whose table was restored from a backup. Look at `ccc reap --dry-run` before and after."""
    if machines_are_gone and not plant_marker:
        raise click.UsageError("--machines-are-gone goes with --plant-marker only.")
    if machines_are_gone and not (yes or person_present()):
        raise click.UsageError("--machines-are-gone needs somebody to ask, or --yes.")
    api = open_api(ctx)
    if person_present() and not yes:
        _ask(plant_marker=plant_marker, machines_are_gone=machines_are_gone)
    wish = {"plant_marker": plant_marker}
    if machines_are_gone:  # an older service does not know the field
        wish["machines_are_gone"] = True
    state = api.operate("/operator/accept-restore", wish)
    if wants_json(ctx):
        emit(state)
        return
    tell(f"The table counts: nothing is frozen, the epoch is {state.get('epoch')}.")
    say_next("ccc reap --dry-run")


def _ask(*, plant_marker: bool, machines_are_gone: bool) -> None:
    """Return when the person agrees; raises Declined when not."""
    say(WARNING)
    if plant_marker:
        say(PLANTING)
    if not (_sure() if machines_are_gone else click.confirm("Accept it?", err=is_terminal(sys.stderr))):
        raise Declined("Nothing was changed.")


def _sure() -> bool:
    """Whether a whole word was typed, which no habit types."""
    say(ALL_GONE)
    typed = click.prompt(
        'Type "yes" if every machine is gone', default="", show_default=False, err=is_terminal(sys.stderr)
    )
    return str(typed).strip() == "yes"
