"""A service that strangers may sign up at, and what a browser does with its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from chalicelib.domain.catalogue import Market
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.storage.catalogue import StoredCatalogue
from tests.fakes.market import market_at
from tests.fakes.services import LIMITS
from tests.unit.api.world import NOT_YET, Answer, Api, make_api, public_key
from tests.unit.web.pages.parsed import Page

OPEN = SignupPolicy(kind=SignupKind.OPEN)
OWN = "https://ccc.example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": OWN}


def open_api(*, edge: Mapping[str, Any] | None = None, limits: Mapping[str, Any] | None = None, **more: Any) -> Api:
    """An API where strangers may sign up."""
    return make_api(edge=edge, limits=replace(LIMITS, **{"signup": OPEN, "per_source": 100, **(limits or {})}), **more)


def typed(**changes: str) -> dict[str, str]:
    """A form that is filled in properly."""
    fields = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": "24", "website": ""}
    return {**fields, "server_type": "", "location": "", "idempotency_key": "one-form", **changes}


def send(api: Api, fields: Mapping[str, str], path: str = "/", **headers: str) -> Answer:
    """Post a form from our own page."""
    return api.call("POST", path, urlencode(fields).encode(), token=None, headers={**FORM, **headers})


def look(api: Api, path: str = "/") -> Page:
    """Open a page that is there."""
    answer = api.call("GET", path, token=None)
    assert answer.status == 200, answer.text
    return Page(answer.text)


def wish(api: Api, **changes: Any) -> Instance:
    """A wish that waits for its confirmation."""
    values: dict[str, Any] = {"status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None, **NOT_YET}
    return api.put(**{**values, **changes})


def confirm_path(api: Api, instance: Instance) -> str:
    """The path of its confirmation link."""
    return f"/confirm/{instance.id}/{secrets_of.token(api.services, instance, Purpose.CONFIRM)}"


def table_of(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything that is stored."""
    return dict(api.table._items), dict(api.table._counters)


def all_instances(api: Api) -> list[Instance]:
    """Every instance that is stored."""
    ids = [key.removeprefix("instance#") for key in api.table._items]
    return [found for each in ids if (found := api.services.instances.get(each)) is not None]


def keep_market(api: Api, market: Market) -> None:
    """Let the service sell this."""
    assert isinstance(api.services.catalogue, StoredCatalogue)
    api.services.catalogue.keep(market)


def sell_nothing(api: Api) -> None:
    """Sell everything out."""
    market = market_at(api.clock.now())
    types = tuple(
        replace(kind, offers=tuple(replace(offer, available=False) for offer in kind.offers)) for kind in market.types
    )
    keep_market(api, replace(market, types=types))
