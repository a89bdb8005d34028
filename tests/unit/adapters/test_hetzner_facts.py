"""Answers of Hetzner that are readable and yet odd: what passes as a fact, and what cannot be believed."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.hetzner_servers import api as hetzner_api
from chalicelib.domain.errors import ProviderUnknown
from chalicelib.domain.orphans import ServerFact
from tests.unit.adapters.hetzner_stub import Heard, Say
from tests.unit.adapters.hetzner_world import NAME, STACK, adapter, created, listing, order, server, without


def seen(raw: Any) -> ServerFact | None:
    """What the adapter makes of a server in an answer."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", raw))
        return servers.find(NAME)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (without("public_net"), {"ip": None, "ipv6_network": None}),
        (server(public_net=None), {"ip": None, "ipv6_network": None}),
        (server(public_net={}), {"ip": None, "ipv6_network": None}),
        (server(public_net={"ipv4": None, "ipv6": None}), {"ip": None, "ipv6_network": None}),
        (server(public_net={"ipv4": {"ip": None}}), {"ip": None}),
        (without("labels"), {"labels": {}}),
        (server(labels=None), {"labels": {}}),
        (server(status="hibernating"), {"status": "hibernating"}),
        (without("status"), {"status": "unknown"}),
        (server(id=2**53 + 1), {"server_id": 2**53 + 1}),
        (server(id=2**63 - 1), {"server_id": 2**63 - 1}),
        (without("server_type"), {"server_type": None}),
        (without("location"), {"location": None}),
        (server(news="of next year"), {"name": NAME}),
    ],
)
def test_what_is_absent_or_new_is_a_fact_like_others(raw: Any, shown: dict[str, Any]) -> None:
    """A server that lacks an address, labels or a known status is shown as it is, its id exact."""
    fact = seen(raw)
    assert fact is not None
    assert {name: getattr(fact, name) for name in shown} == shown


@pytest.mark.parametrize(
    ("created_at", "seconds"),
    [
        ("2036-11-01T12:00:00Z", 2_109_153_600),
        ("2026-11-01T13:00:00+01:00", 1_793_534_400),
        ("2026-11-01T12:00:00.987654+00:00", 1_793_534_400),
    ],
)
def test_a_creation_is_read_in_any_zone_and_also_in_the_future(created_at: str, seconds: int) -> None:
    """Moments are aware UTC in whole seconds, and whether they can be is not this adapter's to say."""
    fact = seen(server(created=created_at))
    assert fact is not None
    assert fact.created_at.timestamp() == seconds
    assert fact.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    [
        without("id"),
        server(id=0),
        server(id=-1),
        server(id=True),
        server(id="4711"),
        server(id=4711.0),
        server(id=2**63),
        without("created"),
        server(created=None),
        server(created="yesterday"),
        server(created="2026-11-01T12:00:00"),
        server(created="0001-01-01T00:00:00+14:00"),
        server(created=1_793_534_400),
        server(labels=["managed-by"]),
        server(labels={"managed-by": None}),
        server(public_net=[]),
        server(public_net={"ipv4": "198.18.0.7"}),
        server(public_net={"ipv4": {"ip": "198.18.0.777"}}),
        server(public_net={"ipv4": {"ip": "-oProxyCommand=x"}}),
        server(public_net={"ipv4": {"ip": 3_323_068_423}}),
        server(public_net={"ipv6": {"ip": "2001:db8::/640"}}),
    ],
)
def test_what_cannot_be_is_unknown(raw: Any) -> None:
    """No id, moment, label or address is guessed."""
    with pytest.raises(ProviderUnknown):
        seen(raw)


def test_a_server_is_found_by_its_exact_name() -> None:
    """A provider that answers with more than was asked for does not make a stranger ours."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", server(name="cc-0123456789abc"), server(name=NAME.upper()), "nonsense", server()))
        found = servers.find(NAME)
        assert found is not None
        assert found.name == NAME
        stub.says(listing("servers", server(name=NAME.upper())))
        assert servers.find(NAME) is None
        stub.says(listing("servers"))
        assert servers.find(NAME) is None


def test_two_servers_of_one_name_are_unknown() -> None:
    """Names are unique at Hetzner; an answer with two cannot tell which is ours, unless both are the same."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", server(id=1), server(id=2)))
        with pytest.raises(ProviderUnknown):
            servers.find(NAME)
        stub.says(listing("servers", server(id=1), server(id=1)))
        assert servers.find(NAME) is not None


def test_another_server_than_the_one_asked_for_is_unknown() -> None:
    """Neither a look by id nor a create takes a stranger's server."""
    with adapter() as (servers, stub):
        stub.says(Say(body={"server": server(id=1)}))
        with pytest.raises(ProviderUnknown):
            servers.get(2)
        stub.says(created(name="cc-ba9876543210"))
        with pytest.raises(ProviderUnknown):
            servers.create(order())


@pytest.mark.parametrize("public_net", [None, {}, {"ipv4": None}])
def test_a_created_server_without_an_address_is_unknown(public_net: Any) -> None:
    """It exists, and the look by name tells when it has an address."""
    with adapter() as (servers, stub):
        stub.says(created(public_net=public_net))
        with pytest.raises(ProviderUnknown):
            servers.create(order())


def page_of(heard: Heard) -> int:
    """The page that a request asks for."""
    return int(parse_qs(urlsplit(heard.path).query)["page"][0])


def test_every_page_of_a_list_is_read() -> None:
    """Three pages are three requests, and a server that moved to the next page meanwhile counts once."""
    with adapter() as (servers, stub):
        stub.says(
            listing("servers", server(id=1), server(id=2), next_page=2),
            listing("servers", server(id=2), server(id=3), next_page=3),
            listing("servers", server(id=4)),
        )
        assert [fact.server_id for fact in servers.listed(STACK)] == [1, 2, 3, 4]
        assert [page_of(heard) for heard in stub.heard] == [1, 2, 3]


def test_an_error_on_a_later_page_aborts_the_list() -> None:
    """Half a list is no list."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", server(), next_page=2), Say(status=500))
        with pytest.raises(ProviderUnknown):
            servers.listed(STACK)


@pytest.mark.parametrize("next_page", [1, 0, -5, 2])
def test_pages_that_run_in_circles_are_unknown(next_page: int) -> None:
    """A next page that is not a later one ends the list with an error after at most two requests."""
    with adapter() as (servers, stub):
        stub.says(listing("servers", server(), next_page=next_page))
        with pytest.raises(ProviderUnknown):
            servers.listed(STACK)
        assert len(stub.heard) <= 2


def test_a_list_that_does_not_end_is_unknown() -> None:
    """Pages that go on for ever end with an error when there are more than a project can fill."""
    with adapter() as (servers, stub):
        stub.says(lambda heard: listing("servers", next_page=page_of(heard) + 1))
        with pytest.raises(ProviderUnknown):
            servers.listed(STACK)
        assert len(stub.heard) == hetzner_api.MOST_PAGES


@pytest.mark.parametrize(
    "body",
    [
        {"servers": [], "meta": {}},
        {"servers": []},
        {"servers": [], "meta": {"pagination": None}},
        {"servers": [], "meta": {"pagination": {"next_page": "2"}}},
        {"servers": [], "meta": {"pagination": {"next_page": True}}},
        {"servers": None, "meta": {"pagination": {"next_page": None}}},
        {"servers": {}, "meta": {"pagination": {"next_page": None}}},
        {"meta": {"pagination": {"next_page": None}}},
    ],
)
def test_a_list_that_does_not_say_where_it_ends_is_unknown(body: Any) -> None:
    """An empty answer without its pagination does not prove that there is no server."""
    with adapter() as (servers, stub):
        stub.says(Say(body=body))
        with pytest.raises(ProviderUnknown):
            servers.listed(STACK)
        with pytest.raises(ProviderUnknown):
            servers.find(NAME)
