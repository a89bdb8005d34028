"""What is refused before any verb sees a request: lines 1 to 28 of the list of bad inputs, as far as they are ours."""

from __future__ import annotations

import json

import pytest
from chalice.app import Request

from chalicelib.api.call import call_of
from chalicelib.api.json_body import MAX_DEPTH, _check_depth
from tests.unit.api.world import ID, ORIGIN, Api, event, public_key

JSON = {"Content-Type": "application/json"}


def post(api: Api, body: bytes | None, headers: dict[str, str] | None = None) -> int:
    """The status of a signup with a raw body."""
    return api.call("POST", "/instances", body, headers=JSON if headers is None else headers).status


@pytest.mark.parametrize(
    ("line", "body", "status"),
    [
        (1, b"", 400),
        (2, b'{"email":', 400),
        (2, b"\xef\xbb\xbf{}", 400),
        (3, b'{"email":"\xff\xfe"}', 400),
        (4, b'{"a":' * 21 + b"1" + b"}" * 21, 400),
        (4, b'{"a":' + b"[" * 7000 + b"]" * 7000 + b"}", 400),
        (5, b'{"email":"' + b"a" * 16384 + b'"}', 413),
        (6, b" " * 8_000_000, 413),
        (9, b"[]", 400),
        (9, b"null", 400),
        (9, b'"text"', 400),
        (9, b"7", 400),
        (10, b'{"hours":1,"hours":2}', 400),
        (10, b'{"email":{"a":1,"a":2}}', 400),
        (11, b'{"hours":NaN}', 400),
        (11, b'{"hours":-Infinity}', 400),
        (11, b'{"hours":1e999}', 400),
        (12, b'{"hours":' + b"9" * 10_000 + b"}", 400),
        (13, b'{"email":"\\ud800"}', 400),
        (13, b'{"\\udfff":1}', 400),
        (14, b'{"colour":"red"}', 422),
        (15, b'{"__proto__":{"admin":true}}', 422),
        (15, b'{"constructor":1}', 422),
    ],
)
def test_a_body_that_is_not_one_sound_object_is_refused(api: Api, line: int, body: bytes, status: int) -> None:
    """Lines 1 to 6 and 9 to 15: every malformed body has its one status, and nothing is ordered."""
    assert post(api, body) == status, line
    assert api.call("GET", "/instances").json["instances"] == []


def test_twenty_levels_are_taken() -> None:
    """Twenty levels of nesting pass the parser, so the limit is where it is said to be."""
    _check_depth("[" * MAX_DEPTH + '"[[["' + "]" * MAX_DEPTH)


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (7, {}),
        (8, {"Content-Type": "text/plain"}),
        (8, {"Content-Type": "application/x-www-form-urlencoded"}),
        (8, {"Content-Type": "multipart/form-data; boundary=x"}),
        (8, {"Content-Type": "application/json; charset=utf-16"}),
        (16, {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    ],
)
def test_a_body_of_another_kind_is_refused(api: Api, line: int, headers: dict[str, str]) -> None:
    """Lines 7, 8 and 16: what is not plain JSON by its own word is 415."""
    assert post(api, b"{}", headers) == 415, line


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_may_name_its_encoding(api: Api, kind: str) -> None:
    """A content type with the one encoding that JSON has is JSON."""
    assert post(api, b"{}", {"Content-Type": kind}) == 422


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("path", "allow"),
    [("/instances", "GET, HEAD, POST, OPTIONS"), (f"/instances/{ID}", "GET, HEAD, DELETE, OPTIONS")],
)
def test_a_wrong_method_is_told_the_right_ones(api: Api, method: str, path: str, allow: str) -> None:
    """Line 17: 405 names in Allow exactly what the path has, as a problem document."""
    answer = api.call(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert answer.json["code"] == "method_not_allowed"


def test_extend_has_no_get(api: Api) -> None:
    """Line 110: GET on the extend route is 405."""
    assert api.call("GET", f"/instances/{ID}/extend").status == 405


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/types", "/openapi.json", "/instances", "/reap/runs"])
def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    """Line 18: HEAD has the status and type of GET, and nothing behind them."""
    looked, headed = api.call("GET", path), api.call("HEAD", path)
    assert (headed.status, headed.headers["content-type"]) == (looked.status, looked.headers["content-type"])
    assert (headed.text, looked.status) == ("", 200)


def test_preflight_answers_with_exactly_the_origin(api: Api) -> None:
    """Line 19: a page of the operator's list may send JSON, and the answer names it and nobody else."""
    answer = api.call("OPTIONS", "/instances", token=None, headers={"Origin": ORIGIN})
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "*"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_a_foreign_origin_gets_no_cors_headers(api: Api, method: str, origin: str) -> None:
    """Line 20: a page that is not on the list is told nothing that would let it read an answer."""
    answer = api.call(method, "/types", token=None, headers={"Origin": origin})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_routes_beyond_the_form_are_closed_to_other_sites(api: Api) -> None:
    """A listed origin may read what a signup form needs, and nothing about an instance."""
    api.put()
    answer = api.call("GET", f"/instances/{ID}", headers={"Origin": ORIGIN})
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "a\x00b", "ü", "a\nb"])
def test_a_bad_idempotency_key_is_refused(api: Api, key: str) -> None:
    """Line 21: a key that is empty, long, or holds more than visible ASCII is 400."""
    body = {"email": "a@example.com", "ssh_public_key": public_key()}
    answer = api.call("POST", "/instances", body, headers={"Idempotency-Key": key})
    assert (answer.status, answer.json["code"]) == (400, "bad_idempotency_key")


def test_a_forwarded_address_is_not_believed(api: Api) -> None:
    """Line 25: the caller is who the gateway saw, whatever X-Forwarded-For says."""
    raw = event(api.app, "GET", "/types", None, {"X-Forwarded-For": "203.0.113.9"})
    assert call_of(Request(raw), named="r").source_ip == "192.0.2.7"


@pytest.mark.parametrize(
    "query",
    [
        "token=abc",
        "access_token=x",
        f"x=ccc_manage_{'a' * 43}",
        "Authorization=Bearer%20x",
        "ccc_manage_a=",
        "q=Bearer+ccc_x",
    ],
)
def test_a_token_in_the_url_is_refused(api: Api, query: str) -> None:
    """Line 96: a token in a query string is 400 on every route, before anything is looked up."""
    for path in (f"/instances/{ID}", "/types", "/health"):
        answer = api.call("GET", f"{path}?{query}", token=None)
        assert (answer.status, answer.json["code"]) == (400, "token_in_query")


def test_every_answer_carries_its_request_id(api: Api) -> None:
    """Answers and refusals alike carry X-Request-Id, and a problem repeats it."""
    good, bad = api.call("GET", "/health"), api.call("GET", f"/instances/{ID}")
    assert good.headers["x-request-id"] == bad.headers["x-request-id"] == bad.json["request_id"]


def test_problems_have_their_own_type(api: Api) -> None:
    """A refusal is a problem document with the members that RFC 9457 and this API promise."""
    answer = api.call("POST", "/instances", {"hours": 0})
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "errors", "request_id"} == set(answer.json)
    assert answer.json["status"] == answer.status == 422
    assert set(answer.json["errors"]) == {"email", "ssh_public_key", "hours"}


def test_no_refusal_repeats_what_was_sent(api: Api) -> None:
    """A private key that lands in a wrong field comes back in no answer."""
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXktdjEAAAA"
    for name in ("email", "ssh_public_key", "hours", "server_type", "colour"):
        answer = api.call("POST", "/instances", {name: secret})
        assert answer.status == 422
        assert "b3BlbnNzaC1rZXktdjE" not in answer.text


def test_the_parser_takes_what_json_dumps_makes(api: Api) -> None:
    """Strings with brackets, quotes and escapes inside do not count as nesting."""
    body = {"email": '[[[[[{"\\' * 40, "ssh_public_key": "x"}
    assert post(api, json.dumps(body).encode()) == 422
