"""What `nix copy --to ssh://…` says on the wire, for a target that is told the names of paths and nothing more.

Nix's serve protocol: 64-bit little-endian numbers, strings padded to 8 bytes.
"""

import struct
import subprocess

from onebox.installer.remote import Remote

_CLIENT_HELLO = 0x390C9DEB
_SERVER_HELLO = 0x5452EECB
_VERSION = 0x205
_QUERY_VALID_PATHS = 1
_WORD = 8


def copy(remote: Remote, path: str, *, into_mnt: bool) -> bool:
    """Tell the target's store of `path`; false when it does not have it afterwards."""
    words = ["nix-store", "--serve", "--write"]
    if into_mnt:
        words += ["--store", "'local?root=/mnt'"]
    name = path.encode()
    padded = struct.pack("<Q", len(name)) + name + b"\0" * (-len(name) % _WORD)
    request = struct.pack("<QQQQQQ", _CLIENT_HELLO, _VERSION, _QUERY_VALID_PATHS, 0, 1, 1) + padded
    done = subprocess.run(remote.command(words), input=request, stdout=subprocess.PIPE, check=False)
    hello = struct.pack("<Q", _SERVER_HELLO)
    return done.returncode == 0 and done.stdout.startswith(hello) and padded in done.stdout
