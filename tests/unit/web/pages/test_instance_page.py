"""The page of an instance: a shell that knows nothing."""

from __future__ import annotations

import pytest

from tests.fakes.services import PUBLIC_URL
from tests.unit.api.world import ID, Api
from tests.unit.web.pages.parsed import Page
from tests.unit.web.pages.shop import look, open_api


def test_the_page_of_an_instance_is_the_same_for_every_id(shop: Api) -> None:
    """Line 97: known or unknown, the shell is the same but for the id, so it tells nothing; the store is not asked."""
    shop.put()
    shop.table.fail_next(AssertionError("the store was asked"))  # type: ignore[arg-type]  # any error would do
    known = shop.call("GET", f"/i/{ID}", token=None).text
    unknown = shop.call("GET", "/i/ffffffffffff", token=None).text
    assert known.replace(ID, "ID") == unknown.replace("ffffffffffff", "ID")
    shop.table._errors.clear()


@pytest.mark.parametrize("wait", [0, 25])
def test_the_page_of_an_instance_tells_its_script_where_to_ask(wait: int) -> None:
    """The address below the prefix, whether the service holds an answer, and the most hours of one request."""
    page = look(open_api(edge={"long_poll_seconds": wait}), f"/i/{ID}")
    data = page.by_id("instance").attributes
    assert (data["data-id"], data["data-api"], data["data-pages"]) == (ID, f"/api/instances/{ID}", "/api/i/")
    assert (data["data-wait"], data["data-most-hours"]) == (str(wait), "72")
    without_script = page.one("noscript").text
    assert f"ccc status {ID}" in without_script
    assert f"{PUBLIC_URL}/instances/{ID}" in without_script


@pytest.mark.parametrize("wrong", ["x", "0123456789AB", "0123456789abc", "%3Cscript%3E", "0123456789a%0a"])
def test_a_page_of_no_id_is_not_found(shop: Api, wrong: str) -> None:
    """A malformed id is 404, and is not repeated."""
    answer = shop.call("GET", f"/i/{wrong}", token=None)
    assert (answer.status, Page(answer.text).one("h1").text) == (404, "There is nothing here")
    assert "script>" not in Page(answer.text).text
