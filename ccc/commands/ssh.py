"""`ccc ssh`: log in with the host key the service vouches for."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import click

from ccc.connection import open_api
from ccc.environment import read_environment
from ccc.errors import Failed
from ccc.host import Host, host_of
from ccc.instance_argument import instance_argument
from ccc.output import emit, is_terminal, say
from ccc.verb import Verb, example, wants_json


@click.command(
    "ssh",
    cls=Verb,
    short_help="Log in to a machine.",
    epilog=example("ccc ssh 0123456789ab", "ccc ssh -i ~/.ssh/id_ed25519 0123456789ab -- claude --version"),
)
@click.option("-i", "--identity", metavar="KEY", help="The private key to use, and no other.")
@instance_argument
@click.argument("words", nargs=-1, metavar="[-- COMMAND…]")
@click.pass_context
def command(ctx: click.Context, identity: str | None, instance_id: str, words: tuple[str, ...]) -> None:
    """Log in with the system's ssh, or run COMMAND there; its exit code is ssh's.

    The host key comes from the service and is pinned; your own known_hosts is neither read nor written. With --output
    json the command line is printed instead of run.
    """
    host = host_of(open_api(ctx).instance(instance_id), read_environment().cache_folder)
    arguments = ssh_arguments(host, identity, words)
    if wants_json(ctx):
        emit({"argv": arguments})
        return
    if identity is None and is_terminal(sys.stderr):
        say(key_hint(Path.home() / ".ssh"))
    _become(arguments)


def ssh_arguments(host: Host, identity: str | None, words: tuple[str, ...]) -> list[str]:
    """Return ssh's command line; `--` stands after the target, where ssh would still take options."""
    pinned = [part for name, value in host.options().items() for part in ("-o", f"{name}={value}")]
    key = ["-i", identity, "-o", "IdentitiesOnly=yes"] if identity else []
    target = [f"{host.user}@{host.address}"]
    return ["ssh", *pinned, *key, "-p", str(host.port), *target, *(["--", *words] if words else [])]


def key_hint(folder: Path) -> str:
    """Return what to know before ssh's own "Permission denied", after which nothing of ours runs any more."""
    private = [path for path in folder.glob("id_*") if path.suffix != ".pub"]
    if private:
        return "Using your default SSH keys; give another with -i KEY."
    return "No key in ~/.ssh: give one with -i KEY."


def _become(arguments: list[str]) -> None:
    """Replace this process by ssh; raises Failed when there is none."""
    program = shutil.which("ssh")
    if program is None:
        raise Failed("There is no ssh program on this machine: install OpenSSH's client.")
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and ssh would inherit that
    os.execv(program, arguments)  # noqa: S606 there is no shell on purpose: nothing may reinterpret the words
