"""A guest's whole walk through the pages: signup, mail, confirmation, login, more time, the warnings, the end."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.stack.box import Box
from tests.stack.browsing import Person, person
from tests.stack.calendars import entry_of
from tests.stack.conftest import GuestKey
from tests.stack.desk import MailboxTab, confirm, fill_in, log_in, see, send
from tests.stack.guest import kind_of

ADDRESS = "guest@example.com"
STAGES = ("Wait", "Start the installer", "Prepare", "Copy", "Install", "Start the machine", "Check")


def test_a_guest_walks_from_the_form_to_the_end(
    box: Box, browser: Browser, guest_key: GuestKey, tmp_path: Path
) -> None:
    """By the pages and the mails alone a guest gets a machine, logs in, gets more time, is warned twice and told."""
    with person(browser) as guest:
        _asks(guest, box, guest_key)
        mailbox = MailboxTab(page=guest.page(), address=box.variables()["CCC_URL"] + "/mailbox")
        mailbox.open(box.variables()["CCC_TOKEN"])
        guest.check(mailbox.page, "mailbox")
        status = _says_yes(guest, mailbox)
        instance_id = _sees_it_made(status)
        guest.check(status, "status (running)")
        _logs_in(status, mailbox, guest_key, tmp_path, instance_id)
        _gets_more_time(status)
        _is_warned(status, mailbox, box, instance_id)
        _is_told_of_the_end(status, mailbox, box, instance_id)
        guest.check(status, "status (gone)")
        guest.is_content()
    assert box.servers() == []
    _got_every_mail_once(box)


def _asks(guest: Person, box: Box, guest_key: GuestKey) -> None:
    page = guest.page()
    page.goto(box.variables()["CCC_URL"] + "/")
    guest.check(page, "signup")
    fill_in(page, address=ADDRESS, public_key=guest_key.public, hours=1)
    expect(page.locator("#cost")).to_contain_text("1 hour costs at most")
    expect(page.locator("#end")).to_contain_text("it ends about")
    send(page)
    expect(page.locator("main")).to_contain_text(ADDRESS)
    guest.check(page, "sent")


def _says_yes(guest: Person, mailbox: MailboxTab) -> Page:
    """Follow the link of the mail, look at what is bought, press the button; the page of the machine in another tab."""
    page = mailbox.page
    mailbox.letter("Confirm").locator("pre a").first.click()
    expect(page.locator("dl")).to_contain_text(ADDRESS)
    guest.check(page, "confirm")
    address = confirm(page)
    with guest.context.expect_page() as opened:
        page.locator("#manage").click(modifiers=["Control"])
    assert opened.value.url == address
    guest.check(page, "confirmed")
    return opened.value


def _sees_it_made(status: Page) -> str:
    """The stages pass, until it runs; the machine's id."""
    see(status, "It runs.")
    lines = status.locator("#stages li").all_inner_texts()
    assert len(lines) == len(STAGES)
    assert all(re.match(rf"{name}.*: \d+ s", line) for name, line in zip(STAGES, lines, strict=True)), lines
    found = re.search(r"/i/([0-9a-f]{12})#", status.url)
    assert found is not None
    return found[1]


def _logs_in(status: Page, mailbox: MailboxTab, guest_key: GuestKey, folder: Path, instance_id: str) -> None:
    """The command on the page and the first line of the mail both work, with the mail's line in known_hosts."""
    mailbox.again()
    text = mailbox.text("is ready")
    line = re.search(r"^\S+ ssh-ed25519 \S+$", text, re.MULTILINE)
    assert line is not None, text
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(line[0] + "\n")
    for command in (status.locator("#ssh_command").inner_text(), text.splitlines()[0]):
        assert log_in(command, guest_key.path, known_hosts, "whoami; hostname") == ["claude", f"cc-{instance_id}"]


def _gets_more_time(status: Page) -> None:
    """An hour more, which the countdown, the mail and the calendar show."""
    expect(status.locator("#left")).to_have_text(re.compile(r"^1 hour 5\d minutes$"))
    status.get_by_label("More hours").fill("1")
    status.get_by_role("button", name="More time").click()
    expect(status.locator("#told")).to_contain_text("It now ends")
    expect(status.locator("#left")).to_have_text(re.compile(r"^2 hours 5\d minutes$"))


def _is_warned(status: Page, mailbox: MailboxTab, box: Box, instance_id: str) -> None:
    """An hour and ten minutes before the end there is a mail, and the page counts seconds."""
    for minutes, words in ((60, "ends in 1 hour"), (10, "ends in 10 minutes")):
        left = int(box.show(instance_id)["seconds_left"])
        box.advance_clock(f"{left - minutes * 60 + 2}s")
        mailbox.again()
        assert f"/i/{instance_id}#" in mailbox.text(words)
        counting = status.locator("#left")
        expect(counting).to_have_text(re.compile(rf"^{minutes - 1} minutes \d+ seconds?$"))
        expect(counting).not_to_have_text(counting.inner_text())


def _is_told_of_the_end(status: Page, mailbox: MailboxTab, box: Box, instance_id: str) -> None:
    box.advance_clock(f"{int(box.show(instance_id)['seconds_left']) + 2}s")
    see(status, "It is gone. Its time was over.")
    for gone in ("#time", "#login", "#living"):
        expect(status.locator(gone)).to_be_hidden()
    mailbox.again()
    assert "Its time was over." in mailbox.text("is gone")
    assert len(mailbox.subjects()) == 6


def _got_every_mail_once(box: Box) -> None:
    """Six mails, in their order; the calendar's entry is moved by one and taken out by another."""
    letters = box.letters()
    assert [kind_of(letter) for letter in letters] == ["confirm", "ready", "extended", "ending", "ending", "ended"]
    assert len({letter.headers["message-id"] for letter in letters}) == len(letters)
    ready, extended, ended = (entry_of(letters[place]) for place in (1, 2, 5))
    assert [one.method for one in (ready, extended, ended)] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert ready.uid == extended.uid == ended.uid
    assert ready.sequence < extended.sequence < ended.sequence
    assert isinstance(ready.end, datetime)
    assert (extended.end - ready.end).total_seconds() == 3600
