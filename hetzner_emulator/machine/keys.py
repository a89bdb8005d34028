"""ssh-copy-id: more keys for root."""

import re

from hetzner_emulator.machine.session import Session

_KEY = re.compile(r"(ssh|ecdsa|sk)-\S+ \S+")


async def append_keys(session: Session) -> int:
    """Append the keys on standard input to root's."""
    lines = (await session.input()).decode(errors="replace").splitlines()
    known = session.machine.server.root_keys
    new = tuple(line.strip() for line in lines if _KEY.match(line.strip()) and line.strip() not in known)
    if new:
        session.machine.change(root_keys=(*known, *new))
    return 0
