"""What SSH_KEY may be: the public key itself, the path of a `.pub` file, or `-` for stdin.

Decides before anything is sent, so that a private key stays on this machine and is never shown either. Whether the
key is a good one is the service's judgement. Line format: sshd(8), AUTHORIZED_KEYS FILE FORMAT; blob: RFC 4253, 6.6.
"""

from __future__ import annotations

import base64
import binascii
import shlex
import sys
from pathlib import Path

from ccc.errors import WrongUse
from ccc.output import is_terminal, say

LIMIT = 12 * 1024  # bytes; the service's own limit for a key
KEY_TYPES = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
PRIVATE = ("PRIVATE KEY-----", "PuTTY-User-Key-File", "AGE-SECRET-KEY-")
MAKE_KEY = "ssh-keygen -t ed25519    (makes one; its public half ends in .pub)"
PATH_LENGTH = 255  # what is longer is not shown as a path


def public_key(argument: str) -> str:
    """Return the one line of the public key that `argument` is or names; raises WrongUse, never quoting a key."""
    if argument == "-":
        return checked_key(_from_stdin(), source="stdin")
    if is_private(argument) or looks_like_key(argument):
        return checked_key(argument, source="the argument")
    return checked_key(_from_file(argument), source=_shown(argument))


def private_half(argument: str) -> str | None:
    """Return the path of the private key beside the `.pub` file that `argument` names, None where there is none."""
    if not argument.endswith(".pub") or looks_like_key(argument):
        return None
    path = Path(argument.removesuffix(".pub"))
    try:
        path = path.expanduser() if argument.startswith("~") else path
        return str(path) if path.is_file() else None
    except (OSError, RuntimeError):  # RuntimeError: ~ without a home
        return None


def is_private(text: str) -> bool:
    """Tell whether `text` holds a private key."""
    return any(mark in text for mark in PRIVATE)


def checked_key(text: str, *, source: str) -> str:
    """Return the key in `text` as one line; raises WrongUse."""
    if is_private(text):
        raise WrongUse(
            f"{source} is a private key: it stays with you and was not sent. Give its public half (….pub).",
            next_command=_public_half(source),
        )
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) != 1 or not lines[0].isprintable():
        raise WrongUse(f"{source} must hold exactly one public key, on one line.", next_command=MAKE_KEY)
    if not _well_formed(lines[0]):
        raise WrongUse(f"{source} is not an SSH public key.", details=_advice(lines[0]), next_command=MAKE_KEY)
    return lines[0]


def looks_like_key(argument: str) -> bool:
    """Tell whether `argument` is meant as the key itself, not as the path of one."""
    words = argument.split(maxsplit=1)
    return bool(words) and (words[0] in KEY_TYPES or words[0] == "ssh-dss" or "\n" in argument)


def _well_formed(line: str) -> bool:
    """Tell whether the line is `type base64 [comment]` with the same type inside the base64."""
    words = line.split(maxsplit=2)
    if len(words) < 2 or words[0] not in KEY_TYPES:  # noqa: PLR2004 type and base64
        return False
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    inner = words[0].encode()
    return blob.startswith(len(inner).to_bytes(4, "big") + inner) and len(blob) > 4 + len(inner)


def _advice(line: str) -> tuple[str, ...]:
    word = line.split(maxsplit=1)[0]
    if line in KEY_TYPES:
        return (f"Only {word} arrived: put the whole key in quotes.",)
    if word in KEY_TYPES:
        return ("Its middle part is damaged: copy the whole line again.",)
    return (f"Accepted types: {', '.join(sorted(KEY_TYPES))}.",)


def _from_stdin() -> str:
    if is_terminal(sys.stdin):
        say("Paste the public key, then press Ctrl-D.")
    return _decoded(sys.stdin.buffer.read(LIMIT + 1), source="stdin")


def _from_file(argument: str) -> str:
    source = _shown(argument)
    path = Path(argument).expanduser() if argument.startswith("~") else Path(argument)
    try:
        if path.is_dir():
            raise WrongUse(f"{source} is a directory: give the path of a .pub file in it.")
        with path.open("rb") as file:
            return _decoded(file.read(LIMIT + 1), source=source)
    except FileNotFoundError:
        raise WrongUse(f"{source} is neither a public key nor a file.", next_command=MAKE_KEY) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ without a home
        raise WrongUse(f"{source} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _decoded(raw: bytes, *, source: str) -> str:
    if len(raw) > LIMIT:
        raise WrongUse(f"{source} is longer than {LIMIT} bytes: no public key is.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise WrongUse(f"{source} is not text in UTF-8: no public key is.") from None


def _shown(argument: str) -> str:
    usable = len(argument) <= PATH_LENGTH and argument.isprintable()
    return argument if argument and usable else "the argument"


def _public_half(source: str) -> str | None:
    half = Path(f"{source}.pub")
    return f"ccc provision EMAIL {shlex.quote(str(half))}" if half.is_file() else MAKE_KEY
