"""What a create request must not say, and how it is refused."""

import pytest

from tests.unit.hetzner_emulator.running import Api, Json

_GOOD: Json = {"name": "one", "server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}


@pytest.mark.parametrize(
    ("change", "status", "code", "part"),
    [
        ({"name": None}, 422, "invalid_input", "name"),
        ({"name": "under_score"}, 422, "invalid_input", "name"),
        ({"name": "a" * 64}, 422, "invalid_input", "name"),
        ({"labels": {"k": "v" * 64}}, 422, "invalid_input", "labels"),
        ({"labels": {"k": "a b"}}, 422, "invalid_input", "labels"),
        ({"labels": {"k" * 64: "v"}}, 422, "invalid_input", "labels"),
        ({"user_data": "x" * 32769}, 422, "invalid_input", "user_data"),
        ({"server_type": "cx999"}, 404, "not_found", "server_type"),
        ({"location": "mars1"}, 404, "not_found", "location"),
        ({"image": "beos"}, 404, "not_found", "image"),
        ({"image": "debian-11"}, 422, "invalid_input", "deprecated"),
        ({"server_type": "cx22"}, 422, "invalid_input", "deprecated"),
        ({"server_type": "cpx11"}, 422, "invalid_input", "unsupported location for server type"),
        ({"server_type": "cax11", "image": "161547269"}, 422, "invalid_input", "image"),
        ({"server_type": "cx23"}, 412, "resource_unavailable", "error during placement"),
        ({"location": "fsn1"}, 412, "resource_unavailable", "unable to provision servers for this location"),
        ({"ssh_keys": ["nobody"]}, 404, "not_found", "SSH key"),
        ({"volumes": [1]}, 422, "unsupported_error", "volumes"),
        ({"datacenter": "nbg1-dc3"}, 410, "deprecated_api_endpoint", "location"),
    ],
)
def test_refusals(api: Api, change: Json, status: int, code: str, part: str) -> None:
    """Every rule has its status, its code and a message that names the matter."""
    answer = api.call("POST", "/servers", _GOOD | change)
    error = answer.body["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert part in error["message"]
    assert api.ok("GET", "/servers")["servers"] == []


@pytest.mark.parametrize(("server_type", "location"), [("cpx22", "nbg1"), ("cpx32", "hel1"), ("cpx11", "ash")])
def test_what_can_always_be_had(api: Api, server_type: str, location: str) -> None:
    """The market as shipped sells these three, so that a first try succeeds."""
    assert api.create("one", server_type=server_type, location=location)["server"]["location"]["name"] == location


def test_longest_name_and_user_data(api: Api) -> None:
    """63 characters of name and 32 KiB of user_data are still taken."""
    assert api.create("a" * 63, user_data="#" * 32768)["server"]["name"] == "a" * 63


def test_stock_can_be_changed(api: Api) -> None:
    """What is out of stock can be put on sale, and is then recommended to nobody but sold."""
    assert api.call("PUT", "/_emulator/stock", {"cx33": {"nbg1": True}}).status == 200
    assert api.create("one", server_type="cx33")["server"]["server_type"]["name"] == "cx33"
    api.call("PUT", "/_emulator/stock", {"cx33": {"nbg1": False}})
    assert api.call("POST", "/servers", _GOOD | {"name": "two", "server_type": "cx33"}).status == 412


def test_the_order_of_checks(api: Api) -> None:
    """An unknown route is told before the token is looked at, the token before the JSON, the JSON before the rest."""
    stranger = Api(api.url, "")
    assert stranger.call("GET", "/nothing").body["error"]["message"] == "api route not found"
    missing = stranger.call("POST", "/servers", b"{broken")
    assert (missing.status, missing.body["error"]["message"]) == (401, "token is required")
    wrong = Api(api.url, "wrong").call("GET", "/servers")
    assert (wrong.status, wrong.body["error"]["message"]) == (401, "the token you have provided is invalid")
    broken = api.call("POST", "/servers", b"{broken")
    assert (broken.status, broken.body["error"]["code"]) == (400, "json_error")
    assert api.call("PATCH", "/servers").status == 405
    assert api.call("GET", "/datacenters").status == 410


def test_headers_of_every_answer(api: Api) -> None:
    """A correlation id, the date and what is left of the rate limit come with every answer."""
    headers = api.call("GET", "/servers").headers
    assert {"X-Correlation-Id", "Date", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(headers)


def test_the_rate_limit(api: Api, emulator: object) -> None:
    """An empty bucket answers 429 until a second has passed."""
    project = api.token.replace("token", "project")
    api.call("PUT", "/_emulator/rate", {"project": project, "left": 1})
    assert api.call("GET", "/locations").headers["RateLimit-Remaining"] == "0"
    refused = api.call("GET", "/locations")
    assert (refused.status, refused.body["error"]["code"]) == (429, "rate_limit_exceeded")
    assert refused.body["error"]["message"] == "limit of 3600 requests per hour reached"
    assert refused.headers["RateLimit-Remaining"] == "0"
