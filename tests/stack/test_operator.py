"""The operator's page in a real browser: see everything, pause and resume, a dry run, a restored table."""

from __future__ import annotations

import json
import re
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.stack.box import Box
from tests.stack.browsing import person
from tests.stack.conftest import GuestKey

PHONE = {"width": 360, "height": 740}


def _address(box: Box) -> str:
    return f"{box.variables()['CCC_URL']}/operator"


def _enter(page: Page, box: Box) -> None:
    """Open the page and type the token, without a mouse."""
    page.goto(_address(box))
    expect(page.get_by_label("Operator token")).to_be_visible()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "token":
            break
    page.keyboard.type(box.variables()["CCC_TOKEN"])
    page.keyboard.press("Enter")
    expect(page.locator("#room")).to_be_visible()


def _press(page: Page, name: str) -> None:
    """Press a button by keyboard."""
    button = page.get_by_role("button", name=name)
    button.focus()
    page.keyboard.press("Enter")


def _order(box: Box, guest_key: GuestKey) -> int:
    body = {"email": "stopped@example.com", "ssh_public_key": guest_key.public, "hours": 1}
    return box.call("POST", "/instances", body)[0]


def _fits(page: Page) -> None:
    """On a phone nothing sticks out: what is wide scrolls in a region of its own."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dictionary of its two numbers
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({"width": 1000, "height": 900})


def test_what_an_operator_sees_and_does(box: Box, browser: Browser, guest_key: GuestKey) -> None:
    """What lives and costs; a pause that holds orders back; a dry run with reasons; who did what: all by keyboard."""
    instance_id = box.provision(guest_key.public)
    box.until(instance_id, "running")
    with person(browser) as operator:
        page = operator.page()
        page.goto(_address(box))
        expect(page.get_by_label("Operator token")).to_be_visible()
        operator.check(page, "the question")
        _enter(page, box)
        _sees_the_machine(page, instance_id)
        _pauses_and_resumes(box, page, guest_key)
        _asks_what_the_reaper_would_do(page)
        expect(page.locator("#audit")).to_contain_text("resumed")
        expect(page.locator("#audit")).to_contain_text(re.compile(r"operator [0-9a-f]{8}"))
        operator.check(page, "the room")
        _fits(page)
        page.reload()
        expect(page.locator("#machines")).to_contain_text(instance_id)
        _press(page, "Forget the token")
        expect(page.get_by_label("Operator token")).to_be_visible()
        assert page.locator("#room").is_hidden()
        assert instance_id not in page.content()
        operator.is_content()
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")


def _sees_the_machine(page: Page, instance_id: str) -> None:
    expect(page.locator("#summary")).to_have_text("All is well.")
    row = page.locator("#machines tbody tr").filter(has_text=instance_id)
    expect(row).to_contain_text("running")
    expect(row).to_contain_text("test@example.com")
    expect(row.locator("td.number").first).to_have_text(re.compile(r"^0\.0[1-9]$"))
    expect(page.locator("#facts")).to_contain_text(re.compile(r"Set aside in \d{4}-\d{2}"))
    expect(page.locator("#late")).to_contain_text("Nothing.")


def _pauses_and_resumes(box: Box, page: Page, guest_key: GuestKey) -> None:
    _press(page, "Pause new machines")
    expect(page.locator("#told")).to_contain_text("switched off")
    expect(page.locator("#summary")).to_contain_text("New machines are switched off.")
    assert page.evaluate("document.activeElement.id") == "glance-title"
    assert _order(box, guest_key) == 503
    _press(page, "Let new machines be made")
    expect(page.locator("#told")).to_contain_text("switched on")
    expect(page.locator("#summary")).to_have_text("All is well.")


def _asks_what_the_reaper_would_do(page: Page) -> None:
    _press(page, "What would it do now?")
    expect(page.locator("#told")).to_contain_text("It would do")
    newest = page.locator("#runs details").first
    expect(newest).to_have_attribute("open", "")
    expect(newest).to_contain_text("dry run done")
    expect(newest).to_contain_text(re.compile(r"Left alone:.*its row owns it", re.DOTALL))


def test_a_wrong_token_opens_nothing(box: Box, browser: Browser) -> None:
    """It is said, and may be typed again; a token that no header could carry is not even sent."""
    with person(browser) as stranger:
        page = stranger.page()
        page.goto(_address(box))
        for given in ("ccc_operator_made-up", "ü token"):
            page.get_by_label("Operator token").fill(given)
            page.get_by_role("button", name="Show").click()
            expect(page.locator("#trouble")).to_have_text("That is not the operator's token.")
            assert page.locator("#room").is_hidden()
        stranger.check(page, "a wrong token")
        assert stranger.barriers == []


def _count_further(box: Box) -> None:
    """Let the marker have counted further than the table, as after a restore from a backup."""
    given = box.variables()
    (marker,) = box.provider("GET", "/ssh_keys")["ssh_keys"]
    label = next(name for name in marker["labels"] if "epoch" in name)
    labels = {**marker["labels"], label: str(int(marker["labels"][label]) + 1000)}
    request = Request(  # noqa: S310 -- our own emulator on 127.0.0.1
        f"{given['HCLOUD_ENDPOINT']}/ssh_keys/{marker['id']}",
        method="PUT",
        data=json.dumps({"labels": labels}).encode(),
        headers={"Authorization": f"Bearer {given['HCLOUD_TOKEN']}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=90) as answer:  # noqa: S310 -- same
        assert answer.status == 200


def _answers(page: Page, answer: str) -> None:
    """Open the question and answer it by keyboard."""
    _press(page, "Accept the restored table…")
    page.get_by_role("button", name=answer).focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("by_page", [True, False], ids=["on the page", "by ccc"])
def test_a_restored_table_is_accepted(box: Box, browser: Browser, by_page: bool) -> None:
    """The freeze is seen with its reason, asked about before it ends, and over afterwards (rule R11)."""
    _count_further(box)
    box.advance_clock("16m")
    with person(browser) as operator:
        page = operator.page()
        _enter(page, box)
        expect(page.locator("#summary")).to_contain_text("restored from a backup")
        operator.check(page, "frozen")
        if by_page:
            _answers(page, "Stay frozen")
            expect(page.locator("#told")).to_have_text("It stays frozen.")
            expect(page.locator("#summary")).to_contain_text("frozen")
            _answers(page, "Believe it")
            expect(page.locator("#told")).to_contain_text("The table counts.")
        else:
            assert box.ccc("accept-restore").returncode == 0
            page.reload()
        expect(page.locator("#summary")).to_have_text("All is well.")
        assert page.get_by_role("button", name="Accept the restored table…").is_hidden()
        operator.is_content()
    box.advance_clock("16m")
    assert box.call("GET", "/operator/state")[1]["stack"]["frozen"] is None


def test_the_operators_commands(box: Box, guest_key: GuestKey) -> None:
    """`ccc` does the same on a box: state, pause, resume, the kill switch by address, admit, audit."""
    instance_id = box.provision(guest_key.public, email="Killed+1@example.com")
    assert box.ccc("pause").returncode == 0
    assert "New machines: switched off" in box.ccc("state").stdout
    assert _order(box, guest_key) == 503
    assert box.ccc("resume").returncode == 0
    killed = box.ccc("deprovision", "--email", "killed@example.com")
    assert f"Instance {instance_id} is deleting." in killed.stdout
    box.until(instance_id, "deleted")
    assert box.ccc("admit", "killed@example.com").stdout == "It may sign up again.\n"
    life = box.ccc("audit", instance_id).stdout
    assert [word for word in ("ordered", "ended", "deleted") if word not in life] == []
    assert "example.com" not in life
