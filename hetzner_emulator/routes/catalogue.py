"""What is for sale and where: server types, locations, pricing; and the datacenters that are gone."""

from collections.abc import Callable
from typing import Any

from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.errors import ApiError, not_found
from hetzner_emulator.market import Market
from hetzner_emulator.paging import ordered, page_of

Json = dict[str, Any]
Table = Callable[[Market], dict[str, Json]]


def _list(name: str, table: Table) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        items = list(table(call.emulator.market).values())
        if "name" in call.query:
            items = [item for item in items if item["name"] == call.query["name"]]
        items = ordered(items, call.query.getall("sort", []), ("id", "name"), dict.__getitem__)
        page, meta, headers = page_of(items, call.query, call.url)
        return Reply(body={name: page, "meta": meta}, headers=headers)

    return route


def _one(name: str, table: Table) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        ident = call.id(name)
        for item in table(call.emulator.market).values():
            if item["id"] == ident:
                return Reply(body={name: item})
        raise not_found(name, ident)

    return route


def _types(market: Market) -> dict[str, Json]:
    return market.types


def _locations(market: Market) -> dict[str, Json]:
    return market.locations


def _pricing(call: Call) -> Reply:
    return Reply(body={"pricing": call.emulator.market.pricing})


def _gone(_: Call) -> Reply:
    message = "the datacenters endpoints are gone, use locations"
    raise ApiError(410, "deprecated_api_endpoint", message)


ROUTES = [
    Route("GET", "/server_types", _list("server_types", _types)),
    Route("GET", "/server_types/{}", _one("server_type", _types)),
    Route("GET", "/locations", _list("locations", _locations)),
    Route("GET", "/locations/{}", _one("location", _locations)),
    Route("GET", "/pricing", _pricing),
    Route("GET", "/datacenters", _gone),
    Route("GET", "/datacenters/{}", _gone),
]
