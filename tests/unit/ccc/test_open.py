"""`ccc open`: the machine's page in the browser, or its link where there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.unit.ccc.command_line import on_terminal
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import GuestService
from tests.unit.ccc.service import RUNNING, instance

ID = "0123456789ab"


@pytest.fixture
def owner(environment: dict[str, str], service: GuestService, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who has the manage token of a machine; also set for this process."""
    token = service.add_owned(instance(ID, **RUNNING))
    monkeypatch.setenv("CCC_TOKEN", token)
    return {**environment, "CCC_TOKEN": token}


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that writes down what it is given, and takes it."""
    path = tmp_path / "browser"
    path.write_text(
        f"#!{sys.executable} -S\nimport sys\nopen({str(tmp_path / 'opened')!r}, 'a').write(' '.join(sys.argv[1:]))\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def test_off_a_terminal_it_prints_the_link(
    owner: dict[str, str], ccc: Ccc, service: GuestService, browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody looks there is the link on stdout and nothing else; no browser, and no request."""
    monkeypatch.setenv("BROWSER", str(browser))
    done = ccc("open", f"cc-{ID.upper()}")
    assert (done.code, done.out, done.err) == (0, f"{service.page(ID)}\n", "")
    assert service.asked == []
    assert not (browser.parent / "opened").exists()


def test_on_a_terminal_it_opens_the_browser(owner: dict[str, str], service: GuestService, browser: Path) -> None:
    """The browser gets the link, and the screen does not show the token."""
    code, screen = on_terminal({**owner, "BROWSER": str(browser)}, "open", ID)
    assert code == 0
    assert (browser.parent / "opened").read_text(encoding="utf-8") == service.page(ID)
    assert owner["CCC_TOKEN"] not in screen


@pytest.mark.parametrize("browser_there", [True, False])
def test_without_a_browser(owner: dict[str, str], service: GuestService, tmp_path: Path, browser_there: bool) -> None:
    """Where there is no browser, or none that starts, the link is on the screen."""
    chosen = {**owner, "PATH": str(tmp_path), **({"BROWSER": "/bin/false"} if browser_there else {})}
    code, screen = on_terminal(chosen, "open", ID)
    assert code == 0
    assert service.page(ID) in screen.splitlines()


def test_print_only(owner: dict[str, str], service: GuestService, browser: Path) -> None:
    """--print shows the link on a terminal too, and opens nothing."""
    code, screen = on_terminal({**owner, "BROWSER": str(browser)}, "open", ID, "--print")
    assert (code, screen) == (0, f"{service.page(ID)}\r\n")
    assert not (browser.parent / "opened").exists()


def test_json(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """With --output json the link is the document."""
    assert json.loads(ccc("open", ID, "--output", "json").out) == {"id": ID, "link": service.page(ID)}


def test_2_with_an_operators_token(ccc: Ccc, service: GuestService) -> None:
    """An operator's token opens no page: exit code 2 says what to do instead, asks nothing and shows no token."""
    done = ccc("open", ID)
    assert (done.code, done.out) == (2, "")
    assert f"Next: ccc status {ID}" in done.err
    assert service.asked == []


def test_3_for_an_id_of_another_shape(owner: dict[str, str], ccc: Ccc) -> None:
    """What cannot be an id is exit code 3."""
    assert ccc("open", "nope").code == 3


def test_4_without_a_token(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any token there is exit code 4."""
    monkeypatch.delenv("CCC_TOKEN")
    assert ccc("open", ID).code == 4
