"""The far end of `nix copy --to ssh://…`: as much of the serve protocol as it takes to be told of paths.

Every path it is asked about is said to be there already, so nothing but names crosses the wire. Numbers are
64-bit little-endian, strings are padded to 8 bytes (nix, `src/libstore/serve-protocol.hh`).
"""

import asyncio
import re
import shlex
import struct

from hetzner_emulator.machine.install import add_copied
from hetzner_emulator.machine.session import Session

CLIENT_HELLO = 0x390C9DEB
SERVER_HELLO = 0x5452EECB
VERSION = 0x205
QUERY_VALID_PATHS = 1
_MNT = re.compile(r"root(=|%3F|%3D)/?(%2F)?mnt")
_WORD = 8
_LONGEST = 4096
_MOST_PATHS = 100_000


async def serve(session: Session) -> int:
    """Answer one conversation until its end."""
    words = shlex.split(session.process.command or "")
    if "--serve" not in words:
        session.err("emulated machine: only `nix-store --serve` is known here\n")
        return 127
    into_mnt = _MNT.search(" ".join(words)) is not None
    try:
        await _talk(session, into_mnt=into_mnt)
    except (asyncio.IncompleteReadError, ValueError) as error:
        session.err(f"nix-store: {error}\n")
        return 1
    return 0


async def _talk(session: Session, *, into_mnt: bool) -> None:
    if await _number(session) != CLIENT_HELLO:
        raise ValueError("protocol mismatch")
    session.out(struct.pack("<QQ", SERVER_HELLO, VERSION))
    await _number(session)
    while True:
        try:
            command = await _number(session)
        except asyncio.IncompleteReadError:
            return
        if command != QUERY_VALID_PATHS:
            raise ValueError(f"command {command} of the serve protocol is not known here")
        await _number(session)
        await _number(session)
        paths = {await _string(session) for _ in range(min(await _number(session), _MOST_PATHS))}
        if into_mnt:
            await session.wait(session.machine.emulator.latency.copy)
            await session.comes_to("copy")
        add_copied(session.machine, "mnt" if into_mnt else "ram", paths)
        session.out(struct.pack("<Q", len(paths)) + b"".join(map(packed, sorted(paths))))


async def _number(session: Session) -> int:
    (value,) = struct.unpack("<Q", await session.process.stdin.readexactly(_WORD))
    return int(value)


async def _string(session: Session) -> str:
    length = await _number(session)
    if length > _LONGEST:
        raise ValueError("a store path is too long")
    data = await session.process.stdin.readexactly(length + -length % _WORD)
    return data[:length].decode()


def packed(text: str) -> bytes:
    """Return a string as the protocol writes it."""
    data = text.encode()
    return struct.pack("<Q", len(data)) + data + b"\0" * (-len(data) % _WORD)
