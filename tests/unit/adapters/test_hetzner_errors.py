"""What Hetzner's refusals become, and which answers leave it open whether a request had its effect."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import requests

from chalicelib.domain.errors import (
    CccError,
    NameTaken,
    OutOfStock,
    ProviderError,
    ProviderLimit,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    ServerProtected,
    TokenRejected,
)
from tests.unit.adapters.hetzner_stub import Say
from tests.unit.adapters.hetzner_world import adapter, created, order, refused

HTML = b"<html><body>sorry</body></html>"

REFUSALS = [
    (400, "json_error", "invalid json", ProviderError),
    (401, "unauthorized", "token is required", TokenRejected),
    (401, "unauthorized", "the token you have provided is invalid", TokenRejected),
    (403, "forbidden", "insufficient permissions for this request", TokenRejected),
    (403, "token_readonly", "the token is only allowed to read", TokenRejected),
    (403, "maintenance", "cannot perform operation due to maintenance", ProviderError),
    (403, "resource_limit_exceeded", "server limit exceeded", ProviderLimit),
    (404, "not_found", "SSH key not found: 77", ProviderError),
    (405, "method_not_allowed", "method not allowed", ProviderError),
    (409, "uniqueness_error", "server name is already used", NameTaken),
    (409, "conflict", "the resource has changed during the request", ServerLocked),
    (410, "deprecated_api_endpoint", "datacenters are gone", ProviderError),
    (412, "resource_unavailable", "error during placement", OutOfStock),
    (412, "resource_unavailable", "server location disabled", OutOfStock),
    (412, "resource_unavailable", "we are unable to provision servers for this location", OutOfStock),
    (412, "placement_error", "an error during the placement occurred", OutOfStock),
    (422, "invalid_input", "unsupported location for server type", OutOfStock),
    (422, "invalid_input", "invalid input in field 'name'", ProviderError),
    (422, "service_error", "error within a service", ProviderError),
    (423, "locked", "cannot perform operation because server is locked", ServerLocked),
    (423, "protected", "server is protected", ServerProtected),
    (429, "rate_limit_exceeded", "limit of 3600 requests per hour reached", RateLimited),
    (418, "a_code_of_next_year", "who knows", ProviderError),
]


@pytest.mark.parametrize(("status", "code", "message", "kind"), REFUSALS)
def test_a_refusal_becomes_the_error_that_says_what_to_do(
    status: int, code: str, message: str, kind: type[CccError]
) -> None:
    """Each code of Hetzner becomes exactly one error, which keeps status and code for the operator."""
    with adapter() as (servers, stub):
        stub.says(refused(status, code, message, X_Correlation_Id="c0ffee"))
        with pytest.raises(CccError) as raised:
            servers.create(order())
        assert type(raised.value) is kind
        assert (raised.value.data["status"], raised.value.data["correlation_id"]) == (status, "c0ffee")
        assert len(stub.heard) == 1


def test_a_shortage_told_in_the_details_of_an_invalid_input_is_a_shortage() -> None:
    """The words that name a shortage count wherever Hetzner puts them."""
    details = {"fields": [{"name": "location", "messages": ["unsupported location for server type"]}]}
    with adapter() as (servers, stub):
        stub.says(refused(422, "invalid_input", "invalid input in field 'location'", details))
        with pytest.raises(OutOfStock):
            servers.create(order())


UNKNOWN = {
    "500 in Hetzner's form": refused(500, "server_error"),
    "503 in Hetzner's form": refused(503, "unavailable", "service is in maintenance"),
    "504 in Hetzner's form": refused(504, "timeout"),
    "502 of a proxy": Say(status=502, body=HTML),
    "403 of a firewall": Say(status=403, body=HTML),
    "404 of a proxy": Say(status=404, body=HTML),
    "409 without an error": Say(status=409, body={"message": "conflict"}),
    "409 with a text for an error": Say(status=409, body={"error": "conflict"}),
    "409 with an error without code": Say(status=409, body={"error": {"message": "conflict"}}),
    "409 with a list": Say(status=409, body=["error"]),
    "200 with HTML": Say(body=HTML),
    "201 with nothing": Say(status=201, body=b""),
    "201 with a list": Say(status=201, body=[]),
    "201 with null": Say(status=201, body=b"null"),
    "201 without a server": Say(status=201, body={"action": {}}),
    "truncated JSON": Say(status=201, body=b'{"server": {"id": 4711, "na'),
    "bytes that are no text": Say(status=201, body=b"\xff\xfe\x00"),
    "a body shorter than announced": Say(status=201, body=b'{"server": {}}', length=500),
    "a redirect": Say(status=307, body={}, headers={"Location": "/v1/elsewhere"}),
    "a redirect that turns a POST into a GET": Say(status=302, body={}, headers={"Location": "/v1/elsewhere"}),
    "JSON too deep": Say(status=201, body=b"[" * 100_000),
    "a broken compression": Say(status=201, body=b"{}", headers={"Content-Encoding": "gzip"}),
    "a connection that is hung up": Say(reset=True),
}


@pytest.mark.parametrize("say", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_create_with_an_unclear_answer_is_unknown_and_is_sent_once(say: Say) -> None:
    """No create is repeated by the adapter, and no unclear answer passes for a refusal or a success."""
    with adapter() as (servers, stub):
        stub.says(say)
        with pytest.raises(ProviderUnknown):
            servers.create(order())
        assert [heard.method for heard in stub.heard] == ["POST"]


def test_a_create_that_is_not_answered_in_time_is_unknown_and_is_sent_once() -> None:
    """A timeout ends a create without a second request."""
    given_up, began = threading.Event(), time.monotonic()
    with adapter(timeouts=(10, 0.5)) as (servers, stub):
        stub.says(replace(created(), before=lambda: given_up.wait(60)))
        with pytest.raises(ProviderUnknown):
            servers.create(order())
        assert time.monotonic() - began < 30
        assert len(stub.heard) == 1
        given_up.set()


def test_a_body_that_drips_is_given_up() -> None:
    """A byte now and then does not keep a worker: the deadline is one for the whole body, and then we hang up."""
    began = time.monotonic()
    with adapter(timeouts=(10, 0.5)) as (servers, stub):
        stub.says(Say(body=b" " * 1000, between=lambda: time.sleep(0.1)))
        with pytest.raises(ProviderUnknown) as raised:
            servers.get(4711)
        assert isinstance(raised.value.__cause__, requests.ReadTimeout)
        assert stub.hung_up.wait(60), "the connection stays open"
        assert len(stub.heard) == 1
    assert time.monotonic() - began < 50


def test_nobody_at_the_endpoint_is_unknown() -> None:
    """A refused connection is no refusal by Hetzner."""
    with adapter() as (servers, _):
        pass
    with pytest.raises(ProviderUnknown):
        servers.create(order())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"RateLimit_Reset": "1793534412"}, 12),
        ({"RateLimit_Reset": "1793534400"}, 1),
        ({"RateLimit_Reset": "1793538000"}, 60),
        ({"RateLimit_Reset": "soon"}, None),
        ({"RateLimit_Reset": "1793534412", "Date": "yesterday"}, None),
        ({}, None),
    ],
)
def test_a_429_tells_how_long_to_wait_where_its_headers_do(headers: dict[str, str], seconds: int | None) -> None:
    """The pause is measured on Hetzner's own clock, and no longer than a bucket needs that gains one a second."""
    with adapter() as (servers, stub):
        stub.says(refused(429, "rate_limit_exceeded", **headers))
        with pytest.raises(RateLimited) as raised:
            servers.create(order())
        assert raised.value.data.get("retry_after") == seconds


def test_an_error_shows_neither_token_nor_user_data() -> None:
    """What is raised, with its causes, holds no secret of ours, whatever the library put into its own message."""
    with adapter() as (servers, stub):
        stub.says(Say(reset=True))
        with pytest.raises(ProviderUnknown) as raised:
            servers.create(order())
        token = stub.heard[0].headers["Authorization"].removeprefix("Bearer ")
    error: Any = raised.value
    while error is not None:
        assert token not in f"{error} {getattr(error, 'data', '')}"
        assert "#cloud-config" not in f"{error} {getattr(error, 'data', '')}"
        error = error.__cause__ or error.__context__
