"""What the page of a machine says of its making: which attempt this is, what is being done, and what takes long."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack.box import Box
from tests.stack.browsing import person

ID = "0123456789ab"


def machine(**changes: Any) -> dict[str, Any]:
    """A machine that has been copied to for 90 seconds, which take 30 usually."""
    now = datetime.now(UTC)  # noqa: TID251 -- the browser's clock is the one it is compared with
    begun = (now - timedelta(seconds=90)).isoformat(timespec="seconds")
    stage = {"name": "copy", "started_at": begun, "seconds": 90, "usual_seconds": 30, "slow_seconds": 60}
    unknown = dict.fromkeys(
        ("choice_note", "ip", "ssh_command", "host_key", "running_at", "expires_at", "ended_at", "seconds_left",
         "extension", "failure", "end_reason", "server_type", "location")
    )  # fmt: skip
    first = {"number": 1, "most": 3, "begun_again": None}
    known = {"id": ID, "name": f"cc-{ID}", "status": "installing", "stage": "copy", "step": "Copying extra files"}
    return {**unknown, **known, "attempt": first, "stages": [stage], "created_at": begun, **changes}


@contextmanager
def page_of(box: Box, browser: Browser, document: dict[str, Any]) -> Iterator[Page]:
    """The machine's page, to which the service shows this; it complains of nothing."""
    with person(browser) as guest:
        page = guest.page()
        page.route(f"**/instances/{ID}*", lambda route: route.fulfill(json=document, headers={"ETag": 'W/"1"'}))
        page.goto(f"{box.variables()['CCC_URL']}/i/{ID}#ccc_manage_{secrets.token_urlsafe(32)}")
        yield page
        guest.check(page, f"progress ({document['status']})")
        guest.is_content()


def test_a_first_attempt_needs_no_word(box: Box, browser: Browser) -> None:
    """The present stage says what is being done and that it takes long; attempts are not spoken of."""
    with page_of(box, browser, machine()) as page:
        line = page.locator("#stages li.now")
        expect(line).to_contain_text("usually 30 s: much longer than usual (Copying extra files)")
        expect(page.locator("#attempt")).to_be_hidden()


def test_another_attempt_says_why(box: Box, browser: Browser) -> None:
    """It is not hidden that the work was begun again, nor why, before the new attempt has any stage."""
    again = {"number": 2, "most": 3, "begun_again": "The installation stopped without a word."}
    with page_of(box, browser, machine(attempt=again, stages=[], stage=None, step=None)) as page:
        said = "Attempt 2 of 3, begun again: The installation stopped without a word."
        expect(page.locator("#attempt")).to_have_text(said)


@pytest.mark.parametrize("number", [1, 3])
def test_a_failure_says_how_often_it_was_tried(box: Box, browser: Browser, number: int) -> None:
    """Three tries are told; of one there is nothing to tell."""
    failure = {"code": "disk", "message": "The disk.", "hint": "Try again."}
    attempt = {"number": number, "most": 3, "begun_again": None}
    failed = machine(status="failed", stage=None, step=None, failure=failure, attempt=attempt, end_reason="failed")
    with page_of(box, browser, failed) as page:
        expect(page.locator("#failure-message")).to_have_text("The disk.")
        assert page.get_by_text("It was tried 3 times.").is_visible() is (number > 1)
