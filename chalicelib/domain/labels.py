"""Names and labels at the provider: how a server is found again, and how it is known to be ours.

Label values match `[A-Za-z0-9._-]{0,63}` (Hetzner's rule), so nothing a guest typed is ever in one (rule R3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

MANAGED_BY = "managed-by"
STACK = "ccc-stack"
INSTANCE = "ccc-instance"
EXPIRES = "ccc-expires"
EPOCH = "ccc-epoch"
OURS = "ccc"

INSTANCE_ID = re.compile(r"[0-9a-f]{12}")


def server_name(instance_id: str) -> str:
    """The name of an instance's server, unique in its project: the idempotency key at the provider (rule R2)."""
    return f"cc-{instance_id}"


def server_labels(*, stack: str, instance_id: str, expires_at: datetime | None = None) -> dict[str, str]:
    """The labels a server is created with; `ccc-expires` is advisory and no verb believes it."""
    labels = {MANAGED_BY: OURS, STACK: stack, INSTANCE: instance_id}
    return labels if expires_at is None else {**labels, EXPIRES: str(int(expires_at.timestamp()))}


def is_ours(labels: Mapping[str, str], *, name: str, stack: str, instance_id: str) -> bool:
    """Whether a server with this name and these labels is the one of this instance of this stack.

    Never, where the instance's id is none that we give: `cc-web`, labelled by hand, is somebody's own.
    """
    if INSTANCE_ID.fullmatch(instance_id) is None:
        return False
    wanted = server_labels(stack=stack, instance_id=instance_id)
    return name == server_name(instance_id) and all(labels.get(key) == value for key, value in wanted.items())


def selector(stack: str) -> str:
    """The label selector that lists the servers of one stack and no others."""
    return f"{MANAGED_BY}={OURS},{STACK}={stack}"


def marker_name(stack: str) -> str:
    """The name of the stack's marker, an SSH-key object whose private half was thrown away (rule R11)."""
    return f"ccc-stack-{stack}"


def marker_labels(*, stack: str, epoch: int) -> dict[str, str]:
    """The labels of the marker: whose it is, and how far the table that last swept had counted."""
    return {MANAGED_BY: OURS, STACK: stack, EPOCH: str(epoch)}
