"""The `Servers` port at Hetzner: which request each verb is, and nothing more.

A life costs four requests: create, a look, delete, a look. Nothing polls, nothing repeats a change, and nothing looks
up what an answer already says. How a request travels is `api.py`, what a refusal means `errors.py`,
how an answer is read `facts.py` and `market.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.hetzner_servers.api import Budget, HetznerApi, Json
from chalicelib.adapters.hetzner_servers.clients import HetznerClients
from chalicelib.adapters.hetzner_servers.errors import is_absence, nonsense
from chalicelib.adapters.hetzner_servers.facts import machine, marker, server_fact
from chalicelib.adapters.hetzner_servers.heard import LastDate
from chalicelib.adapters.hetzner_servers.market import read_market
from chalicelib.adapters.hetzner_servers.patience import Patience, for_ever
from chalicelib.domain import labels
from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import NameTaken, ProviderError
from chalicelib.domain.instance import Machine
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.ports import Marker, MarkerState, ServerOrder

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

IMAGE = "ubuntu-24.04"
TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and seconds of silence before an answer is given up."""


def unlimited(_creates_server: bool) -> None:
    """Spend nothing: the budget of a project that nobody else counts."""


class HetznerServers:
    """The servers of the project that `token` opens, at `endpoint` (ending in `/v1`).

    `budget` is called before every request (True: it creates a server) and may raise RateLimited. `transport` makes a
    requests adapter in place of the network. `clock` is our own time, by which a Date of the provider's grows old.
    `seconds_left` is how long whoever asks may still run: no answer is waited for longer than that (`patience.py`).
    Usable from several threads at once.
    """

    def __init__(
        self,
        endpoint: str,
        token: Callable[[], str],
        image: str = IMAGE,
        budget: Budget | None = None,
        *,
        timeouts: tuple[float, float] = TIMEOUTS,
        transport: Callable[[], BaseAdapter] | None = None,
        clock: Callable[[], datetime] | None = None,
        seconds_left: Callable[[], float] = for_ever,
    ) -> None:
        clients = HetznerClients(endpoint, transport=transport)
        self._last_date = LastDate(clock)
        self._api = HetznerApi(clients, token, budget or unlimited, Patience(*timeouts, seconds_left), self._last_date)
        self._image = image

    def create(self, order: ServerOrder) -> Machine:
        """One `POST /servers`. An answer without an address is ProviderUnknown: look by name."""
        name = labels.server_name(order.instance_id)
        answer = self._api.change("POST", "/servers", self._body(name, order), creates_server=True)
        return machine(answer.get("server"), name)

    def _body(self, name: str, order: ServerOrder) -> Json:
        return {
            "name": name,
            "labels": dict(order.labels),
            "image": self._image,
            "server_type": order.server_type,
            "location": order.location,
            # Without a key Hetzner makes a root password, mails it and expires it: key logins fail then.
            "ssh_keys": [order.marker_id],
            "user_data": order.user_data,
            "start_after_create": True,
            "public_net": {"enable_ipv4": True, "enable_ipv6": True},
        }

    def find(self, name: str) -> ServerFact | None:
        """`GET /servers?name=`; two servers of one name are ProviderUnknown."""
        entries = [entry for entry in self._api.pages("/servers", "servers", name=name) if _named(entry, name)]
        found = {fact.server_id: fact for fact in map(server_fact, entries)}
        if len(found) > 1:
            raise nonsense("two servers have one name")
        return next(iter(found.values()), None)

    def get(self, server_id: int) -> ServerFact | None:
        """`GET /servers/{id}`; a server of another id in the answer is ProviderUnknown."""
        try:
            answer = self._api.read(f"/servers/{server_id}")
        except ProviderError as error:
            if is_absence(error):
                return None
            raise
        fact = server_fact(answer.get("server"))
        if fact.server_id != server_id:
            raise nonsense("server.id is another one than was asked for")
        return fact

    def delete(self, server_id: int) -> None:
        """`DELETE /servers/{id}`; a 404 is a success."""
        try:
            self._api.change("DELETE", f"/servers/{server_id}")
        except ProviderError as error:
            if not is_absence(error):
                raise

    def rebuild(self, server_id: int) -> None:
        """`POST /servers/{id}/actions/rebuild`, which re-uses the server's user_data."""
        self._api.change("POST", f"/servers/{server_id}/actions/rebuild", {"image": self._image})

    def listed(self, stack: str) -> tuple[ServerFact, ...]:
        """`GET /servers?label_selector=`, every page, in the order of ids."""
        entries = self._api.pages("/servers", "servers", label_selector=labels.selector(stack), sort="id:asc")
        # A server that moves to another page between two requests shows twice.
        return tuple({fact.server_id: fact for fact in map(server_fact, entries)}.values())

    def market(self, now: datetime) -> Market:
        """`GET /server_types`, every page, and `GET /pricing`."""
        types = list(self._api.pages("/server_types", "server_types"))
        return read_market(types, self._api.read("/pricing").get("pricing"), now)

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """`GET /ssh_keys/{id}`, or `GET /ssh_keys?name=` while the id is not known."""
        if marker_id is None:
            return self._marker_by_name(stack)
        try:
            answer = self._api.read(f"/ssh_keys/{marker_id}")
        except ProviderError as error:
            if is_absence(error):
                return Marker(state=MarkerState.MISSING)
            raise
        return marker(answer.get("ssh_key"), stack)

    def _marker_by_name(self, stack: str) -> Marker:
        name = labels.marker_name(stack)
        for entry in self._api.pages("/ssh_keys", "ssh_keys", name=name):
            if _named(entry, name):
                return marker(entry, stack)
        return Marker(state=MarkerState.MISSING)

    def plant_marker(self, stack: str, epoch: int, public_key: str) -> Marker:
        """`POST /ssh_keys`. NameTaken only if this very key is in the project under another name: make a new one."""
        body = {
            "name": labels.marker_name(stack),
            "public_key": public_key,
            "labels": labels.marker_labels(stack=stack, epoch=epoch),
        }
        try:
            return marker(self._api.change("POST", "/ssh_keys", body).get("ssh_key"), stack)
        except NameTaken:
            found = self._marker_by_name(stack)
            if found.state is MarkerState.MISSING:
                raise
            return found

    def raise_epoch(self, marker_id: int, stack: str, epoch: int) -> None:
        """`PUT /ssh_keys/{id}`, which replaces all labels of the marker."""
        self._api.change("PUT", f"/ssh_keys/{marker_id}", {"labels": labels.marker_labels(stack=stack, epoch=epoch)})

    def provider_time(self) -> datetime | None:
        """The `Date` of the newest answer, whatever it said; None if that one had none or is over a minute old."""
        return self._last_date.read()

    def token_fingerprint(self) -> str:
        """The first 16 hex digits of the token's SHA-256."""
        return hashlib.sha256(self._api.token().encode()).hexdigest()[:16]


def _named(entry: object, name: str) -> bool:
    return isinstance(entry, dict) and entry.get("name") == name
