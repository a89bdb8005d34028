"""The table of verbs.

A verb's file is imported when it is typed or listed by --help, and imports nothing slow itself.
"""

from __future__ import annotations

import importlib

import click

from ccc import __version__
from ccc.suggesting import Suggesting
from ccc.verb import common_options, example

# In the order a person meets them.
VERBS = {
    "provision": "provision",
    "confirm": "confirm",
    "status": "status",
    "list": "list_instances",
    "open": "open_page",
    "extend": "extend",
    "deprovision": "deprovision",
    "types": "types",
    "ssh": "ssh",
    "ssh-config": "ssh_config",
    "wait": "wait",
    "logs": "logs",
    "retry": "retry",
    "rotate-token": "rotate_token",
    "reap": "reap",
    "state": "state",
    "audit": "audit",
    "why": "why",
    "pause": "pause",
    "resume": "resume",
    "admit": "admit",
    "accept-restore": "accept_restore",
    "doctor": "doctor",
    "context": "context",
    "completion": "completion",
}


class Verbs(Suggesting):
    """The group that finds its commands in `ccc/commands/`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """Return the verbs in the table's order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 same
        """Return a verb's command, which its file calls `command`; None for an unknown verb."""
        if cmd_name not in VERBS:
            return None
        found = importlib.import_module(f"ccc.commands.{VERBS[cmd_name]}").command
        return found if isinstance(found, click.Command) else None


cli = Verbs(
    name="ccc",
    help="Your own NixOS machine at Hetzner with Claude Code on it, for the hours you ask for.",
    params=common_options(),
    epilog=example(
        "ccc provision you@example.org ~/.ssh/id_ed25519.pub 4",
        "ccc list",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
cli = click.version_option(__version__, prog_name="ccc")(cli)
