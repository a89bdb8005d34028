"""HTTP as the product sees it on one machine: events as API Gateway sends them, refusals in the product's shape."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from chalice.app import Response

from onebox.gateway.problems import Answer
from tests.unit.onebox.gateway.served import Reply, Wire, served, small_app


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The small application on a real socket."""
    with served(small_app()) as found:
        yield found


def _is_problem(reply: Reply, status: int, code: str) -> bool:
    document = reply.json
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-request-id"] == document["request_id"]
    assert document["detail"].endswith(".")
    return (reply.status, document["status"], document["code"]) == (status, status, code)


def test_an_event_has_the_shape_of_api_gateway(wire: Wire) -> None:
    """Method, resource, path, values, repeated query, lower-case headers, body, peer and request id are there."""
    reply = wire.request(
        "POST", "/things/a%20b?x=1&x=2&y=", b'{"k": "\xc3\xa4"}', Content_Type="application/json", X_Odd="1"
    )
    event = reply.json["event"]
    assert (event["httpMethod"], event["resource"], event["path"]) == ("POST", "/things/{thing}", "/things/a b")
    assert event["pathParameters"] == {"thing": "a b"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["headers"]["x-odd"] == "1"
    assert event["headers"]["content-type"] == "application/json"
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": "ä"}', False)
    context = event["requestContext"]
    assert (context["resourcePath"], context["httpMethod"]) == ("/things/{thing}", "POST")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["requestId"] == reply.headers["x-request-id"] == reply.json["context"]


def test_no_query_and_no_body_are_null(wire: Wire) -> None:
    """What is not there is null, as at API Gateway."""
    event = wire.request("GET", "/things/x").json["event"]
    assert event["multiValueQueryStringParameters"] is None
    assert event["queryStringParameters"] is None
    assert event["body"] is None


def test_a_body_that_is_no_text_is_base64(wire: Wire) -> None:
    """Bytes that are not UTF-8 arrive unharmed."""
    event = wire.request("POST", "/things/x", b"\xff\xfe", Content_Type="application/json").json["event"]
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\xff\xfe"


def test_line_25_a_forged_forwarded_address_is_ignored(wire: Wire) -> None:
    """The source is the peer, whatever X-Forwarded-For says."""
    event = wire.request("GET", "/things/x", X_Forwarded_For="6.6.6.6", Forwarded="for=6.6.6.6").json["event"]
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_line_18_head_is_get_without_a_body(wire: Wire) -> None:
    """HEAD gets the status and the headers of GET, its length included, and nothing else."""
    get, head = wire.request("GET", "/things/x"), wire.request("HEAD", "/things/x")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) > 0


def test_line_138_an_unknown_path_is_404(wire: Wire) -> None:
    """The application is not asked."""
    assert _is_problem(wire.request("GET", "/nothing/here"), 404, "not_found")


def as_page(refused: Answer) -> Answer:
    """A page around a document."""
    return replace(refused, headers=(("Content-Type", "text/html"),), body=b"<p>" + refused.body)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/things/x", 405)])
def test_a_browser_that_goes_astray_gets_a_page(method: str, path: str, status: int) -> None:
    """Where somebody looks at the answer it is a page; programs, and whoever shows a token, keep the document."""
    with served(small_app(), page=as_page) as wire:
        page = wire.request(method, path, Accept="text/html,*/*;q=0.8")
        assert (page.status, page.headers["content-type"]) == (status, "text/html")
        assert page.headers["x-request-id"].encode() in page.body
        for headers in ({}, {"Accept": "*/*"}, {"Accept": "text/html", "Authorization": "Bearer x"}):
            assert wire.request(method, path, **headers).headers["content-type"] == "application/problem+json"


def test_a_failure_is_no_page_of_somebody_who_went_astray() -> None:
    """A request that is too large stays a document: only an address or a method that is wrong is shown."""
    with served(small_app(), page=as_page) as wire:
        reply = wire.request("POST", "/things/x", b"x" * (1024 * 1024 + 1), Accept="text/html")
    assert _is_problem(reply, 413, "too_large")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_line_17_a_wrong_method_is_405_with_allow(wire: Wire, method: str) -> None:
    """The answer names the methods that there are."""
    reply = wire.request(method, "/things/x")
    assert _is_problem(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_allow_leaves_out_what_the_application_only_refuses(method: str) -> None:
    """Routes that are there to answer 405 themselves are no methods of a path."""
    app = small_app()

    def wrong_method(thing: str) -> Response:
        return Response(body=thing, status_code=405)

    app.route("/things/{thing}", methods=["PUT", "DELETE"])(wrong_method)
    with served(app) as wire:
        assert wire.request(method, "/things/x").headers["allow"] == "GET, HEAD, POST"
        assert wire.request("PUT", "/things/x").body == b"x"


def test_several_headers_of_one_name_stay_several(wire: Wire) -> None:
    """Cookies are not folded into one line."""
    raw = wire.raw(b"GET /cookies HTTP/1.0\r\nHost: x\r\n\r\n")
    assert raw.status == 200
    assert raw.body == b"ok"
    assert raw.headers["set-cookie"] in {"a=1", "b=2"}


def test_a_request_id_of_the_products_own_is_kept(wire: Wire) -> None:
    """There is exactly one, and a bodiless answer has no body."""
    reply = wire.request("GET", "/own-id")
    assert (reply.status, reply.headers["x-request-id"], reply.body) == (204, "mine", b"")


def test_an_application_that_fails_altogether_is_500(wire: Wire) -> None:
    """No detail leaves the house."""
    log = logging.getLogger("ccc.gateway")
    before, log.disabled = log.disabled, True
    try:
        reply = wire.request("GET", "/broken")
    finally:
        log.disabled = before
    assert _is_problem(reply, 500, "internal")
    assert b"set" not in reply.body


def test_line_27_a_body_in_chunks_is_411(wire: Wire) -> None:
    """Without a length nothing is read."""
    reply = wire.raw(b"POST /things/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert _is_problem(reply, 411, "length_required")


@pytest.mark.parametrize("length", [b"abc", b"-1", b"1e3", b"1, 2"])
def test_line_26_a_length_that_is_none_is_400(wire: Wire, length: bytes) -> None:
    """A Content-Length is a number."""
    reply = wire.raw(b"POST /things/x HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
    assert _is_problem(reply, 400, "bad_request")


def test_line_28_headers_over_8_kib_are_431(wire: Wire) -> None:
    """Just below the limit they are taken."""
    assert wire.request("GET", "/things/x", X_Long="a" * 7900).status == 200
    assert _is_problem(wire.request("GET", "/things/x", X_Long="a" * 8200), 431, "headers_too_large")


def test_line_6_a_body_of_8_mb_is_413(wire: Wire) -> None:
    """A client that sends everything first still reads its answer."""
    reply = wire.request("POST", "/things/x", b"x" * 8_000_000, Content_Type="application/json")
    assert _is_problem(reply, 413, "too_large")


def test_nonsense_on_the_wire_is_400(wire: Wire) -> None:
    """What is not HTTP gets a problem document too."""
    assert _is_problem(wire.raw(b"HELLO\r\n\r\n"), 400, "bad_request")


def test_threads_do_not_see_each_others_request() -> None:
    """Two requests that are served at the same moment each see their own."""
    meeting = threading.Barrier(8)
    seen: list[dict[str, str]] = []
    with served(small_app(meeting)) as wire:
        threads = [
            threading.Thread(target=lambda name=name: seen.append(wire.request("GET", f"/meet/{name}").json))
            for name in "abcdefgh"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert sorted(one["name"] for one in seen) == list("abcdefgh")
    assert all(one["name"] == one["seen"] for one in seen)


def test_the_prefix_of_the_public_url_is_honoured() -> None:
    """Below the prefix everything is as without; outside of it there is nothing."""
    with served(small_app(), prefix="/api") as wire:
        assert wire.request("GET", "/api/things/x").json["event"]["path"] == "/things/x"
        assert _is_problem(wire.request("GET", "/things/x"), 404, "not_found")
        assert _is_problem(wire.request("GET", "/apix/things/x"), 404, "not_found")
        root = wire.request("GET", "/")
        assert (root.status, root.headers["location"]) == (307, "/api/")
        assert _is_problem(wire.request("POST", "/"), 404, "not_found")


@pytest.mark.parametrize(
    ("proxy", "source"), [(None, "127.0.0.1"), ("192.0.2.99", "127.0.0.1"), ("127.0.0.1", "198.51.100.7")]
)
def test_only_a_trusted_proxy_says_who_asks(proxy: str | None, source: str) -> None:
    """The last address in the header counts, and only where the peer is the proxy that the operator named."""
    with served(small_app(), trusted_proxy=proxy) as wire:
        reply = wire.request("GET", "/things/a", X_Forwarded_For="203.0.113.1, 198.51.100.7")
        assert reply.json["event"]["requestContext"]["identity"]["sourceIp"] == source
