"""What all pages share: headers, prefix, landmarks, refusals in words, and that looking changes nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from chalicelib.web.pages.headers import CONTENT_SECURITY_POLICY
from tests.unit.api.world import ID, Api
from tests.unit.web.pages.parsed import Page
from tests.unit.web.pages.shop import confirm_path, look, open_api, table_of, wish


@pytest.fixture
def shop() -> Api:
    """An API where strangers may sign up."""
    return open_api()


def every_page(api: Api) -> list[str]:
    """A path of every kind of page."""
    waiting = wish(api)
    dead = f"/confirm/{waiting.id}/ccc_confirm_x"
    style = urlsplit(look(api).one("link", rel="stylesheet").attributes["href"]).path.removeprefix("/api")
    return ["/", confirm_path(api, waiting), dead, f"/i/{waiting.id}", "/i/nothing", style, "/assets/none.css"]


def test_looking_changes_nothing(shop: Api) -> None:
    """Line 128: GET and HEAD of every page, any number of times, leave the whole table as it was."""
    paths = every_page(shop)
    before = table_of(shop)
    for path in paths * 2:
        got, headed = shop.call("GET", path, token=None), shop.call("HEAD", path, token=None)
        assert (headed.status, headed.text) == (got.status, "")
        assert headed.headers["content-type"] == got.headers["content-type"]
    assert table_of(shop) == before


def test_every_page_has_its_headers(shop: Api) -> None:
    """Nothing inline or from elsewhere, no frame, no sniffing, no referrer for others, nothing kept."""
    for path in every_page(shop)[:5]:
        headers = shop.call("GET", path, token=None).headers
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-request-id"]
        assert not [name for name in headers if name.startswith("access-control-")]


def test_the_policy_allows_this_origin_alone() -> None:
    """The policy starts from nothing, and each part of it that is opened is opened to our own origin."""
    parts = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert parts.pop("default-src") == parts.pop("base-uri") == parts.pop("frame-ancestors") == "'none'"
    assert parts == dict.fromkeys(("script-src", "style-src", "connect-src", "img-src", "form-action"), "'self'")


def test_every_page_is_a_page(shop: Api) -> None:
    """Each has a language, a title, one heading, its landmarks, no id twice, and no text of its own in a script."""
    for path in every_page(shop)[:5]:
        page = Page(shop.call("GET", path, token=None).text)
        assert page.one("html").attributes["lang"] == "en"
        assert len(page.one("title").text) > len("· Claude Code Cloud")
        assert page.one("main").text.startswith(page.one("h1").text)
        assert page.one("h1").text
        ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
        assert len(ids) == len(set(ids))
        assert all(each.text == "" for each in page.all("script"))


def test_every_link_stands_below_the_prefix(shop: Api) -> None:
    """In the cloud all paths begin with /api: no page links, posts or loads from beside it."""
    for path in every_page(shop)[:5]:
        page = Page(shop.call("GET", path, token=None).text)
        targets = [each.attributes.get(name) for each in page.elements for name in ("href", "src", "action")]
        assert all(each.startswith(("/api/", "#")) for each in targets if each)
        loaded = [each.attributes["src"] for each in page.all("script")]
        loaded += [each.attributes["href"] for each in page.all("link")]
        for target in loaded:
            assert shop.call("GET", target.removeprefix("/api"), token=None).status == 200


def test_an_asset_is_kept_for_ever(shop: Api) -> None:
    """Its name says which content it is, so no browser need ask again; a name of another content is 404."""
    href = look(shop).one("link", rel="stylesheet").attributes["href"].removeprefix("/api")
    answer = shop.call("GET", href, token=None)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("/assets/site.css", f"{href}x", "/assets/..%2fassets.py"):
        assert shop.call("GET", name, token=None).status == 404


def test_a_token_in_the_query_is_refused_as_a_page(shop: Api) -> None:
    """Line 96 holds for pages too, in words for a person."""
    answer = shop.call("GET", f"/i/{ID}?token=x", token=None)
    assert (answer.status, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "Never put a token into a URL" in Page(answer.text).text


def test_a_refusal_names_its_request(shop: Api) -> None:
    """The page holds the id under which the log tells more, the same as the header."""
    answer = shop.call("GET", "/i/x", token=None)
    assert answer.headers["x-request-id"] in Page(answer.text).text


def test_a_bug_is_a_page_without_details(shop: Api) -> None:
    """What nobody foresaw is 500, and the page says nothing of our insides."""
    shop.table.fail_next(ZeroDivisionError("a secret of ours"))  # type: ignore[arg-type]  # any error would do
    answer = shop.call("GET", "/", token=None)
    assert (answer.status, Page(answer.text).one("h1").text) == (500, "Something went wrong")
    assert "secret" not in answer.text
