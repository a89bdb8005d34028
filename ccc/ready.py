"""What a person needs to know about a machine that runs, and what to type next."""

from __future__ import annotations

import shlex

from ccc.cost import cost_in_words
from ccc.instance import Instance
from ccc.output import say, say_next, tell
from ccc.when import local_and_utc


def tell_ready(instance: Instance, *, aside: str | None = None, identity: str | None = None) -> None:
    """Write id, ssh command, end, cost and host key, a fact a line; then, beside it, the next commands.

    `aside` is a sentence to say with them, `identity` the path of the private key that opens the machine.
    """
    tell(f"Instance ID: {instance.id}")
    tell(f"SSH command: {instance.ssh_command or 'not known yet'}")
    tell(f"Expires: {local_and_utc(instance.expires_at) if instance.expires_at else 'not known yet'}")
    cost = cost_in_words(instance.document)
    if cost:
        tell(f"Cost: {cost}")
    if instance.fingerprint:
        tell(f"Host key: {instance.fingerprint}")
    if instance.known_hosts:
        tell(f"Known hosts: {instance.known_hosts}")
        tell("Trust it before the first login:")
        tell(f"  {trusting(instance.known_hosts)}")
    if aside:
        say(aside)
    key = f"-i {shlex.quote(identity)} " if identity else ""
    say_next(f"ccc ssh {key}{instance.id}", f"ccc extend {instance.id} HOURS", f"ccc deprovision {instance.id}")


def trusting(known_hosts: str) -> str:
    """Return one line for a shell that trusts this key.

    It works in a fresh account, which has no ~/.ssh, and for an address that another machine had before: ssh would
    refuse a second key under the same name, so the old one goes first (ssh-keygen(1), -R).
    """
    name, line = shlex.quote(known_hosts.partition(" ")[0]), shlex.quote(known_hosts)
    return f"mkdir -p -m 700 ~/.ssh && ssh-keygen -R {name} 2>/dev/null; echo {line} >> ~/.ssh/known_hosts"
