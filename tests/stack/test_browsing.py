"""The instruments of the browser's tests, which must notice what there is to notice, and a person who goes astray."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.stack.box import Box
from tests.stack.browsing import person

PALE = """Object.assign(document.querySelector("h1").style, {color: "#909090", background: "#808080"});
  Object.assign(document.querySelector("main > p").style, {color: "#6b6b6b", background: "#ffffff"});
  document.querySelector("main").append(new Image())"""
INLINE = "document.body.append(Object.assign(document.createElement('script'), {textContent: 'let a = 1'}))"


def test_a_barrier_is_noticed(box: Box, browser: Browser) -> None:
    """Letters on a ground too like them and a picture without words are found, in light and in dark."""
    with person(browser) as guest:
        page = guest.page()
        page.goto(box.variables()["CCC_URL"] + "/")
        page.evaluate(PALE)
        guest.check(page, "pale")
    found = "\n".join(guest.barriers)
    for scheme in ("light", "dark"):
        for rule in ("color-contrast", "color-contrast-enhanced", "image-alt"):
            assert f"pale ({scheme}): {rule} " in found


def test_what_the_policy_forbids_is_noticed(box: Box, browser: Browser) -> None:
    """An inline script is not run, and the collected complaints say so."""
    with person(browser) as guest:
        page = guest.page()
        page.goto(box.variables()["CCC_URL"] + "/")
        assert guest.complaints == []
        with page.expect_console_message(lambda said: said.text.startswith("policy:")):
            page.evaluate(INLINE)
        page.wait_for_timeout(50)
        assert "policy: script-src-elem inline" in "\n".join(guest.complaints)


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/sign-up", 404, "There is nothing here"),
        ("/instances/0123456789ab/extend", 405, "This address is not for a browser"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_page_with_a_way_home(
    box: Box, browser: Browser, path: str, status: int, heading: str
) -> None:
    """Whoever mistypes an address sees the site, a sentence and a way on; a program gets its document there.

    In the cloud a path that nobody declared never reaches the service: API Gateway answers everybody with the document.
    """
    if box.stack == "aws" and status == 404:
        pytest.skip("API Gateway answers a path that nobody declared by itself")
    home = box.variables()["CCC_URL"] + "/"
    with person(browser) as guest:
        page = guest.page()
        told = page.goto(home.rstrip("/") + path)
        assert told is not None
        assert (told.status, told.headers["content-type"]) == (status, "text/html; charset=utf-8")
        expect(page.get_by_role("heading")).to_have_text(heading)
        guest.check(page, heading)
        page.get_by_role("link", name="To the signup page").click()
        expect(page).to_have_url(home)
        assert guest.barriers == []
        assert [said for said in guest.complaints if f"status of {status} " not in said] == []
        document = page.request.get(home.rstrip("/") + path, headers={"Accept": "*/*"})
    assert (document.status, document.headers["content-type"]) == (status, "application/problem+json")
