"""Public keys as the provider takes them: one OpenSSH line, known by the MD5 of its blob."""

import base64
import binascii
import hashlib

import asyncssh

from hetzner_emulator.errors import invalid


def fingerprint(line: object) -> str:
    """Return the MD5 fingerprint in colon form; a malformed key is a 422."""
    parts = line.split() if isinstance(line, str) else []
    if len(parts) < 2 or not isinstance(line, str) or "\n" in line.strip():  # noqa: PLR2004 -- type and blob
        raise invalid("public_key", "malformed public key")
    try:
        blob = base64.b64decode(parts[1], validate=True)
        asyncssh.import_public_key(line.strip())
    except (binascii.Error, ValueError, asyncssh.KeyImportError) as error:
        raise invalid("public_key", "malformed public key") from error
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")


def same_key(first: str, second: str) -> bool:
    """Tell whether two lines hold the same key, whatever their comments."""
    return first.split()[:2] == second.split()[:2]
