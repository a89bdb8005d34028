"""A person who mistypes gets a page, a program its document: by what the request says of who sent it."""

from __future__ import annotations

import json

import pytest

from chalicelib.api.browsing import wants_page
from tests.unit.api.world import ID, Api

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8,application/signed-exchange;q=0.7"
)


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": FIREFOX},
        {"accept": CHROMIUM},
        {"accept": "TEXT/HTML"},
        {"accept": "application/json;q=0.5, text/html ; q=0.8"},
        {"accept": FIREFOX, "content-type": "application/x-www-form-urlencoded"},
    ],
)
def test_browsers_want_pages(headers: dict[str, str]) -> None:
    """Whoever names text/html, and nothing of ours before it, looks at the answer; also after a form."""
    assert wants_page(headers.get)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "*/*"},
        {"accept": "application/json, application/problem+json"},
        {"accept": "application/json, text/html;q=0.9"},
        {"accept": "text/html;q=0"},
        {"accept": "text/html;q=nonsense"},
        {"accept": "text/html;q=" + "9" * 400},
        {"accept": FIREFOX, "authorization": "Bearer x"},
        {"accept": FIREFOX, "idempotency-key": "k"},
        {"accept": FIREFOX, "content-type": "application/json; charset=utf-8"},
    ],
)
def test_programs_want_documents(headers: dict[str, str]) -> None:
    """curl, scripts, `ccc`, and whoever shows a token or sends JSON, whatever they accept."""
    assert not wants_page(headers.get)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", f"/instances/{ID}/extend", "POST, OPTIONS"),
        ("POST", f"/i/{ID}", "GET, HEAD, OPTIONS"),
        ("GET", "/reap", "POST, OPTIONS"),
    ],
)
def test_a_wrong_method_is_a_page_in_a_browser_and_a_document_for_programs(
    api: Api, method: str, path: str, allow: str
) -> None:
    """Both are 405 with Allow and the request's id; the page has a sentence, and a link home."""
    page = api.call(method, path, headers={"Accept": FIREFOX}, token=None)
    assert (page.status, page.headers["allow"]) == (405, allow)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "This address is not for a browser" in page.text
    assert f"This path has no {method}" in page.text
    assert ">To the signup page</a>" in page.text
    assert page.headers["x-request-id"] in page.text
    document = api.call(method, path, token=None)
    assert (document.status, document.headers["allow"]) == (405, allow)
    assert document.headers["content-type"] == "application/problem+json"
    assert json.loads(document.text)["code"] == "method_not_allowed"
