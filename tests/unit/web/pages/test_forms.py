"""Which forms are taken at all: from where, of which type and size, with which fields."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import pytest

from tests.fakes.services import PUBLIC_URL
from tests.unit.api.world import ORIGIN, Api
from tests.unit.web.pages.parsed import Page
from tests.unit.web.pages.shop import (
    FORM,
    OWN,
    all_instances,
    confirm_path,
    open_api,
    send,
    table_of,
    typed,
    wish,
)

NOT_OURS = [
    "https://evil.example",
    "null",
    "",
    "https://ccc.example.org.evil.example",
    "http://ccc.example.org",
    "https://ccc.example.org:8443",
    "https://ccc.example.org/api",
    f"{OWN}, {OWN}",
    "*",
]


@pytest.mark.parametrize("origin", NOT_OURS)
def test_a_form_of_another_site_is_refused(shop: Api, origin: str) -> None:
    """Line 129: a foreign Origin, `null` and look-alikes are 403 on both forms, and nothing happens."""
    path = confirm_path(shop, wish(shop))
    before = table_of(shop)
    for answer in (send(shop, typed(), Origin=origin), send(shop, {}, path, Origin=origin)):
        assert answer.status == 403
        page = Page(answer.text)
        assert page.one("h1").text == "This form came from somewhere else"
        assert page.one("a", href=f"{PUBLIC_URL}/").text == "To the signup page"  # where a form of it does work
    assert table_of(shop) == before


def test_a_form_without_an_origin_is_refused(shop: Api) -> None:
    """Line 129: a browser always says where a form came from; what does not is no browser of a guest."""
    path = confirm_path(shop, wish(shop))
    before = table_of(shop)
    headers = {"Content-Type": FORM["Content-Type"]}
    for where in ("/", path):
        body = urlencode(typed() if where == "/" else {}).encode()
        assert shop.call("POST", where, body, token=None, headers=headers).status == 403
        twice: dict[str, str | list[str]] = {**headers, "Origin": [OWN, OWN]}
        assert shop.call("POST", where, body, token=None, headers=twice).status == 403
    assert table_of(shop) == before


def test_a_listed_site_may_send_a_signup_and_no_confirmation(shop: Api) -> None:
    """Line 129: the operator's other sites may hold the signup form; what buys is on our own page alone."""
    assert send(shop, typed(), Origin=ORIGIN).status == 202
    waiting = wish(shop)
    assert send(shop, {}, confirm_path(shop, waiting), Origin=ORIGIN).status == 403
    assert shop.services.instances.get(waiting.id) == waiting


@pytest.mark.parametrize("public_url", ["https://ccc.example.org:443/api", "http://ccc.example.org:80"])
def test_the_usual_port_is_no_part_of_an_origin(public_url: str) -> None:
    """Browsers leave it away, whether or not the operator wrote it into the public URL."""
    api = open_api(find_url=lambda: public_url)
    assert send(api, typed(), Origin=f"{urlsplit(public_url).scheme}://ccc.example.org").status == 202


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"email=a", {"Content-Type": "application/json"}, 415),
        (b"email=a", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"email=a", {"Content-Type": "text/plain"}, 415),
        (b"email=a", {"Content-Type": "application/x-www-form-urlencoded; charset=latin-1"}, 415),
        (b"email=a", {"Content-Encoding": "gzip"}, 415),
        (b"email=" + b"a" * 16384, {}, 413),
        (b"email=%ff%fe", {}, 400),
        (b"email=\xff\xfe", {}, 400),
        (b"email=%ed%a0%80", {}, 400),
        (b"email", {}, 400),
        (b"&".join([b"email=a"] * 21), {}, 400),
        (b"email=a&email=b", {}, 422),
        (b"email=a&colour=red", {}, 422),
        (b"email=a&manage_token=x", {}, 422),
        (b"email=a&idempotency_key=%00", {}, 400),
        (b"", {}, 422),
    ],
)
def test_a_form_that_is_none_is_refused(shop: Api, body: bytes, headers: dict[str, str], status: int) -> None:
    """A form is as strict as JSON: one type, one size, one encoding, no field twice and none unknown."""
    answer = shop.call("POST", "/", body, token=None, headers={**FORM, **headers})
    assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert all_instances(shop) == []


def test_the_form_may_name_its_encoding(shop: Api) -> None:
    """The one encoding there is may be named."""
    kind = "application/x-www-form-urlencoded;charset=UTF-8"
    assert send(shop, typed(), **{"Content-Type": kind}).status == 202
