"""What a guest does on the pages of a box, by keyboard and mouse alone."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.stack.box import Box


def fill_in(page: Page, *, address: str, public_key: str, hours: int = 1) -> None:
    """Type the address and the hours, and paste the key."""
    page.get_by_label("E-mail address").press_sequentially(address)
    page.get_by_label("SSH public key").fill(public_key)
    page.get_by_label("Hours", exact=True).fill(str(hours))


def send(page: Page) -> None:
    """Press the button of the form, and see that a mail is on its way."""
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")


def sign_up(box: Box, page: Page, *, address: str, public_key: str, hours: int = 1) -> None:
    """The form from its opening to its answer."""
    page.goto(box.variables()["CCC_URL"] + "/")
    fill_in(page, address=address, public_key=public_key, hours=hours)
    send(page)


def confirm(page: Page) -> str:
    """Press the button of the confirmation; the link that is shown once."""
    page.get_by_role("button", name="Yes, make this machine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your machine is being made")
    return page.locator("#manage").inner_text()


def see(page: Page, state: str, seconds: float = 240) -> None:
    """Wait until the page of a machine says this of it."""
    expect(page.locator("#state")).to_have_text(re.compile(re.escape(state)), timeout=seconds * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxTab:
    """The mailbox of the box in a tab; the token is typed when it is opened, and never again."""

    page: Page
    address: str

    def open(self, token: str) -> None:
        """Open it for the first time."""
        self.page.goto(self.address)
        self.page.get_by_label("Operator token").fill(token)
        self.page.get_by_role("button", name="Show", exact=True).click()
        self.page.wait_for_selector("#mails details")

    def again(self) -> None:
        """Look what has come since."""
        self.page.goto(self.address)
        self.page.wait_for_selector("#mails details")

    def subjects(self) -> list[str]:
        """The lines of all mails, oldest first."""
        return list(reversed(self.page.locator("#mails summary").all_inner_texts()))

    def letter(self, words: str) -> Locator:
        """The newest mail with these words in its line, unfolded."""
        for _ in range(100):
            found = self.page.locator("#mails details").filter(has=self.page.locator("summary", has_text=words)).first
            if found.count():
                break
            self.page.wait_for_timeout(100)
            self.again()
        if found.get_attribute("open") is None:
            found.locator("summary").click()
        return found

    def text(self, words: str) -> str:
        """The plain text of that mail."""
        return self.letter(words).locator("pre").first.inner_text()


def log_in(command: str, key: Path, known_hosts: Path, *typed: str) -> list[str]:
    """Run an ssh command as it was shown, against the known keys alone; the lines it printed."""
    options = ("StrictHostKeyChecking=yes", "BatchMode=yes", "IdentitiesOnly=yes", "GlobalKnownHostsFile=/dev/null")
    chosen = [part for one in (*options, f'UserKnownHostsFile="{known_hosts}"') for part in ("-o", one)]
    ran = subprocess.run(
        [*shlex.split(command), "-i", str(key), *chosen, *typed],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" not in ran.stderr
    return ran.stdout.splitlines()
