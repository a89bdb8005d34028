"""The signup form: what it offers, takes, keeps and explains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.instance import Status, Wish
from chalicelib.domain.signup import SignupKind, SignupPolicy
from tests.unit.api.world import Api
from tests.unit.web.pages.parsed import Page
from tests.unit.web.pages.shop import all_instances, look, open_api, sell_nothing, send, typed

EVIL = "\"'><script>alert(1)</script>@example.com"


def test_the_form_offers_what_can_be_had(shop: Api) -> None:
    """Types and locations out of stock are not on it; prices and the usual hours are."""
    page = look(shop)
    offered = [each.attributes["value"] for each in page.all("input", name="server_type")]
    assert offered == ["", "cpx22", "cpx32", "cpx11"]  # cx23 is sold out
    assert [each.attributes["value"] for each in page.all("option")] == ["", "nbg1", "hel1", "ash"]
    assert "checked" in page.one("input", name="server_type", value="").attributes
    assert page.one("input", name="server_type", value="cpx22").attributes["data-offers"] == "nbg1=0.0381 hel1=0.0381 "
    hours = page.by_id("hours").attributes
    assert (hours["value"], hours["min"], hours["max"]) == ("24", "1", "72")
    assert "24 hours cost at most 1.79 €" in page.by_id("cost").text  # 26 hours of cpx32, the dearest


def test_every_field_has_a_label(shop: Api) -> None:
    """Each field that people see is named by a label; the one they must not see is out of every reader's way."""
    page = look(shop)
    labelled = {each.attributes["for"] for each in page.all("label") if "for" in each.attributes}
    assert labelled == {"email", "ssh_public_key", "key_file", "hours", "location", "website"}
    trap = page.by_id("website").attributes
    assert (trap["tabindex"], trap["autocomplete"], trap["type"]) == ("-1", "off", "text")
    assert page.one("div", **{"class": "aside"}).attributes["aria-hidden"] == "true"


def test_a_signup_is_taken(shop: Api) -> None:
    """A form that is right makes a wish, says where to look, and tells no token."""
    answer = send(shop, typed(hours="5", server_type="cpx22", location="hel1"))
    assert answer.status == 202
    page = Page(answer.text)
    assert page.one("h1").text == "Look into your mailbox"
    assert page.one("strong").text == "guest@example.com"
    assert "ccc_" not in answer.text
    (made,) = all_instances(shop)
    assert (made.status, made.email) == (Status.UNCONFIRMED, "guest@example.com")
    assert made.wish == Wish(hours=5, server_type="cpx22", location="hel1")


def test_what_was_left_open_stays_open(shop: Api) -> None:
    """An empty type and location are no names."""
    send(shop, typed())
    assert all_instances(shop)[0].wish == Wish(hours=24)


def test_a_form_sent_twice_is_one_wish(shop: Api) -> None:
    """A double click or a reload has one effect and the same answer; the form of another visit makes another wish."""
    form = typed()
    first, second = send(shop, form), send(shop, form)
    assert (first.status, first.text) == (second.status, second.text) == (202, first.text)
    assert len(all_instances(shop)) == 1
    send(shop, {**form, "idempotency_key": "another-form"})
    assert len(all_instances(shop)) == 2


def test_every_visit_has_a_key_of_its_own(shop: Api) -> None:
    """Two visitors' forms never share the key that makes one wish of two clicks."""
    keys = {look(shop).one("input", name="idempotency_key").attributes["value"] for _ in range(3)}
    assert len(keys) == 3


def test_a_key_that_was_used_otherwise_is_replaced(shop: Api) -> None:
    """Going back and sending other values is refused once, and the form then has a key that works."""
    send(shop, typed())
    again = send(shop, typed(hours="3"))
    page = Page(again.text)
    key = page.one("input", name="idempotency_key").attributes["value"]
    assert (again.status, page.by_id("hours").attributes["value"]) == (422, "3")
    said = "This form was sent before with other values. Look through it and send it again."
    assert page.by_id("problems").text == said
    assert "Idempotency-Key" not in again.text
    assert key not in {"", "one-form"}
    assert send(shop, typed(hours="3", idempotency_key=key)).status == 202


def test_wrong_fields_are_explained_and_kept(shop: Api) -> None:
    """422 with a summary that leads to the fields, a message at each, and what was typed."""
    answer = send(shop, typed(email="guest@", hours="100", location="nbg1", ssh_public_key="ssh-ed25519 AAAA me"))
    page = Page(answer.text)
    assert answer.status == 422
    linked = [each.attributes["href"] for each in page.all("a") if each.attributes["href"].startswith("#")]
    assert linked == ["#email", "#ssh_public_key"]
    for name in ("email", "ssh_public_key"):
        attributes = page.by_id(name).attributes
        assert attributes["aria-invalid"] == "true"
        assert f"{name}-wrong" in attributes["aria-describedby"].split()
        assert page.by_id(f"{name}-wrong").text
        assert "hidden" not in page.by_id(f"{name}-wrong").attributes
    assert "aria-invalid" not in page.by_id("location").attributes
    assert page.by_id("summary").attributes["role"] == "alert"
    assert page.by_id("email").attributes["value"] == "guest@"
    assert page.by_id("hours").attributes["value"] == "100"
    assert page.by_id("ssh_public_key").text == "ssh-ed25519 AAAA me"
    assert "selected" in page.one("option", value="nbg1").attributes
    assert page.one("input", name="idempotency_key").attributes["value"] == "one-form"
    assert page.one("title").text.startswith("Please look again")


@pytest.mark.parametrize("hours", ["", "0", "-1", "1.5", "1e3", "73", "999999999999", "x", " ", "٣"])
def test_hours_are_a_whole_number(shop: Api, hours: str) -> None:
    """Lines 44 and following hold for the form as for JSON: what is no number of hours is refused at its field."""
    answer = send(shop, typed(hours=hours))
    assert answer.status == 422
    assert Page(answer.text).by_id("hours-wrong").text
    assert all_instances(shop) == []


@pytest.mark.parametrize("name", ["email", "ssh_public_key", "hours", "server_type", "location", "website"])
def test_a_private_key_is_shown_to_nobody(shop: Api, name: str) -> None:
    """Whichever field it was pasted into, the answer does not hold it, and the key's field comes back empty."""
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nb3BlbnNzaC1rZXktdjEAAAA\r\n-----END OPENSSH PRIVATE KEY-----"
    answer = send(shop, typed(email="", **{name: secret}) if name != "email" else typed(email=secret))
    assert answer.status == 422
    assert "b3BlbnNzaC1rZXktdjE" not in answer.text
    if name == "ssh_public_key":
        page = Page(answer.text)
        assert page.by_id(name).text == ""
        assert "private key" in page.by_id(f"{name}-wrong").text


@pytest.mark.parametrize("name", ["email", "ssh_public_key", "hours", "server_type", "location"])
def test_hostile_values_are_text(shop: Api, name: str) -> None:
    """Whatever is typed into whichever field makes no markup of the page that comes back."""
    answer = send(shop, typed(**{name: EVIL}))
    assert answer.status == 422
    assert "<script>alert" not in answer.text
    page = Page(answer.text)
    assert [each for each in page.all("script") if not each.attributes.get("src")] == []
    if name == "email":
        assert page.by_id("email").attributes["value"] == EVIL


def test_a_robot_is_answered_like_everybody(shop: Api) -> None:
    """Who fills in the field that people do not see gets the same page, and nothing is stored of it."""
    answer = send(shop, typed(website="https://spam.example"))
    assert (answer.status, Page(answer.text).one("h1").text) == (202, "Look into your mailbox")
    assert all_instances(shop) == []


def test_a_source_that_asks_too_often_is_told_so() -> None:
    """429 with the time to wait, and the form with what was typed is not lost."""
    api = open_api(limits={"per_source": 1})
    send(api, typed())
    answer = send(api, typed(email="other@example.com"))
    assert (answer.status, answer.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(answer.headers["retry-after"]) > 0
    assert Page(answer.text).by_id("email").attributes["value"] == "other@example.com"


def test_wrong_forms_count_too() -> None:
    """A source is counted for every form it sends, so that nobody can try out addresses or keys for nothing."""
    api = open_api(limits={"per_source": 1})
    assert [send(api, typed(hours="0")).status for _ in range(2)] == [422, 429]


def test_what_is_sold_out_meanwhile_is_said_on_the_form(shop: Api) -> None:
    """409 with the form as the market is now, and what was typed."""
    answer = send(shop, typed(server_type="cx23"))
    page = Page(answer.text)
    assert answer.status == 409
    assert "not in stock" in page.by_id("summary").text
    assert page.by_id("email").attributes["value"] == "guest@example.com"


def test_a_pause_is_said_on_the_form(shop: Api) -> None:
    """503 with the time to wait, and nothing is stored."""
    stack = shop.services.stack.get()
    assert stack is not None
    shop.services.stack.write(replace(stack, paused=True), stack)
    answer = send(shop, typed())
    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    assert "switched new machines off" in Page(answer.text).by_id("summary").text


def test_an_allow_list_is_named(shop: Api) -> None:
    """Who may sign up stands on the form, and who may not is told so."""
    policy = SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org", "example.net"))
    api = open_api(limits={"signup": policy})
    assert "@example.org or @example.net" in look(api).text
    answer = send(api, typed())
    assert (answer.status, "example.org" in Page(answer.text).by_id("summary").text) == (403, True)
    assert send(api, typed(email="guest@example.org")).status == 202


def test_a_closed_service_has_no_form() -> None:
    """It says so, and a form that is sent all the same is refused."""
    api = open_api(limits={"signup": SignupPolicy(kind=SignupKind.CLOSED)})
    page = look(api)
    assert (page.one("h1").text, page.all("form")) == ("Signing up is closed", [])
    assert send(api, typed()).status == 403


def test_before_the_market_is_known_there_is_no_form() -> None:
    """A service that has just been founded says that it is not open yet, and when to look again."""
    api = open_api(founded=False)
    answer = api.call("GET", "/", token=None)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert Page(answer.text).all("form") == []


def test_when_nothing_is_in_stock_there_is_no_form(shop: Api) -> None:
    """The page says so and offers to look again."""
    sell_nothing(shop)
    page = look(shop)
    assert page.all("form") == []
    assert "sold out" in page.text


@pytest.mark.parametrize("paused", [True, False])
def test_a_pause_is_said_before_the_form_is_filled_in(shop: Api, paused: bool) -> None:
    """While new machines are switched off the page says so above the form, whose button does nothing."""
    stack = shop.services.stack.get()
    assert stack is not None
    shop.services.stack.write(replace(stack, paused=paused), stack)
    page = look(shop)
    assert [("switched new machines off" in each.text) for each in page.all("p", id="paused")] == [True] * paused
    (button,) = page.all("button", type="submit")
    assert ("disabled" in button.attributes) is paused
