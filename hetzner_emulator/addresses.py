"""Which loopback addresses are ours: blocks 127.77.x.0/24, claimed so that emulators run side by side.

A block is held by an abstract unix socket named for it, which the kernel lets go when the process ends,
however it ends. Where the search begins depends on the state folder, so that a new emulator does not take the
block of one that was just killed and will be back. Freed addresses are given again last in, first out, as the
provider does.
"""

import ipaddress
import json
import socket
import zlib
from collections.abc import Callable

_PREFIX = "127.77"
_FIRST_HOST = 2
_LAST_HOST = 254
_BLOCKS = 254


class NoAddress(Exception):
    """No block could be claimed; the message says which and what to do."""


class Addresses:
    """Gives and takes back IPv4 addresses; `save` is told the new state as text after every change."""

    def __init__(self, *, wish: str, seed: str, state: str, save: Callable[[str], None]) -> None:
        saved = json.loads(state) if state else {}
        self._save = save
        self._start = zlib.crc32(seed.encode())
        self._fixed = None if wish == "auto" else _block_of(wish)
        self._holds: list[socket.socket] = []
        self.blocks: list[int] = []
        self._next = int(saved.get("next", _FIRST_HOST))
        self._freed: list[str] = list(saved.get("freed", []))
        self._claim_first([int(block) for block in saved.get("blocks", [])], used=bool(saved.get("next")))
        self._note()

    @property
    def gateway(self) -> str:
        """The first address of the first block, never given to a server."""
        return f"{_PREFIX}.{self.blocks[0]}.1"

    def take(self) -> str:
        """Return an address nobody has, the most recently freed first."""
        address = self._freed.pop() if self._freed else self._fresh()
        self._note()
        return address

    def give_back(self, address: str) -> None:
        """Make an address free for the next server."""
        self._freed.append(address)
        self._note()

    def close(self) -> None:
        """Let the blocks go."""
        for hold in self._holds:
            hold.close()

    def _fresh(self) -> str:
        if self._next > _LAST_HOST:
            self.blocks.append(self._claim_any())
            self._next = _FIRST_HOST
        address = f"{_PREFIX}.{self.blocks[-1]}.{self._next}"
        self._next += 1
        return address

    def _claim_first(self, saved: list[int], *, used: bool) -> None:
        if saved and self._fixed in (None, saved[0]) and all(self._hold(block) for block in saved):
            self.blocks = saved
            return
        self.close()
        self._holds.clear()
        if saved and used and (self._next > _FIRST_HOST or len(saved) > 1):
            raise NoAddress(f"{_PREFIX}.{saved[0]}.0/24 has our servers but is not ours to use now")
        if self._fixed is not None and not self._hold(self._fixed):
            raise NoAddress(f"{_PREFIX}.{self._fixed}.0/24 is held by another emulator")
        self.blocks = [self._claim_any() if self._fixed is None else self._fixed]

    def _claim_any(self) -> int:
        for number in range(_BLOCKS):
            block = 1 + (self._start + number) % _BLOCKS
            if block not in self.blocks and self._hold(block):
                return block
        raise NoAddress(f"every block of {_PREFIX}.0.0/16 is held by another emulator")

    def _hold(self, block: int) -> bool:
        hold = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            hold.bind(f"\0hetzner-emulator-{_PREFIX}.{block}")
        except OSError:
            hold.close()
            return False
        self._holds.append(hold)
        return True

    def _note(self) -> None:
        self._save(json.dumps({"blocks": self.blocks, "next": self._next, "freed": self._freed}))


def _block_of(text: str) -> int:
    network = ipaddress.IPv4Network(text)
    first, second, block, _ = str(network.network_address).split(".")
    if f"{first}.{second}" != _PREFIX or network.prefixlen != 24:  # noqa: PLR2004 -- a block is a /24
        raise ValueError(f"addresses must be 'auto' or a /24 of {_PREFIX}.0.0/16")
    return int(block)


def choose_ssh_port(address: str) -> int:
    """Return 22 if this process may listen there on `address`, else a free port below the ephemeral ones."""
    candidates: tuple[int, ...] = (22, 2222, *range(20022, 32022, 100))
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise NoAddress(f"no port is free for SSH on {address}")
