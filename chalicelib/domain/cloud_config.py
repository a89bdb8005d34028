"""The user_data of a new server: what cloud-init does before the builder's first connection.

It plants the bootstrap host key K1, so that the first contact is already pinned, and the install key as root's only
key. `chpasswd: expire: false` and `ssh_pwauth: false` undo the expired root password that Hetzner may set
(`hetzner.md`). JSON is valid YAML, so nothing is ever interpolated into the document.
"""

from __future__ import annotations

import json

from chalicelib.domain.build import KeyPair

MAX_BYTES = 32 * 1024
"""Hetzner's limit for user_data."""


def cloud_config(*, host_key: KeyPair, install_key: str) -> str:
    """The cloud-config document; `install_key` is the public line that opens root until the install."""
    document = {
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key.private, "ed25519_public": host_key.public},
        "ssh_genkeytypes": [],
        "disable_root": False,
        "ssh_pwauth": False,
        "chpasswd": {"expire": False},
        "users": [{"name": "root", "ssh_authorized_keys": [install_key]}],
    }
    return "#cloud-config\n" + json.dumps(document, indent=1) + "\n"
