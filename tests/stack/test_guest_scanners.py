"""Mail scanners and link previews: they follow every link of every mail, again and again, and change nothing."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack.box import Box
from tests.stack.browsing import person
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest, links, until
from tests.stack.rows import counters, of_guests
from tests.stack.visitor import Visitor

READS = ("rate#provider#",)
"""Counters that the box raises by itself, however little it is asked."""

ANSWERED_WITHIN = 120_000
"""Milliseconds in which a page's script has its answer, on a busy machine too."""

PREVIEWS = (
    {"User-Agent": "Slackbot-LinkExpanding 1.0", "Referer": "https://chat.example.net/"},
    {"User-Agent": "facebookexternalhit/1.1", "Referer": "https://social.example.net/x", "Sec-Purpose": "prefetch"},
    {"User-Agent": "Mozilla/5.0 (SafeLinks)", "Referer": "https://mail.example.net/", "Range": "bytes=0-65535"},
)


def _everything(box: Box) -> tuple[object, ...]:
    """What a visit could have changed."""
    counted = {key: value for key, value in counters(box).items() if not key.startswith(READS)}
    return of_guests(box), counted, box.servers(), len(box.letters())


def _scan(box: Box, browser: Browser, found: list[str]) -> None:
    """Every link by GET, by HEAD, as a preview, and in a browser that runs its scripts."""
    visitor = Visitor(box=box)
    for link in found:
        whole = urlsplit(urldefrag(link).url)
        for headers in ({}, *PREVIEWS):
            for method in ("GET", "HEAD", "GET"):
                answer = visitor.ask(method, whole.path or "/", headers=headers)
                assert answer.status == 200 or whole.path.startswith(f"{box.prefix}/instances/"), (link, answer.status)
    with person(browser) as scanner:
        scanner.context.set_extra_http_headers({"Referer": "https://mail.example.net/"})
        for page in [_opened(scanner.page(), link) for link in found]:
            _seen_to_the_end(page)


def _opened(page: Page, link: str) -> Page:
    page.goto(link, wait_until="commit")
    return page


def _seen_to_the_end(page: Page) -> None:
    """Wait until nothing is asked any more, and go down to the end of the page."""
    if "/i/" in page.url:  # its script goes on asking: what counts is that it has been answered
        expect(page.locator("#state")).to_have_text(re.compile("^It "), timeout=ANSWERED_WITHIN)
    else:
        page.wait_for_load_state("networkidle")
    page.mouse.wheel(0, 5000)


def test_links_of_every_mail_are_followed(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """After the links of `confirm`, `ready`, `extended`, `ending` and `ended` were followed, all is as it was."""
    guest = Guest(box=box, address="scanned@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    assert guest.sign_up().status == 202
    _is_scanned(box, browser, guest, "confirm")
    instance_id, token = guest.follow()
    assert token, "the first yes is the guest's own, whatever was scanned before"
    box.until(instance_id, "running")
    _is_scanned(box, browser, guest, "ready")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "more"}
    assert guest.visitor.ask("POST", f"/instances/{instance_id}/extend", {"hours": 1}, headers).status == 200
    _is_scanned(box, browser, guest, "extended")
    box.advance_clock(f"{int(box.show(instance_id)['seconds_left']) - 3595}s")
    _is_scanned(box, browser, guest, "ending")
    guest.end(instance_id, token)
    _is_scanned(box, browser, guest, "ended")


def _is_scanned(box: Box, browser: Browser, guest: Guest, kind: str) -> None:
    found = links(guest.letter(kind))
    assert found
    until(lambda: _rests(box), "the box never came to rest")
    before = _everything(box)
    for _ in range(2 if kind == "confirm" else 1):
        _scan(box, browser, found)
    assert _everything(box) == before


def _rests(box: Box) -> bool:
    """Nobody holds a row, and no builder has anything more to say."""
    held = any('"lease_id": "' in str(row) for row in of_guests(box).values())
    return not held and all(build["state"] != "running" for build in box.call("GET", "/onebox/state")[1]["builds"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_that_was_looked_at_very_often(box: Box, guest_key: GuestKey, method: str) -> None:
    """However often one source looks, the link stays good, and nobody is told to wait."""
    guest = Guest(box=box, address=f"{method}@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    assert guest.sign_up().status == 202
    (link, *_) = links(guest.letter("confirm"))
    assert {guest.visitor.ask(method, urlsplit(link).path).status for _ in range(100)} == {200}
    guest.end(*guest.follow())
