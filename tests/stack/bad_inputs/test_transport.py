"""Lines 1 to 28: what is wrong with a signup before its fields are looked at, over a real socket."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.stack.bad_inputs.conftest import ORIGIN
from tests.stack.bad_inputs.rush import one_too_many
from tests.stack.bad_inputs.stranger import FORM, JSON, Stranger

KIB = 1024
LISTED = ("/instances", "/types")
"""The routes that a signup form on another site calls."""


def test_line_1_no_body(stranger: Stranger) -> None:
    """Nothing is no JSON object."""
    stranger.turned_away(400, "malformed", b"")
    stranger.turned_away(400, "malformed", None, {})


@pytest.mark.parametrize(
    "body", [b'{"email":', b"{", b"{'email': 1}", b'{"hours":1,}', b"\xef\xbb\xbf{}", b"{} {}", b"\0"]
)
def test_line_2_broken_json(stranger: Stranger, body: bytes) -> None:
    """What is almost JSON is not JSON."""
    stranger.turned_away(400, "malformed", body)


@pytest.mark.parametrize("body", [b'{"email":"\xff\xfe"}', b'{"email":"\xc3"}', b'{"email":"\xed\xa0\x80"}', b"\x80"])
def test_line_3_invalid_utf_8(stranger: Stranger, body: bytes) -> None:
    """Bytes that are not UTF-8 are refused, half characters written as bytes among them.

    API Gateway hands them on with a replacement character for each: what is JSON then has a field that is not right.
    """
    replaced = stranger.box.stack == "aws" and body.startswith(b"{")
    stranger.turned_away(*(422, "invalid_input") if replaced else (400, "malformed"), body)


@pytest.mark.parametrize(
    "body",
    [b'{"a":' * 21 + b"1" + b"}" * 21, b'{"a":' + b"[" * 7000 + b"]" * 7000 + b"}", b"[" * 16_000],
    ids=["21 objects", "7000 lists", "never closed"],
)
def test_line_4_too_deep(stranger: Stranger, body: bytes) -> None:
    """More than 20 levels are refused before anything recurses."""
    stranger.turned_away(400, "malformed", body)


def test_line_5_more_than_16_kib(stranger: Stranger) -> None:
    """One byte over 16 KiB is too much, and 16 KiB are not."""
    stranger.turned_away(413, "too_large", b'"' + b"a" * (16 * KIB - 1) + b'"')
    stranger.turned_away(400, "malformed", b'"' + b"a" * (16 * KIB - 2) + b'"')


def test_line_6_eight_megabytes(stranger: Stranger) -> None:
    """Whoever sends eight megabytes first and listens afterwards gets an answer all the same."""
    stranger.turned_away(413, "too_large", b" " * 8_000_000)


def test_line_7_no_content_type(stranger: Stranger) -> None:
    """JSON must be called JSON: without Content-Type even a sound body is refused."""
    body = json.dumps(stranger.wish()).encode()
    stranger.turned_away(415, "unsupported_media_type", body, {})


@pytest.mark.parametrize(
    "kind",
    ["text/plain", FORM, "multipart/form-data; boundary=x", "application/json; charset=utf-16", "text/json", "*/*", ""],
)
def test_line_8_another_content_type(stranger: Stranger, kind: str) -> None:
    """What a page on another site may send without asking first (text, forms) is not taken as JSON."""
    body = json.dumps(stranger.wish()).encode()
    stranger.turned_away(415, "unsupported_media_type", body, {"Content-Type": kind})


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b"true", b'[{"email":"a@example.com"}]'])
def test_line_9_no_object(stranger: Stranger, body: bytes) -> None:
    """The body is one object and nothing else."""
    stranger.turned_away(400, "malformed", body)


@pytest.mark.parametrize("body", [b'{"hours":1,"hours":2}', b'{"email":{"a":1,"a":2}}', b'{"hours":1,"h\\u006furs":1}'])
def test_line_10_duplicate_keys(stranger: Stranger, body: bytes) -> None:
    """Where a key comes twice nobody can say which one was meant, however it is spelled and wherever it stands."""
    stranger.turned_away(400, "malformed", body)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_line_11_no_number(stranger: Stranger, number: str) -> None:
    """What Python's parser takes and JSON does not know is refused, and so is what is too large for a float."""
    stranger.turned_away(400, "malformed", b'{"hours":' + number.encode() + b"}")


@pytest.mark.parametrize("sign", ["", "-"])
def test_line_12_endless_integer(stranger: Stranger, sign: str) -> None:
    """Ten thousand digits are refused before anybody makes a number of them."""
    stranger.turned_away(400, "malformed", b'{"hours":' + sign.encode() + b"9" * 10_000 + b"}")


@pytest.mark.parametrize("body", [b'{"email":"\\ud800"}', b'{"\\udfff":1}', b'{"email":["\\udc00\\ud800"]}'])
def test_line_13_lone_surrogate(stranger: Stranger, body: bytes) -> None:
    """Half a character is refused, in a key and in a value."""
    stranger.turned_away(400, "malformed", body)


@pytest.mark.parametrize("name", ["colour", "Email", "email ", "id", "status", "by_operator", "manage_token"])
def test_line_14_unknown_field(stranger: Stranger, name: str) -> None:
    """A field that is not known is refused by its name, never ignored."""
    stranger.refused(name, "red")


@pytest.mark.parametrize("name", ["__proto__", "constructor", "prototype", "__class__"])
def test_line_15_fields_of_other_languages(stranger: Stranger, name: str) -> None:
    """Names that mean something to a language are unknown fields like any other."""
    stranger.refused(name, {"admin": True})


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_line_16_compressed(stranger: Stranger, encoding: str) -> None:
    """A compressed body is refused: what it would unfold to is not known beforehand."""
    body = gzip.compress(json.dumps(stranger.wish()).encode())
    stranger.turned_away(415, "unsupported_encoding", body, {"Content-Type": JSON, "Content-Encoding": encoding})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_line_17_other_methods(stranger: Stranger, method: str) -> None:
    """A method that the path does not have is 405, and Allow names those it has.

    API Gateway lets no method through that it cannot declare: those are 404 there, as the template says it.
    """
    said = stranger.ask(method, "/instances", b"{}", {"Content-Type": JSON})
    if stranger.box.stack == "aws" and method in {"TRACE", "CONNECT", "BREW"}:
        said.is_problem(404, "not_found")
        return
    said.is_problem(405, "method_not_allowed")
    assert set(said.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


@pytest.mark.parametrize("path", ["/types", "/health", "/health/ready", "/openapi.json", "/"])
def test_line_18_head(stranger: Stranger, path: str) -> None:
    """HEAD has the status and the headers of GET, and not one byte behind them."""
    got = stranger.ask("GET", path)
    raw = stranger.send_and_read_all(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, behind = raw.split(b"\r\n\r\n", 1)
    assert (got.status, behind) == (200, b"")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"content-type: {got.headers['content-type']}".encode() in head.lower()


@pytest.mark.parametrize("path", LISTED)
def test_line_19_preflight(stranger: Stranger, path: str) -> None:
    """A page on a listed site may ask, and the answer names exactly its origin."""
    said = stranger.ask("OPTIONS", path, None, {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
    assert (said.status, said.body) == (204, b"")
    assert said.headers["access-control-allow-origin"] == ORIGIN
    assert said.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in said.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "http://forms.example.net", "*"]
)
def test_line_20_foreign_origin(stranger: Stranger, origin: str) -> None:
    """A page on another site may read nothing, and its form is refused (403) without effect."""
    for method, path in (("OPTIONS", "/instances"), ("GET", "/types"), ("POST", "/instances")):
        said = stranger.ask(method, path, b"{}" if method == "POST" else None, {"Origin": origin, "Content-Type": JSON})
        assert [name for name in said.headers if name.startswith("access-control-")] == []
    before = stranger.inside.written()
    fields = {"email": "a@example.com", "ssh_public_key": "x"}
    for path in ("/", "/confirm/0123456789ab/x"):
        stranger.form(fields, path=path, Origin=origin).is_page(403)
    assert stranger.inside.written() == before


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "a\x01b", "a\x7fb", "\xfc", "a\x00b"], ids=ascii)
def test_line_21_bad_idempotency_key(stranger: Stranger, key: str) -> None:
    """A key that is empty, too long, or has blanks, controls or foreign letters is 400."""
    before = stranger.inside.written()
    stranger.post(stranger.wish(), {"Idempotency-Key": key}).is_problem(400)
    assert stranger.inside.written() == before


def test_line_22_same_key_other_body(stranger: Stranger) -> None:
    """One key means one wish: with another body it is refused."""
    wish, key = stranger.wish(hours=1), {"Idempotency-Key": "line-22"}
    assert stranger.post(wish, key).status == 202
    before = stranger.inside.written()
    stranger.post({**wish, "hours": 2}, key).is_problem(422, "idempotency_key_reused")
    assert stranger.inside.written() == before


def test_line_24_same_key_again(stranger: Stranger) -> None:
    """The same wish under the same key is one row and one answer, however its JSON is spelled."""
    wish, key = stranger.wish(hours=1), {"Idempotency-Key": "line-24"}
    first = stranger.post(wish, key)
    before = stranger.inside.written()
    spelled = json.dumps(dict(reversed(wish.items())), indent=2).encode()
    again = stranger.ask("POST", "/instances", spelled, {"Content-Type": JSON, **key})
    assert (first.status, again.status, again.body) == (202, 202, first.body)
    assert stranger.inside.written() == before


def test_line_25_forged_forwarded_for(stranger: Stranger) -> None:
    """Another X-Forwarded-For each time does not make another source of one that asks too often."""

    def ask(source: str, number: int) -> int:
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}", "X-Real-Ip": "::1"}
        return stranger.post({}, forged, source=source).status

    assert one_too_many(stranger, ask) == [422] * 10 + [429]


@pytest.mark.parametrize("length", ["abc", "-5", "+2", "2, 3", "1_0", "0x2", "2.0", "\xb2"], ids=ascii)
def test_line_26_bad_content_length(stranger: Stranger, length: str) -> None:
    """A length that is no number is 400: nobody may guess where the request ends."""
    raw = f"POST /instances HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: {length}\r\n\r\n{{}}"
    stranger.send(raw.encode("latin-1")).is_problem(400, "bad_request")


@pytest.mark.parametrize("more", ["", "Content-Length: 2\r\n"], ids=["chunked", "both"])
def test_line_27_chunked(stranger: Stranger, more: str) -> None:
    """A body in chunks is 411: two ideas of where a request ends are one too many."""
    head = f"POST /instances HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n{more}Transfer-Encoding: chunked\r\n\r\n"
    stranger.send(head.encode() + b"2\r\n{}\r\n0\r\n\r\n").is_problem(411, "length_required")


@pytest.mark.parametrize("name", ["X-Anything", "Cookie", "Authorization", "Idempotency-Key"])
def test_line_28_long_header(stranger: Stranger, name: str) -> None:
    """More than 8 KiB of headers is 431."""
    stranger.ask("POST", "/instances", b"{}", {"Content-Type": JSON, name: "x" * 9000}).is_problem(
        431, "headers_too_large"
    )


def test_line_28_answer_before_the_end(stranger: Stranger) -> None:
    """Whoever goes on sending after the answer has left still gets it: the connection is not reset under its feet."""
    head = f"POST /instances HTTP/1.1\r\nHost: x\r\nX-Anything: {'x' * 9000}".encode()
    said = stranger.send(head, b"x" * 9000, b"\r\nContent-Length: 2\r\n\r\n{}")
    said.is_problem(431, "headers_too_large")
