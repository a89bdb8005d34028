"""One line of OpenSSH public key, as a guest pastes it: which are taken, and what is written instead.

Decides strictly (one line, a type from a list, strict base64, a sound blob) and never hands the text on:
what reaches a machine is written anew from the bytes, without the comment. The bytes are kept as they came,
because re-serialising a security key through a library turns it into a plain one and locks its owner out.
No message repeats the input: it may be a private key. It must not know where keys are stored; the rules for
the bytes are in `chalicelib.domain.ssh_blob`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

from chalicelib.domain.ssh_blob import ED25519, TYPES, check_blob, refusal

MAX_CHARS: Final = 12 * 1024
MAX_COMMENT_BYTES: Final = 256

_PRIVATE = re.compile(
    r"(?i:-{2,5} ?(?:BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY)"  # PEM of every kind, and the SSH2 form
    r"|PuTTY-User-Key-File"
    r"|b3BlbnNzaC1rZXktdj"  # "openssh-key-v": the body of such a file without its first line
)
_OTHER_FORMAT = re.compile(r"-{2,5} ?(?:BEGIN|END) ", re.IGNORECASE)
_LINE_END = re.compile(r"\r?\n\Z")
_BLANKS = re.compile(r"[ \t]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_OUR_COMMENT = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories: controls, direction marks, lone surrogates, private use, line and paragraph ends."""
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that emoji and some scripts are spelled with: harmless in a comment that is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshPublicKey:
    """A public key: its `type` word and the bytes of its `blob`, exactly as they came.

    The constructor trusts its caller, so that what an earlier release stored stays readable; what comes
    from outside goes through `parse` or `ed25519`.
    """

    type: str
    blob: bytes

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read one line `type base64 [comment]`; the comment is dropped.

        Spaces and tabs around and between the parts are normalised, and one line end behind the line is
        taken, because every .pub file has one. Raises `InvalidInput` (field `ssh_public_key`) for
        everything else.
        """
        key_type, encoded, comment = _parts(_one_line(text))
        if key_type not in TYPES:
            raise refusal(_why_not_a_type(key_type))
        if len(comment.encode()) > MAX_COMMENT_BYTES:
            raise refusal(f"the comment behind the key is longer than {MAX_COMMENT_BYTES} bytes; leave it away")
        return cls._checked(key_type, _decoded(encoded))

    @classmethod
    def ed25519(cls, raw: bytes) -> Self:
        """Make the key of 32 raw bytes (RFC 8032); raises `InvalidInput` when they are no sound point."""
        blob = b"".join(len(field).to_bytes(4, "big") + field for field in (ED25519.encode(), raw))
        return cls._checked(ED25519, blob)

    @classmethod
    def _checked(cls, key_type: str, blob: bytes) -> Self:
        check_blob(key_type, blob)
        return cls(type=key_type, blob=blob)

    def line(self, comment: str) -> str:
        """Return `type base64 comment` without a line end; `ValueError` unless `comment` is one plain word."""
        if not _OUR_COMMENT.fullmatch(comment):
            raise ValueError("the comment of a key line is one word of letters, digits and . _ @ -")
        return f"{self.type} {base64.b64encode(self.blob).decode()} {comment}"

    @property
    def fingerprint(self) -> str:
        """`SHA256:` and the hash of the blob in base64 without padding, as `ssh-keygen -l` prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).rstrip(b"=").decode()


def _one_line(text: object) -> str:
    """Return the text as one line without surrounding blanks, or say why it cannot be a key's line."""
    if not isinstance(text, str) or not text.strip():
        raise refusal("paste the line of your public key, for example the content of ~/.ssh/id_ed25519.pub")
    if _PRIVATE.search(text):
        raise refusal(
            "this is a private key; make a new one with ssh-keygen, give its private half to nobody,"
            " and paste the line of the file that ends in .pub"
        )
    if _OTHER_FORMAT.search(text):
        raise refusal("this is a key in another format; ssh-keygen -i -f FILE (with -m if need be) converts it")
    if len(text) > MAX_CHARS:
        raise refusal(f"this is too long for a public key; {MAX_CHARS} characters are the most")
    line = _LINE_END.sub("", text).strip(" \t")
    if "\n" in line or "\r" in line:
        raise refusal("this is more than one line; paste exactly one public key")
    return line


def _parts(line: str) -> tuple[str, str, str]:
    """Split into type, base64, comment; what is missing is empty, a tab within the comment is a control."""
    key_type, encoded, comment, *_ = [*_BLANKS.split(line, maxsplit=2), "", ""]
    for character in key_type + encoded + comment:
        if unicodedata.category(character) in _FORBIDDEN and character not in _JOINERS:
            raise refusal("there are control or invisible characters in the line; copy it again")
    return key_type, encoded, comment


def _decoded(encoded: str) -> bytes:
    """Read base64 in its one canonical spelling: nothing skipped, no spare bits in the last character."""
    if _BASE64.fullmatch(encoded) and len(encoded) % 4 == 0:
        blob = base64.b64decode(encoded)
        if base64.b64encode(blob).decode() == encoded:
            return blob
    raise refusal("the long part of the key is not proper base64; copy the whole line again")


def _why_not_a_type(word: str) -> str:
    if word == "ssh-dss":
        return "DSA keys are no longer safe; make an ed25519 key (ssh-keygen -t ed25519)"
    if word.endswith("-cert-v01@openssh.com"):
        return "this is a certificate; paste the plain public key it was made from"
    return (
        "the line must begin with the type of the key, without options or host names before it;"
        " taken are " + ", ".join(sorted(TYPES))
    )
