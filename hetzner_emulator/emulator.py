"""Everything one emulator is made of, for the routes and the machines to share."""

from dataclasses import dataclass
from pathlib import Path

from hetzner_emulator.addresses import Addresses
from hetzner_emulator.clock import Clock
from hetzner_emulator.latency import Latency
from hetzner_emulator.market import Market
from hetzner_emulator.records import Server
from hetzner_emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """The parts; `folder` holds the state, `ssh_port` is where every server answers (0: nowhere)."""

    world: World
    market: Market
    clock: Clock
    latency: Latency
    addresses: Addresses
    folder: Path
    ssh_port: int

    def folder_of(self, server: Server) -> Path:
        """Return the private folder of one server; a rebuild begins a new one."""
        return self.folder / "servers" / f"{server.id}-{server.generation}"

    def folder_of_image(self, image_id: int) -> Path:
        """Return the folder of what a snapshot holds."""
        return self.folder / "images" / str(image_id)
