"""The instruments of the browser's tests: what must be noticed is noticed, or their silence would mean nothing."""

from __future__ import annotations

from playwright.sync_api import Browser

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
