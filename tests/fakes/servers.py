"""A project at a provider, in a dictionary: the fake of `Servers`, held to the same contract suite as the real adapter.

It can be told to fail before an effect, to lose the answer after one, to lock, to run out of stock, to show a stale
list, to forget a server, and to be another project under another token.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import labels
from chalicelib.domain.catalogue import Market, Offer
from chalicelib.domain.errors import CccError, NameTaken, OutOfStock, ProviderError, ProviderLimit, ProviderUnknown
from chalicelib.domain.instance import Machine
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.ports import Clock, Marker, ServerOrder
from tests.fakes.addresses import Addresses
from tests.fakes.failures import Failures
from tests.fakes.market import market_at
from tests.fakes.project import BOOT, REBUILD, Key, Project

__all__ = ["BOOT", "FakeServers"]

KEPT = timedelta(seconds=60)
"""How long a Date of the provider's counts."""


class FakeServers:
    """Servers that exist nowhere; `calls` holds every call as (method, what it was about)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        token = secrets.token_hex(32)
        self._token = token
        self._projects: dict[str, Project] = {token: Project()}
        self._addresses = Addresses()
        self._next_id = 4_711
        self._failures = Failures()
        self._sold_out: set[tuple[str, str]] = set()
        self._stale_lists = 0
        self._answered_at: datetime | None = None
        self._lock = threading.RLock()
        self.skew = timedelta(0)
        self.limit: int | None = None
        self.calls: list[tuple[str, Any]] = []

    # What a test does behind the provider's back.

    @property
    def project(self) -> Project:
        """The project of the token in use, to look at."""
        return self._projects[self._token]

    def fail_next(self, error: CccError, method: str | None = None) -> None:
        """Raise this at the next call (of this method, if one is named), which has no effect."""
        self._failures.order_before(method, error)

    def lose_next(self, method: str | None = None, error: CccError | None = None) -> None:
        """Carry out the next call (of this method, if one is named), then raise ProviderUnknown all the same."""
        self._failures.order_after(method, error or ProviderUnknown("the answer was lost"))

    def lock(self, server_id: int, times: int = 1) -> None:
        """Refuse so many changes of a server with ServerLocked."""
        self.project.locks[server_id] = times

    def protect(self, server_id: int) -> None:
        """Switch delete protection on."""
        self.project.protected.add(server_id)

    def sell_out(self, server_type: str, location: str) -> None:
        """Refuse a type in a location, whatever the market says."""
        self._sold_out.add((server_type, location))

    def alter(self, server_id: int, **changes: Any) -> None:
        """Show a server with other facts."""
        self.project.servers[server_id] = replace(self.project.servers[server_id], **changes)

    def add(self, fact: ServerFact) -> None:
        """Put a server there that we never ordered."""
        self.project.servers[fact.server_id] = fact

    def vanish(self, server_id: int) -> None:
        """Take a server away, as its owner may in the provider's console."""
        self._forget(server_id)

    def add_key(self, name: str, public_key: str, shown: dict[str, str]) -> int:
        """Put an SSH-key object there that we never planted, and return its id."""
        key = Key(key_id=self._new_id(), name=name, public_key=public_key, labels=shown)
        self.project.keys[key.key_id] = key
        return key.key_id

    def remove_key(self, key_id: int) -> None:
        """Take an SSH-key object away."""
        del self.project.keys[key_id]

    def serve_stale_list(self, times: int = 1) -> None:
        """Let the next lists be what the one before them was."""
        self._stale_lists = times

    def use_token(self, token: str) -> None:
        """Be the project of another token, which is empty at first."""
        self._token = token
        self._projects.setdefault(token, Project())

    # The port.

    def create(self, order: ServerOrder) -> Machine:
        """Create a server once."""
        with self._call("create", order):
            name = labels.server_name(order.instance_id)
            self._may_create(order, name)
            fact = self._born(order, name)
            self.project.servers[fact.server_id] = fact
            self.project.user_data[fact.server_id] = order.user_data
            assert fact.ip is not None
            return Machine(
                server_id=fact.server_id, ip=fact.ip, ipv6_network=fact.ipv6_network, created_at=fact.created_at
            )

    def find(self, name: str) -> ServerFact | None:
        """The server of this name, or None."""
        with self._call("find", name):
            found = [fact for fact in self.project.servers.values() if fact.name == name]
            if len(found) > 1:
                raise ProviderUnknown("two servers have one name")
            return self._shown(found[0]) if found else None

    def get(self, server_id: int) -> ServerFact | None:
        """The server of this id, or None."""
        with self._call("get", server_id):
            fact = self.project.servers.get(server_id)
            return None if fact is None else self._shown(fact)

    def delete(self, server_id: int) -> None:
        """Delete at once; an absent server is a success."""
        with self._call("delete", server_id):
            if server_id in self.project.servers:
                self.project.may_change(server_id)
                self._forget(server_id)

    def rebuild(self, server_id: int) -> None:
        """Start over with the same id, address and user_data."""
        with self._call("rebuild", server_id):
            if server_id not in self.project.servers:
                raise ProviderError("no such server")
            self.project.may_change(server_id)
            self.project.rebuilt_at[server_id] = self._clock.now() + REBUILD
            self.alter(server_id, status="running")

    def listed(self, stack: str) -> tuple[ServerFact, ...]:
        """All servers of the stack, or an earlier list of them."""
        with self._call("listed", stack):
            if self._stale_lists:
                self._stale_lists -= 1
                return self.project.last_list
            wanted = {labels.MANAGED_BY: labels.OURS, labels.STACK: stack}.items()
            facts = sorted(self.project.servers.values(), key=lambda fact: fact.server_id)
            self.project.last_list = tuple(self._shown(fact) for fact in facts if wanted <= fact.labels.items())
            return self.project.last_list

    def market(self, now: datetime) -> Market:
        """The made-up market."""
        with self._call("market", now):
            return market_at(now)

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """The marker by its id, or by its name."""
        with self._call("read_marker", marker_id):
            return self.project.marker(stack, marker_id)

    def plant_marker(self, stack: str, epoch: int, public_key: str) -> Marker:
        """Make the marker, or tell whose the existing one is."""
        with self._call("plant_marker", stack):
            name = labels.marker_name(stack)
            if any(key.name == name for key in self.project.keys.values()):
                return self.project.marker(stack, None)
            if any(key.public_key == public_key for key in self.project.keys.values()):
                raise NameTaken("this key is in the project under another name")
            key_id = self.add_key(name, public_key, labels.marker_labels(stack=stack, epoch=epoch))
            return self.project.marker(stack, key_id)

    def raise_epoch(self, marker_id: int, stack: str, epoch: int) -> None:
        """Write an epoch into the marker's labels."""
        with self._call("raise_epoch", (marker_id, epoch)):
            key = self.project.keys.get(marker_id)
            if key is None:
                raise ProviderError("no such key")
            self.project.keys[marker_id] = replace(key, labels=labels.marker_labels(stack=stack, epoch=epoch))

    def provider_time(self) -> datetime | None:
        """The time of the last call that was answered, off by `skew`; None when that is more than a minute ago."""
        at = self._answered_at
        return None if at is None or abs(self._clock.now() - at) > KEPT else at + self.skew

    def token_fingerprint(self) -> str:
        """A digest of the token in use."""
        return hashlib.sha256(self._token.encode()).hexdigest()[:16]

    @contextmanager
    def _call(self, method: str, about: object) -> Iterator[None]:
        with self._lock:
            self.calls.append((method, about))
            self._failures.before(method)
            self._answered_at = self._clock.now()
            yield
            self._failures.after(method)

    def _may_create(self, order: ServerOrder, name: str) -> None:
        offer = self._offer(order)
        if order.marker_id not in self.project.keys:
            raise ProviderError("no such SSH key")
        if any(fact.name == name for fact in self.project.servers.values()):
            raise NameTaken("server name is already used")
        if self.limit is not None and len(self.project.servers) >= self.limit:
            raise ProviderLimit("server limit reached")
        if not offer.available or (order.server_type, order.location) in self._sold_out:
            raise OutOfStock("error during placement")

    def _offer(self, order: ServerOrder) -> Offer:
        kind = market_at(self._clock.now()).named(order.server_type)
        if kind is None:
            raise ProviderError("no such server type")
        offer = next((each for each in kind.offers if each.location == order.location), None)
        if offer is None:
            raise OutOfStock("unsupported location for server type")
        return offer

    def _born(self, order: ServerOrder, name: str) -> ServerFact:
        server_id = self._new_id()
        ip, ipv6_network = self._addresses.take(server_id)
        return ServerFact(
            server_id=server_id,
            name=name,
            labels=dict(order.labels),
            created_at=self._clock.now(),
            status="initializing",
            ip=ip,
            ipv6_network=ipv6_network,
            server_type=order.server_type,
            location=order.location,
        )

    def _forget(self, server_id: int) -> None:
        fact = self.project.forget(server_id)
        if fact.ip is not None:
            self._addresses.give_back(fact.ip)

    def _shown(self, fact: ServerFact) -> ServerFact:
        return self.project.shown(fact, self._clock.now())

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id
