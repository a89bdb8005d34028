"""The files of one instance on a machine that is otherwise like all others: its host key, its record, its guest's key.

nixos-anywhere packs the tree with its modes and unpacks it over the new system's root, owned by root: so every folder
is 0755 whatever the umask. Closed to all but root are the private host key and the record, which holds the token of the
machine: what runs there as somebody else, a web server say, has no business with it. The guest needs no other mode:
the time left is read from what root's timer wrote, and `ccc-box extend` goes through sudo. (There can be no group that
may read: nixos-anywhere's `--chown` cuts paths of this length.)
"""

from __future__ import annotations

import json
from pathlib import Path

from chalicelib.domain.build import BuildOrder

AUTHORIZED_KEYS = "var/lib/cloud-instance/authorized_keys.d/claude"
"""Where the new system's sshd finds the guest's line, below its root."""

_HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
_RECORD = "var/lib/cloud-instance/instance.json"
_FOLDERS = (
    "",
    "etc",
    "etc/ssh",
    "var",
    "var/lib",
    "var/lib/cloud-instance",
    "var/lib/cloud-instance/authorized_keys.d",
)


def authorized_keys(order: BuildOrder) -> bytes:
    """The whole of the guest's authorized_keys: one line, and nothing else."""
    return f"{order.authorized_key}\n".encode()


def write_extra_files(root: Path, order: BuildOrder) -> None:
    """Make the tree below `root`, which must not exist yet."""
    for folder in _FOLDERS:
        (root / folder).mkdir()
        (root / folder).chmod(0o755)
    _write(root / _HOST_KEY, order.final_host_key.private.encode(), 0o600)
    _write(root / f"{_HOST_KEY}.pub", f"{order.final_host_key.public}\n".encode(), 0o644)
    _write(root / _RECORD, (json.dumps(order.record, indent=2, sort_keys=True) + "\n").encode(), 0o600)
    _write(root / AUTHORIZED_KEYS, authorized_keys(order), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
    path.chmod(mode)
