"""What a person needs to know about a machine that runs, and what to type next."""

from __future__ import annotations

import shlex

from ccc.instance import Instance
from ccc.output import say, tell
from ccc.when import local_and_utc


def tell_ready(instance: Instance) -> None:
    """Write id, ssh command, end and host key, a fact a line; then, beside it, the next commands."""
    tell(f"Instance ID: {instance.id}")
    tell(f"SSH command: {instance.ssh_command or 'not known yet'}")
    tell(f"Expires: {local_and_utc(instance.expires_at) if instance.expires_at else 'not known yet'}")
    if instance.fingerprint:
        tell(f"Host key: {instance.fingerprint}")
    if instance.known_hosts:
        tell(f"Known hosts: {instance.known_hosts}")
        tell("Trust it before the first login:")
        tell(f"  echo {shlex.quote(instance.known_hosts)} >> ~/.ssh/known_hosts")
    say_next(instance)


def say_next(instance: Instance) -> None:
    """Write the commands that make sense now."""
    say(f"Next: ccc ssh {instance.id}")
    say(f"      ccc extend {instance.id} HOURS")
    say(f"      ccc deprovision {instance.id}")
