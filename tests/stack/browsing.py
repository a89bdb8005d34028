"""Pages in a real browser: what they complain of, and what of them a person with a disability could not use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no type information
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.missing import without

PATIENCE_MS = 120_000

TAGS = ("wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OPTIONS = {
    "resultTypes": ["violations"],  # the rest is long, and nobody reads it
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}},  # off unless asked for
}

# What a policy forbids is told to the page itself too, whatever the browser prints.
_TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => console.error(
  `policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window; skips where there is none."""
    program = shutil.which("chromium")
    if program is None:
        without("chromium is not installed (Debian: apt-get install chromium)")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox refuses to work for root
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at a browser of their own; `complaints` are errors and warnings of all their pages so far."""

    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    barriers: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """A new tab."""
        return self.context.new_page()

    def listen(self) -> None:
        """Collect from now on what any page complains of."""
        # functions and no methods: the driver marks what it is given, and a frozen value cannot be marked
        self.context.on("console", lambda message: self.complaints.extend(_complaint(message)))
        self.context.on("weberror", lambda raised: self.complaints.append(str(raised.error)))

    def check(self, page: Page, name: str) -> None:
        """Note what is not accessible on a page, in light and in dark."""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found: dict[str, Any] = Axe().run(page, options=OPTIONS).response
            self.barriers.extend(
                f"{name} ({scheme}): {rule['id']} {[node['html'][:160] for node in rule['nodes'][:3]]}"
                for rule in found["violations"]
            )
        page.emulate_media(color_scheme="light")

    def is_content(self) -> None:
        """Nothing was complained of, and there was no barrier."""
        assert self.complaints == []
        assert self.barriers == []


def _complaint(message: ConsoleMessage) -> list[str]:
    """What a message complains of; nothing where it only tells."""
    bad = message.type in {"error", "warning"}
    return [f"{message.location.get('url')}: {message.text}"] if bad else []


@contextmanager
def person(browser: Browser, *, script: bool = True) -> Iterator[Person]:
    """Somebody who has never been here; without `script` their browser runs none."""
    context = browser.new_context(java_script_enabled=script, viewport={"width": 1000, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(_TELL_VIOLATIONS)
    somebody = Person(context=context)
    somebody.listen()
    try:
        yield somebody
    finally:
        context.close()
