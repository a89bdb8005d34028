"""How templates become pages."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from jinja2 import UndefinedError

from chalicelib.web.pages.refusals import WRONG
from chalicelib.web.pages.site import TEMPLATES, Site
from tests.unit.web.pages.parsed import Page

PROBLEM = {"detail": "No.", "status": 400, "request_id": "r", "code": "x"}


@pytest.mark.parametrize(
    ("public_url", "home"),
    [("https://example.org", "/"), ("https://example.org/api", "/api/"), ("http://localhost:8000/a/b", "/a/b/")],
)
def test_links_stand_under_the_path_of_the_public_url(public_url: str, home: str) -> None:
    """A site below a prefix links to itself, and never to the root of its host."""
    page = Page(Site(lambda: public_url).page("refusal", problem=PROBLEM, words=WRONG))
    assert {each.attributes["href"] for each in page.all("a")} == {home}
    assert page.one("link", rel="stylesheet").attributes["href"].startswith(f"{home}assets/site.")


def test_values_are_text() -> None:
    """What a value holds is shown, and is no markup."""
    evil = "<script>alert(1)</script>\"'&"
    page = Page(Site(lambda: "https://example.org").page("sent", address=evil))
    assert page.one("strong").text == evil
    assert page.all("script") == []


def test_a_forgotten_value_is_an_error() -> None:
    """A template never shows an empty place for a value nobody gave."""
    with pytest.raises(UndefinedError):
        Site(lambda: "https://example.org").page("sent")


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.iterdir()))
def test_templates_hold_nothing_inline(name: str) -> None:
    """The content security policy forbids inline scripts, styles and handlers, so no template has one."""
    text = (TEMPLATES / name).read_text("utf-8")
    assert "<style" not in text
    assert re.findall(r"\s(?:style|on[a-z]+)\s*=", text) == []
    assert text.count("<script") == text.count('<script type="module" src="{{ asset(')


def test_the_templating_library_waits_for_the_first_page() -> None:
    """A cold start that shows no page does not pay for it."""
    code = "import sys, chalicelib.api.pages; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
