"""`ccc ssh-config`: a block for ~/.ssh/config with the host key pinned."""

from __future__ import annotations

from pathlib import Path

import click

from ccc.connection import open_api
from ccc.environment import read_environment
from ccc.host import Host, host_of
from ccc.instance_argument import instance_argument
from ccc.output import emit, tell
from ccc.verb import Verb, example, wants_json


@click.command(
    "ssh-config",
    cls=Verb,
    short_help="Print a block for ~/.ssh/config.",
    epilog=example("ccc ssh-config 0123456789ab", "ccc ssh-config 0123456789ab >> ~/.ssh/config"),
)
@click.option("-i", "--identity", metavar="KEY", help="The private key to name in it.")
@instance_argument
@click.pass_context
def command(ctx: click.Context, identity: str | None, instance_id: str) -> None:
    """Print a block for ~/.ssh/config, after which `ssh cc-ID`, scp, rsync and editors reach the machine.

    It names a file with the host key, which is kept under $XDG_STATE_HOME/ccc.
    """
    host = host_of(open_api(ctx).instance(instance_id), read_environment().state_folder)
    settings = settings_of(host, identity)
    if wants_json(ctx):
        emit({"host": host.name, "settings": settings})
        return
    tell(f"Host {host.name}")
    for name, value in settings.items():
        tell(f"    {name} {value}")


def settings_of(host: Host, identity: str | None) -> dict[str, str]:
    """Return the block's settings by their names in ssh_config(5); the block is read in other folders than this one."""
    path = str(Path(identity).expanduser().absolute()).replace("%", "%%") if identity else ""
    key = {"IdentityFile": f'"{path}"', "IdentitiesOnly": "yes"} if path else {}
    return {"HostName": host.address, "Port": str(host.port), "User": host.user, **host.options(), **key}
