"""The file that holds a machine's host key for ssh: where it is kept, and that it goes when the machine is gone.

`ccc ssh` keeps it among what can be thrown away, `ccc ssh-config` where it stays, since blocks in ~/.ssh/config name
it. It is removed only on the service's own word that the instance is over, and never for one that is merely ending.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from ccc.environment import read_environment
from ccc.errors import BadAnswer
from ccc.instance import OVER, Instance

ID = re.compile(r"[0-9a-f]{12}")


def pinned_key(folder: Path, instance_id: str) -> Path:
    """Return the file in `folder`; raises BadAnswer for an id that could lead to another place."""
    if not ID.fullmatch(instance_id):
        raise BadAnswer("The service named an instance in an unknown way; nothing was written.")
    return folder / f"known_hosts-{instance_id}"


def forget_when_over(instance: Instance) -> None:
    """Remove the files of a machine whose life is over; one that cannot be removed is left and no error."""
    if instance.status not in OVER or not ID.fullmatch(instance.id):
        return
    environment = read_environment()
    for folder in (environment.cache_folder, environment.state_folder):
        with contextlib.suppress(OSError):
            pinned_key(folder, instance.id).unlink(missing_ok=True)
