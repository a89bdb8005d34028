"""The confirmation: what it shows, and what its button does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.instance import Status, Wish
from chalicelib.domain.limits import Rounding
from chalicelib.domain.ssh_access import fingerprint
from tests.fakes.services import PUBLIC_URL
from tests.unit.api.world import ID, Api
from tests.unit.web.pages.parsed import Page
from tests.unit.web.pages.shop import FORM, confirm_path, look, open_api, sell_nothing, send, wish


def test_a_confirmation_shows_what_it_buys(shop: Api) -> None:
    """The choices in order, for whom, which key, for how long, at what price, and one button."""
    waiting = wish(shop, wish=Wish(hours=24))
    page = look(shop, confirm_path(shop, waiting))
    facts = page.one("dl").text
    assert "cpx22 in nbg1, or, if it is gone, the next of: cpx22 in hel1, cpx32 in nbg1, cpx11 in ash" in facts
    assert "0.0381 € for a started hour, IPv4 included" in facts
    assert "at most 1.79 € in all (26 started hours" in facts  # of cpx32, the dearest
    assert "24 hours after it is ready, and then to the end of the hour that is paid for" in facts
    assert waiting.email in facts
    assert fingerprint(waiting.ssh_public_key) in facts
    (form,) = page.all("form")
    assert (form.attributes["method"], "action" in form.attributes) == ("post", False)
    assert len(page.all("button")) == 1


def test_a_confirmation_of_one_choice_names_no_other(shop: Api) -> None:
    """A named type in a named place is never replaced, so nothing else is announced; rounding down ends earlier."""
    api = open_api(limits={"rounding": Rounding.DOWN})
    waiting = wish(api, wish=Wish(hours=3, server_type="cpx32", location="nbg1"))
    facts = look(api, confirm_path(api, waiting)).one("dl").text
    assert "cpx32 in nbg1 For" in facts
    assert "3 hours after it is bought, less five minutes" in facts
    assert f"at most {(3 * Decimal('0.0686')).quantize(Decimal('0.01'))} € in all (3 started hours" in facts


def test_a_confirmation_when_all_is_sold_out_has_no_button(shop: Api) -> None:
    """It says so and offers to look again, with the same link."""
    waiting = wish(shop)
    sell_nothing(shop)
    page = look(shop, confirm_path(shop, waiting))
    assert (page.all("form"), page.all("button")) == ([], [])
    assert page.one("h1").text == "Sold out at the moment"
    assert page.one("a", href="").text == "Look again"


def test_confirming_shows_the_link_once(shop: Api) -> None:
    """The first yes starts the machine and shows the manage link; the second says that it was confirmed."""
    waiting = wish(shop)
    path = confirm_path(shop, waiting)
    first = send(shop, {}, path)
    started = shop.services.instances.get(ID)
    assert started is not None
    assert (first.status, started.status) == (200, Status.REQUESTED)
    link = f"{PUBLIC_URL}/i/{ID}#{shop.manage_token(started)}"
    shown = Page(first.text).by_id("manage")
    assert (shown.text, shown.attributes["href"]) == (link, link)
    for again in (send(shop, {}, path), shop.call("GET", path, token=None)):
        assert (again.status, Page(again.text).one("h1").text) == (200, "Confirmed already")
        assert "ccc_manage" not in again.text
        assert "A double click can hide it" in Page(again.text).text
        assert "the mail that says that the machine is ready has the link too" in Page(again.text).text
    assert shop.services.instances.get(ID) == started


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_too_old_is_gone(shop: Api, method: str) -> None:
    """Line 131: after 24 hours looking and confirming are 410, with a way on."""
    path = confirm_path(shop, wish(shop))
    shop.clock.advance(timedelta(hours=24))
    answer = shop.call(method, path, token=None, headers=FORM)
    assert (answer.status, Page(answer.text).one("h1").text) == (410, "This link is too old")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("where", ["wrong token", "other purpose", "unknown id", "malformed id"])
def test_a_link_that_is_none_is_not_found(shop: Api, method: str, where: str) -> None:
    """Line 132: unknown, foreign and damaged links have one answer, which does not tell which."""
    waiting = wish(shop)
    good = confirm_path(shop, waiting)
    path = {
        "wrong token": f"{good}x",
        "other purpose": f"/confirm/{ID}/{shop.manage_token(waiting)}",
        "unknown id": good.replace(ID, "f" * 12),
        "malformed id": good.replace(ID, "F" * 12),
    }[where]
    answer = shop.call(method, path, token=None, headers=FORM)
    assert answer.status == 404
    assert Page(answer.text).one("h1").text == "There is nothing here"
    assert shop.services.instances.get(ID) == waiting


@pytest.mark.parametrize(
    ("changed", "limits", "status", "heading"),
    [
        ("sold out", {}, 409, "Sold out at the moment"),
        ("paused", {}, 503, "New machines are switched off"),
        ("full", {"max_live": 0}, 503, "The service is full at the moment"),
        ("owner", {"per_owner": 0}, 409, "One at a time"),
    ],
)
def test_what_stands_against_a_confirmation_is_explained(
    changed: str, limits: dict[str, Any], status: int, heading: str
) -> None:
    """A page in plain words with the status of the JSON route, a way to look again, and the wish unharmed."""
    api = open_api(limits=limits)
    waiting = wish(api)
    if changed == "sold out":
        sell_nothing(api)
    stack = api.services.stack.get()
    assert stack is not None
    if changed == "paused":
        api.services.stack.write(replace(stack, paused=True), stack)
    answer = send(api, {}, confirm_path(api, waiting))
    page = Page(answer.text)
    assert (answer.status, page.one("h1").text) == (status, heading)
    assert page.one("a", href="").text == "Look again"
    assert api.services.instances.get(ID) == waiting


def test_a_confirmation_takes_no_fields(shop: Api) -> None:
    """What is bought is what was asked for: the button sends nothing that could change it."""
    waiting = wish(shop)
    assert send(shop, {"hours": "72"}, confirm_path(shop, waiting)).status == 422
    assert shop.services.instances.get(ID) == waiting
