"""What else a guest meets on the pages: no JavaScript, a private key, a machine that cannot be made, a new link."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.stack.box import Box
from tests.stack.browsing import PATIENCE_MS, Person, person
from tests.stack.conftest import GuestKey
from tests.stack.desk import confirm, fill_in, see, send, sign_up
from tests.stack.guest import Guest, bare_link
from tests.stack.visitor import Visitor


def _reader(box: Box, address: str) -> Guest:
    """Whoever reads the mails to this address."""
    return Guest(box=box, address=address, public_key="", visitor=Visitor(box=box))


def _end(box: Box, instance_id: str) -> None:
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")


def test_without_javascript(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """Signup and confirmation need no JavaScript; the machine's page says what to type instead of it."""
    with person(browser, script=False) as guest:
        page = guest.page()
        sign_up(box, page, address="plain@example.com", public_key=guest_key.public, hours=2)
        page.goto(bare_link(_reader(box, "plain@example.com").letter("confirm"), "/confirm/"))
        expect(page.locator("dl")).to_contain_text("2 hours after it is ready")
        address = confirm(page)
        page.goto(address)
        seen = page.locator("main").inner_text()
        assert "This page needs JavaScript" in seen
        found = re.search(r"ccc status ([0-9a-f]{12})", seen)
        assert found is not None, seen
        assert guest.complaints == []
    box.until(found[1], "installing", "running")
    _end(box, found[1])


def test_wrong_fields_without_javascript(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """The form comes back with everything that is wrong and everything that was typed, but no private key."""
    private = guest_key.path.read_text()
    with person(browser, script=False) as guest:
        page = guest.page()
        page.goto(box.variables()["CCC_URL"] + "/")
        fill_in(page, address="wrong@example.com", public_key=private, hours=3)
        page.get_by_role("button", name="Send me the link").click()
        expect(page.locator("#summary")).to_contain_text("SSH public key: ")
        expect(page.get_by_label("E-mail address")).to_have_value("wrong@example.com")
        expect(page.get_by_label("Hours", exact=True)).to_have_value("3")
        assert private.splitlines()[1] not in page.content()
    assert _reader(box, "wrong@example.com").letters() == []


def test_a_private_key_never_leaves_the_browser(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """Pasted, pasted and sent, or taken from a file: it is refused on the page, and no request is made."""
    with person(browser) as guest:
        page = guest.page()
        page.goto(box.variables()["CCC_URL"] + "/")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
        fill_in(page, address="careless@example.com", public_key=guest_key.path.read_text())
        expect(page.locator("#ssh_public_key-wrong")).to_contain_text("this is a private key, and it has not been sent")
        expect(page.get_by_label("SSH public key")).to_have_value("")
        page.get_by_role("button", name="Send me the link").click()
        expect(page.locator("#summary")).to_contain_text("SSH public key: this is a private key")  # why it is empty
        page.get_by_label("Or take it from a file").set_input_files(guest_key.path)
        expect(page.locator("#ssh_public_key-wrong")).to_contain_text("this is a private key, and it has not been sent")
        expect(page.get_by_label("SSH public key")).to_have_value("")
        assert [one for one in sent if "/assets/" not in one] == []  # the icon may come late
        guest.is_content()


def test_the_key_by_file(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """A .pub file fills the field, and its key is the one that the mail tells the fingerprint of."""
    public = Path(f"{guest_key.path}.pub")
    with person(browser) as guest:
        page = guest.page()
        page.goto(box.variables()["CCC_URL"] + "/")
        page.get_by_label("Or take it from a file").set_input_files(public)
        expect(page.get_by_label("SSH public key")).to_have_value(guest_key.public)
        page.get_by_label("E-mail address").fill("file@example.com")
        send(page)
        guest.is_content()
    told = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True).stdout.split()
    assert told[1] in _reader(box, "file@example.com").letter("confirm").text


def test_a_machine_that_cannot_be_made(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """The page says why and shows the log; its button leads to a machine, whose link can be changed and which ends."""
    box.fault(do="wrong_host_key", method="POST", path="^/servers$")
    reader = _reader(box, "unlucky@example.com")
    with person(browser) as guest:
        page = guest.page()
        sign_up(box, page, address=reader.address, public_key=guest_key.public)
        page.goto(bare_link(reader.letter("confirm"), "/confirm/"))
        confirm(page)
        page.goto(bare_link(reader.letter("failed"), "/i/"))
        _sees_why(page)
        guest.check(page, "status (failed)")
        page.get_by_role("button", name="Try again").click()
        see(page, "It runs.")
        assert [server["name"] in page.title() for server in box.servers()] == [True]
        guest.is_content()
        _changes_the_link(guest, page)
        _ends_it(page)
    assert box.servers() == []


def _sees_why(page: Page) -> None:
    see(page, "It could not be made.")
    expect(page.locator("#failure")).to_contain_text("a key that is not the one we gave it")
    expect(page.locator("#failure")).to_contain_text("Nothing was charged")
    page.get_by_role("button", name="Show the log").click()
    expect(page.locator("#log")).to_contain_text(re.compile(r"host key|key", re.IGNORECASE))


def _changes_the_link(guest: Person, page: Page) -> None:
    """The old link is dead at once, the new one lives, here and in another tab."""
    old = page.url
    page.get_by_role("button", name="Make a new link").click()
    expect(page.locator("#told")).to_contain_text("All older links are dead")
    expect(page.locator("#told")).to_be_in_viewport()
    assert page.url != old
    assert page.url.split("#")[0] == old.split("#")[0]
    other = guest.page()
    other.goto(old)
    expect(other.locator("#trouble")).to_contain_text("This link does not work")
    expect(other.locator("#state")).to_have_text("")
    other.goto("about:blank")
    other.goto(page.url)
    see(other, "It runs.")
    other.close()


def _ends_it(page: Page) -> None:
    """Asked first, and kept when the answer is no."""
    page.get_by_role("button", name="End it now").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#told")).to_have_text("It was kept.")
    page.get_by_role("button", name="End it now").click()
    page.locator("dialog button[value=yes]").click()
    see(page, "It is gone. It was ended on request.")


def test_an_old_link_of_a_machine_that_was_made(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """A confirm link says at once that it was used, and a day later nothing that is not so of a confirmed machine."""
    visitor = Visitor(box=box)
    guest = Guest(box=box, address="late@example.com", public_key=guest_key.public, visitor=visitor)
    assert guest.sign_up().status == 202
    made = guest.follow()
    box.until(made[0], "running")  # what is still being made when the clock is moved counts as late
    with person(browser) as reader:
        page = reader.page()
        page.goto(bare_link(guest.letter("confirm"), "/confirm/"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed already")
        expect(page.locator("main")).to_contain_text(f"cc-{made[0]}")
        reader.is_content()
        box.advance_clock("25h")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("This link is too old")
        expect(page.locator("main")).to_contain_text("If it was not confirmed in time, nothing was bought")
        expect(page.locator("main")).to_contain_text("A machine that was confirmed has a link of its own")
    guest.end(*made)


LONGER_THAN_A_CLICK_MS = 120

# What the button is before and after somebody comes back to a page that the browser has kept.
_COME_BACK = """() => {
  const seen = () => document.querySelector("button[type=submit]").getAttribute("aria-disabled");
  const before = seen();
  dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  return [before, seen()];
}"""

# Clicks twice a moment after the answer is read, by the clock of the page, which is also that of its rest.
_CLICK_AFTER_THE_ANSWER = """(button) => {
  const told = document.querySelector("#told");
  new MutationObserver((_, observer) => {
    if (told.textContent.includes("It now ends")) {
      observer.disconnect();
      setTimeout(() => { button.click(); button.click(); button.dataset.clicked = "twice"; }, 100);
    }
  }).observe(told, { childList: true, subtree: true, characterData: true });
}"""


def _held_back(page: Page) -> list[Route]:
    """Every POST of the page from now on; none is answered before it is let go."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    return held


def _double_click(page: Page, button: Locator, held: list[Route]) -> Route:
    """Two clicks, and one more while there is no answer; the one request that came of them."""
    held.clear()
    button.scroll_into_view_if_needed()
    place = button.bounding_box()
    assert place is not None
    # by the mouse alone: what looks for an element waits for the page that is on its way
    where = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.dblclick(*where)
    _asked(page, held, 1)
    page.mouse.click(*where)
    _asked(page, held, 1)
    return held[0]


def _asked(page: Page, held: list[Route], times: int) -> None:
    """Wait until so much was asked, and then for what would be too much."""
    until_ms = PATIENCE_MS
    while len(held) < times and until_ms > 0:
        page.wait_for_timeout(LONGER_THAN_A_CLICK_MS)
        until_ms -= LONGER_THAN_A_CLICK_MS
    page.wait_for_timeout(LONGER_THAN_A_CLICK_MS)
    assert len(held) == times


def test_double_clicks(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """An impatient hand sends a form once, sees the link that is shown once, and gets the time it asked for once."""
    reader = _reader(box, "impatient@example.com")
    with person(browser) as guest:
        page = guest.page()
        held = _held_back(page)
        _signs_up_impatiently(page, held, f"{box.variables()['CCC_URL']}/", reader.address, guest_key)
        page.goto(bare_link(reader.letter("confirm"), "/confirm/"))
        _double_click(page, page.get_by_role("button", name="Yes, make this machine"), held).continue_()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your machine is being made")
        page.goto(page.locator("#manage").inner_text())
        see(page, "It runs.")
        found = re.search(r"/i/([0-9a-f]{12})#", page.url)
        assert found is not None
        _asks_impatiently_for_more_time(box, page, held, found[1])
        guest.is_content()
    _end(box, found[1])


def _signs_up_impatiently(page: Page, held: list[Route], address: str, email: str, guest_key: GuestKey) -> None:
    """A form that was held back for a mistake can be sent, and one that is come back to can be sent again."""
    page.goto(address)
    button = page.get_by_role("button", name="Send me the link")
    button.click()
    expect(page.locator("#summary")).to_be_visible()
    expect(button).to_be_enabled()
    fill_in(page, address=email, public_key=guest_key.public)
    _double_click(page, button, held).abort("aborted")  # as when one stops the loading of the answer
    assert page.evaluate(_COME_BACK) == ["true", None]
    _double_click(page, button, held).continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")


def _asks_impatiently_for_more_time(box: Box, page: Page, held: list[Route], instance_id: str) -> None:
    """One hour for all clicks up to a moment after the answer; then the button is there for the next wish."""
    before = box.show(instance_id)["seconds_left"]
    button = page.get_by_role("button", name="More time")
    asked = _double_click(page, button, held)
    button.evaluate(_CLICK_AFTER_THE_ANSWER)
    asked.continue_()
    expect(button).to_have_attribute("data-clicked", "twice")
    _asked(page, held, 1)
    expect(page.locator("#told")).to_contain_text("It now ends")
    assert 3500 < box.show(instance_id)["seconds_left"] - before <= 3600
    expect(button).to_be_enabled()
    button.click()
    _asked(page, held, 2)
    held[1].continue_()
    expect(page.locator("#left")).to_have_text(re.compile("^3 hours"))
