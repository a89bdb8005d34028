"""The servers of one project at the provider, and the marker that says whose project it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.catalogue import Market
from chalicelib.domain.instance import Machine
from chalicelib.domain.orphans import ServerFact


class MarkerState(StrEnum):
    """What the provider said of the stack's marker."""

    OURS = "ours"
    MISSING = "missing"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The marker as it stands at the provider: its id, and the epoch its label carries."""

    state: MarkerState
    marker_id: int | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOrder:
    """One `POST /servers`: everything the provider is told."""

    instance_id: str
    server_type: str
    location: str
    labels: Mapping[str, str]
    user_data: str
    marker_id: int


class Servers(Protocol):
    """The servers of one project at the provider.

    ProviderError (and its kinds): refused, no effect. ProviderUnknown: may have had its effect. TokenRejected and
    RateLimited as they say. No method polls, and none repeats a create by itself (rule R15).
    """

    def create(self, order: ServerOrder) -> Machine:
        """Create a server once. NameTaken: one of that name exists. OutOfStock, ProviderLimit: nothing was created."""

    def find(self, name: str) -> ServerFact | None:
        """The server of this name, or None."""

    def get(self, server_id: int) -> ServerFact | None:
        """The server of this numeric id, or None for a 404 (believe it only with the marker: rule R11)."""

    def delete(self, server_id: int) -> None:
        """Delete; a 404 is a success. ServerLocked: later. ServerProtected: never by us."""

    def rebuild(self, server_id: int) -> None:
        """Reset the server to its stock image with the same user_data; same id, address, host key and paid hour."""

    def listed(self, stack: str) -> tuple[ServerFact, ...]:
        """All servers labelled as this stack's, every page; any error aborts the whole list (rule R10)."""

    def market(self, now: datetime) -> Market:
        """Types, prices and stock as they are now; `read_at` is `now`."""

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """The marker by its id, or by its name while the id is not known."""

    def plant_marker(self, stack: str, epoch: int, public_key: str) -> Marker:
        """Make the marker; on a name conflict the existing one if it carries our uuid, else a FOREIGN marker."""

    def raise_epoch(self, marker_id: int, stack: str, epoch: int) -> None:
        """Write an epoch into the marker's label."""

    def provider_time(self) -> datetime | None:
        """The Date of the provider's last answer; None before the first, and once it is more than a minute old."""

    def token_fingerprint(self) -> str:
        """A digest of the token in use, so that an answer can be tied to it."""
