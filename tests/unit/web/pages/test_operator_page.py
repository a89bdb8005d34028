"""The operator's page: a shell that knows nothing, whoever opens it."""

from __future__ import annotations

import re

from chalicelib.web.pages.assets import FOLDER
from chalicelib.web.pages.headers import CONTENT_SECURITY_POLICY
from tests.fakes.services import PUBLIC_URL
from tests.unit.api.world import OPERATOR, Api
from tests.unit.web.pages.shop import look

IDS = re.compile(r'byId\("([a-z_-]+)"\)')


def test_the_shell_is_the_same_for_everybody_and_asks_nothing(shop: Api) -> None:
    """With or without a token, with and without machines: the same bytes, and the store is not asked."""
    empty = shop.call("GET", "/operator", token=None).text
    shop.put()
    shop.table.fail_next(AssertionError("the store was asked"))  # type: ignore[arg-type]  # any error would do
    assert shop.call("GET", "/operator", token=OPERATOR).text == empty
    shop.table._errors.clear()


def test_it_tells_its_script_where_to_ask(shop: Api) -> None:
    """Below the prefix of the public URL; who runs no script is told what to type instead."""
    page = look(shop, "/operator")
    assert page.by_id("operator").attributes["data-api"] == "/api"
    without_script = page.one("noscript").text
    assert f"CCC_URL={PUBLIC_URL}" in without_script
    assert "ccc state" in without_script


def test_it_obeys_the_same_policy_as_every_page(shop: Api) -> None:
    """Nothing from elsewhere and nothing inline, and no browser keeps it."""
    answer = shop.call("GET", "/operator", token=None)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|style=", answer.text)


def test_scripts_name_places_that_are_there(shop: Api) -> None:
    """Every id that a script of this page looks for is in the shell."""
    shell = shop.call("GET", "/operator", token=None).text
    named = {found for path in FOLDER.glob("operator*.js") for found in IDS.findall(path.read_text("utf-8"))}
    assert named
    assert {name for name in named if f'id="{name}"' not in shell} == set()


def test_before_the_token_nothing_of_the_room_is_shown(shop: Api) -> None:
    """The room and the question are hidden until the script knows which of them is wanted."""
    page = look(shop, "/operator")
    assert "hidden" in page.by_id("room").attributes
    assert "hidden" in page.by_id("ask").attributes
    assert page.by_id("token").attributes["type"] == "password"
