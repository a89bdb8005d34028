"""`ccc completion`: the script that lets a shell complete verbs and options."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ccc.cli import cli
from ccc.entry import COMPLETION
from ccc.environment import read_environment
from ccc.errors import WrongUse
from ccc.output import emit
from ccc.verb import Verb, example, wants_json

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    cls=Verb,
    short_help="Print a shell's completion script.",
    epilog=example("ccc completion bash > ~/.local/share/bash-completion/completions/ccc"),
)
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script of SHELL, by default the one you use."""
    name = shell or Path(read_environment().shell or "").name
    found = get_completion_class(name) if name in SHELLS else None
    if found is None:
        raise WrongUse(f"Say which shell: {', '.join(SHELLS)}.")
    script = found(cli, {}, "ccc", COMPLETION).source()
    if wants_json(ctx):
        emit({"shell": name, "script": script})
    else:
        click.echo(script)
